import { describe, expect, it } from "vitest";
import { Visits } from "../../../../src/cluster/host/joining/visits.ts";
import { encodeWelcome } from "../../../../src/cluster/host/joining/welcome.ts";
import { LibP2pDoorStream } from "../../../../src/mesh/door/over-libp2p.ts";
import { encode } from "../../../../src/mesh/door/protocol/codec.ts";
import { DOOR_PROTOCOL } from "../../../../src/mesh/door/protocol/messages.ts";
import { soon, startHost } from "../../../mesh/host/hosts.ts";

describe("a door that knows no code", () => {
  it("cannot draw a newcomer in by saying that it is not known whether it was let in", async () => {
    const [newcomer, impostor] = await Promise.all([
      startHost({ others: "stranger" }),
      startHost({ others: "stranger" }),
    ]);
    let welcomes = 0;
    await impostor.handle(
      DOOR_PROTOCOL,
      async (stream, connection) => {
        const patience = { letWait: () => true, endWait: () => undefined };
        const door = new LibP2pDoorStream(stream, connection, patience);
        for (;;) {
          const frame = await door.receive({ timeoutMs: 5_000 });
          const isPair = Buffer.from(frame).includes("pair");
          welcomes += isPair ? 0 : 1;
          const welcome = encodeWelcome({ cluster: "c", node: 2, index: 1, members: [] });
          const refusal = { type: "refused", code: "admission-unknown", reason: "who knows" };
          await door.send(encode(isPair ? refusal : { type: "welcome", welcome }));
        }
      },
      { openTo: "strangers", maxInboundStreams: 4 },
    );
    const application = { name: "n", version: "1", sealingKey: new Uint8Array(32), addresses: [], knows: 1 };
    const visits = new Visits({ host: newcomer, application: () => application });
    const place = { peer: impostor.peerId, addresses: impostor.addresses() };
    const pairing = visits.pair(place, { clusterId: "c", method: "code", secret: "ABCDEFGH" }, soon());
    await expect(pairing).rejects.toMatchObject({ code: "admission-unknown" });
    expect(welcomes).toBe(0);
  });
});
