import { StreamCloseEvent, type Connection } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { describe, expect, it } from "vitest";
import { faceOf } from "../../../src/mesh/host/connection.ts";

/** A connection of libp2p's as far as a stream is opened on it, which fails with `thrown`. */
function failing(thrown: unknown): Connection {
  const parts: Partial<Connection> = {
    status: "open",
    direction: "outbound",
    newStream: async () => {
      throw thrown;
    },
  };
  const whole: unknown = { ...parts, remotePeer: "12D3KooWSomebody", remoteAddr: multiaddr("/ip4/127.0.0.1/tcp/1") };
  return whole as Connection;
}

describe("a stream that could not be opened", () => {
  it.each([
    // As p-event rejects in @libp2p/utils: with the event itself.
    [new StreamCloseEvent(), 'it ended with "close"'],
    [new StreamCloseEvent(true, new Error("the cable was pulled")), "the cable was pulled"],
    [new Error("too many streams"), "too many streams"],
  ])("says why in words", async (thrown, why) => {
    await expect(faceOf(failing(thrown)).openStream("/test/1", AbortSignal.timeout(20_000))).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringMatching(new RegExp(`: ${why}$`)) as string,
    });
  });
});
