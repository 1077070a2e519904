import fc from "fast-check";
import { expect, it } from "vitest";
import { createMessage, messageSchema } from "../../src/index.ts";
import { clientOf, ProtocolPeer } from "./protocol-peer.ts";

it("whatever a peer sends, a client never throws outside of what was asked, and goes on at a peer that speaks properly", async () => {
  const proper = await ProtocolPeer.start({
    name: "proper",
    onMessage: (message, guest) => guest.result(message.messageId, { fine: true }),
  });
  const real = createMessage("MESSAGE", { content: "x" }, { from: "other", target: { all: true } });
  const types = messageSchema.def.options.map((option) => option.def.shape.type.def.values[0]);
  const nearly = fc
    .record({ type: fc.constantFrom(...types), payload: fc.object({ maxDepth: 2 }), inReplyTo: fc.option(fc.uuid()) })
    .map((broken) => JSON.stringify({ ...real, ...broken }));
  const said = fc.oneof(
    fc.string(),
    fc.json(),
    nearly,
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ minLength: 14, maxLength: 40 }).map((bytes) => Uint8Array.from([0x50, 1, ...bytes])),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(said, { minLength: 1, maxLength: 8 }), fc.boolean(), async (garbage, early) => {
      const broken = await ProtocolPeer.start({
        onRegister: ({ socket }) => {
          if (early) for (const each of garbage) socket.send(each);
        },
        onMessage: (_, { socket }) => {
          for (const each of garbage) socket.send(each);
          socket.close();
        },
      });
      const client = await clientOf([broken, proper]);
      const errors: unknown[] = [];
      client.on("error", (error) => errors.push(error));
      const listener = client.on("message", () => undefined);
      expect(await client.status()).toEqual({ fine: true });
      listener();
      client.close();
      broken.die();
      expect(errors).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
