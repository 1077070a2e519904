import { connect, createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { addressOf, hostAndPortOf } from "../../../src/mesh/host/addresses.ts";
import { FrameStream } from "../../../src/mesh/wire/frame-stream.ts";
import { soon, startHost, until } from "./hosts.ts";

const PROTOCOL = "/test/sink/1";

describe("a small frame between hosts", () => {
  it("is not answered by a packet of the multiplexer's own", async () => {
    const [home, visitor] = [await startHost(), await startHost()];
    let frames = 0;
    const sink = { frame: () => void (frames += 1), closed: () => undefined };
    await home.handle(PROTOCOL, (stream) => void new FrameStream(stream, 1_000, sink), { openTo: "members" });
    // Counts the bytes that come back.
    let bytesBack = 0;
    const place = hostAndPortOf(home.addresses()[0] ?? "");
    const relay = createServer((near) => {
      const far = connect({ host: place?.host ?? "", port: place?.port ?? 0 });
      far.on("data", (chunk) => (bytesBack += chunk.length));
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
    });
    await once(relay.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void relay.close());
    const bound = relay.address();
    const port = bound === null || typeof bound === "string" ? 0 : bound.port;
    const address = addressOf({ host: "127.0.0.1", port });
    const connection = await visitor.dial(home.peerId, [address], { signal: soon() });
    const stream = new FrameStream(await connection.openStream(PROTOCOL, soon()), 1_000, sink);
    stream.send(Uint8Array.of(0));
    await until(() => frames === 1);
    const before = bytesBack;
    for (let i = 0; i < 50; i += 1) {
      stream.send(Uint8Array.of(i));
      await until(() => frames === i + 2);
    }
    // Of 50 updates each would be at least its header of 12 bytes and a seal of 18.
    expect(bytesBack - before).toBeLessThan(10 * 30);
  });
});
