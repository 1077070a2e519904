/** What plain JavaScript may do that no type allows, and what becomes of signals. */
import { describe, expect, it } from "vitest";
import { connect, ParleyError, type AudioInput } from "../../src/index.ts";
import { clientOf, follow, ProtocolPeer } from "./protocol-peer.ts";

const REFUSED = { name: "ParleyError", code: "refused", remoteCode: "INVALID_MESSAGE", retryable: false };

describe("what is given wrongly is refused by name", () => {
  it("data that cannot be written as JSON", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    const circle: Record<string, unknown> = {};
    circle["itself"] = circle;
    for (const data of [circle, { big: 1n }]) {
      await expect(client.tell({ all: true }, "news", data)).rejects.toMatchObject(REFUSED);
      await expect(client.run("dance", data)).rejects.toMatchObject(REFUSED);
      await expect(client.query("weather", { filter: data })).rejects.toMatchObject(REFUSED);
      await expect(connect({ url: peer.url, token: "t", metadata: data })).rejects.toMatchObject(REFUSED);
    }
    expect(client.connection.isConnected).toBe(true);
  });

  it.for([0, -1, Number.NaN])("a time of %s ms", async (timeoutMs) => {
    const peer = await ProtocolPeer.start({ onMessage: (message, guest) => guest.result(message.messageId) });
    const client = await clientOf([peer]);
    await expect(client.run("dance", {}, { timeoutMs })).rejects.toMatchObject(REFUSED);
    await expect(client.getActiveNodes({ timeoutMs })).rejects.toMatchObject(REFUSED);
    await expect(client.send({ all: true }, "x", { timeoutMs })).rejects.toMatchObject(REFUSED);
    await expect(connect({ url: peer.url, token: "t", timeoutMs })).rejects.toMatchObject(REFUSED);
    // No time at all is no mistake.
    expect(await client.run("dance", {}, { timeoutMs: Infinity })).toEqual({});
  });

  it.for<readonly [string, unknown]>([
    ["text", "sound"],
    ["bytes", new Uint8Array(4)],
    ["nothing", undefined],
    ["null", null],
    ["an object without samples", { echo: 1 }],
  ])("audio that holds %s", async ([, chunk]) => {
    const client = await clientOf([await ProtocolPeer.start()]);
    const odd: unknown = ReadableStream.from([chunk]);
    const { error } = await follow(client.listen(odd as AudioInput));
    expect(error).toMatchObject(REFUSED);
  });
});

describe("a signal that aborts", () => {
  it("says of work what it says of messages: out of time, or cancelled, and its own reason", async () => {
    const client = await clientOf([await ProtocolPeer.start()]);
    const works = [
      (signal: AbortSignal) => follow(client.ask({ text: "hello" }, { signal })),
      (signal: AbortSignal) => follow(client.say("hello", { signal })),
      (signal: AbortSignal) => client.run("dance", {}, { signal }).catch((error: unknown) => ({ error })),
    ];
    for (const work of works) {
      expect(await work(AbortSignal.timeout(30))).toMatchObject({
        error: { code: "timed-out", retryable: true, cause: { name: "TimeoutError" } },
      });
      const reason = new RangeError("enough");
      for (const [abort, wait] of [AbortSignal.abort(reason), laterAborted(reason)].map(
        (signal) => [signal, work(signal)] as const,
      )) {
        expect(await wait).toMatchObject({ error: { code: "cancelled", cause: reason } });
        expect(abort.aborted).toBe(true);
      }
    }
    expect(new ParleyError("cancelled", "x", { nextStep: "y" }).cause).toBeUndefined();
  });
});

function laterAborted(reason: unknown): AbortSignal {
  const abort = new AbortController();
  setTimeout(() => abort.abort(reason), 10);
  return abort.signal;
}
