import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { EMPTY_CONF_STATE, message } from "../../../src/core/types.ts";
import type { Message } from "../../../src/core/types.ts";
import { RaftError } from "../../../src/errors.ts";
import type { SnapshotContents } from "../../../src/storage/log-store.ts";
import {
  encodeHello,
  encodeSignal,
  encodeSnapshotBegin,
  encodeSnapshotChunk,
  SNAPSHOT_END,
} from "../../../src/testing/tcp/control.ts";
import { dial, eventually, named, Nodes, type Recorder } from "./support.ts";

const META = { index: 40, term: 3, confState: { ...EMPTY_CONF_STATE, voters: [1, 2] } };
const NEVER = new AbortController().signal;

function snapshotMessage(): Message {
  return message({ type: "snapshot", from: 1, to: 2, term: 3, snapshot: { ...META, data: new Uint8Array() } });
}

/** Contents of so many chunks, which know how far they were read and whether they were let go of. */
function contentsOf(chunks: number, chunkBytes: number): SnapshotContents & { read: number; isReleased: boolean } {
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (let i = 0; i < chunks; i += 1) {
        contents.read = i + 1;
        yield new Uint8Array(chunkBytes).fill(i % 251);
        await Promise.resolve();
      }
    } finally {
      contents.isReleased = true;
    }
  }
  const contents = { meta: META, contentBytes: chunks * chunkBytes, chunks: read(), read: 0, isReleased: false };
  return contents;
}

/** Takes snapshots in; what it has read so far. */
function takeIn(heard: Recorder): { bytes: Buffer; received: Message | undefined; error: unknown } {
  const taken: ReturnType<typeof takeIn> = { bytes: Buffer.alloc(0), received: undefined, error: undefined };
  heard.onSnapshot = async (received, _bytes, chunks) => {
    taken.received = received;
    try {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      taken.bytes = Buffer.concat(parts);
    } catch (error) {
      taken.error = error;
      throw error;
    }
  };
  return taken;
}

describe("a snapshot over TCP", () => {
  it.each([
    ["large", 40, 300_000],
    ["small", 1, 1],
    ["empty", 0, 0],
  ])("that is %s arrives whole, and messages pass it meanwhile", async (_, chunks, chunkBytes) => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    const taken = takeIn(two.heard);
    const sent = one.transport.sendSnapshot(snapshotMessage(), contentsOf(chunks, chunkBytes), NEVER);
    one.transport.send([named("meanwhile", 1, 2)]);
    await sent;
    await two.heard.until(() => two.heard.names.includes("meanwhile"));
    expect(taken.received).toStrictEqual(snapshotMessage());
    const expected = Array.from({ length: chunks }, (__, i) => new Uint8Array(chunkBytes).fill(i % 251));
    expect(Buffer.compare(taken.bytes, Buffer.concat(expected))).toBe(0);
  });

  it("is read no faster than the receiver takes it in", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair({ maxSnapshotQueueBytes: 100_000 });
    const go = Promise.withResolvers<void>();
    let bytes = 0;
    two.heard.onSnapshot = async (_received, _bytes, chunks) => {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        await go.promise;
      }
    };
    const contents = contentsOf(1000, 200_000);
    const sent = one.transport.sendSnapshot(snapshotMessage(), contents, NEVER);
    let before = -1;
    while (contents.read > before) {
      before = contents.read;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // What the system's own buffers hold, at most.
    expect(contents.read).toBeLessThan(200);
    go.resolve();
    await sent;
    expect(bytes).toBe(contents.contentBytes);
  });

  it("is unreachable when the receiver refuses it, with the reason", async () => {
    await using nodes = new Nodes();
    const [one] = await nodes.pair();
    const contents = contentsOf(1000, 100_000);
    await expect(one.transport.sendSnapshot(snapshotMessage(), contents, NEVER)).rejects.toThrow(
      expect.objectContaining({ code: "unreachable", message: expect.stringContaining("no use for it") }),
    );
    await eventually(() => contents.isReleased);
    expect(contents.read).toBeLessThan(1000);
  });

  it("is done when the receiver is, even if it did not read to the end", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    two.heard.onSnapshot = () => Promise.resolve();
    const contents = contentsOf(1000, 100_000);
    await one.transport.sendSnapshot(snapshotMessage(), contents, NEVER);
    await eventually(() => contents.isReleased);
    expect(contents.isReleased).toBe(true);
  });

  it("can be given up, at both ends", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    const taken = takeIn(two.heard);
    const controller = new AbortController();
    let isBegun = false;
    const endless: SnapshotContents = {
      meta: META,
      contentBytes: 1e12,
      chunks: (async function* () {
        for (;;) {
          yield new Uint8Array(50_000);
          isBegun = true;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })(),
    };
    const sent = one.transport.sendSnapshot(snapshotMessage(), endless, controller.signal);
    const outcome = sent.catch((error: unknown) => error);
    await eventually(() => isBegun && taken.received !== undefined);
    controller.abort();
    expect(await outcome).toMatchObject({ code: "unreachable" });
    await eventually(() => taken.error !== undefined);
    expect(taken.error).toMatchObject({ code: "unreachable" });
  });

  it("is unreachable, and lets go of its contents, when there is no way or nobody there or it was given up before", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    await two.transport.close();
    const refused = expect.objectContaining({ code: "unreachable" });
    const contents = [contentsOf(3, 10), contentsOf(3, 10), contentsOf(3, 10)] as const;
    const send = (to: number, i: 0 | 1 | 2, signal: AbortSignal): Promise<void> =>
      one.transport.sendSnapshot({ ...snapshotMessage(), to }, contents[i], signal);
    await expect(send(9, 0, NEVER)).rejects.toThrow(refused);
    await expect(send(2, 1, NEVER)).rejects.toThrow(refused);
    await expect(send(2, 2, AbortSignal.abort())).rejects.toThrow(refused);
    await eventually(() => contents.every(({ isReleased }) => isReleased));
    expect(contents.map(({ isReleased }) => isReleased)).toStrictEqual([true, true, true]);
  });

  it("tells what is wrong with the contents themselves", async () => {
    await using nodes = new Nodes();
    const [one] = await nodes.pair();
    const damaged: SnapshotContents = {
      meta: META,
      contentBytes: 200,
      // oxlint-disable-next-line require-yield
      chunks: (async function* (): AsyncGenerator<Uint8Array> {
        throw new RaftError("corrupt", "flipped");
      })(),
    };
    await expect(one.transport.sendSnapshot(snapshotMessage(), damaged, NEVER)).rejects.toMatchObject({
      code: "corrupt",
    });
  });

  it("fails at both ends after a silence, also when the link is cut, and a delayed one does not", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair({ snapshotStallMs: 200 });
    const taken = takeIn(two.heard);
    one.transport.setLink(2, { delayMs: 30 });
    await one.transport.sendSnapshot(snapshotMessage(), contentsOf(5, 1000), NEVER);
    one.transport.setLink(2, {});
    taken.received = undefined;
    const contents: SnapshotContents = {
      meta: META,
      contentBytes: 3000,
      chunks: (async function* () {
        yield new Uint8Array(1000);
        await eventually(() => taken.received !== undefined);
        one.transport.setLink(2, { cut: "both" });
        yield new Uint8Array(2000);
      })(),
    };
    await expect(one.transport.sendSnapshot(snapshotMessage(), contents, NEVER)).rejects.toThrow(
      expect.objectContaining({ code: "unreachable", message: expect.stringContaining("200 ms") }),
    );
    await eventually(() => taken.error !== undefined);
    expect(taken.error).toMatchObject({ code: "unreachable" });
  });

  it("waits for a link that is cut, and goes when it heals", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    const taken = takeIn(two.heard);
    one.transport.setLink(2, { cut: "out" });
    const sent = one.transport.sendSnapshot(snapshotMessage(), contentsOf(2, 10), NEVER);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(taken.received).toBeUndefined();
    one.transport.setLink(2, {});
    await sent;
    expect(taken.bytes).toHaveLength(20);
  });

  it("may take the receiver longer than a silence may last", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair({ snapshotStallMs: 100 });
    two.heard.onSnapshot = () => new Promise((resolve) => setTimeout(resolve, 400));
    await expect(one.transport.sendSnapshot(snapshotMessage(), contentsOf(2, 10), NEVER)).resolves.toBeUndefined();
  });

  it("ends with the transport", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    two.heard.onSnapshot = () => Promise.withResolvers<void>().promise;
    const sent = one.transport.sendSnapshot(snapshotMessage(), contentsOf(2, 10), NEVER);
    const outcome = sent.catch((error: unknown) => error);
    await one.transport.close();
    expect(await outcome).toMatchObject({ code: "unreachable" });
  });

  it.each([
    ["in which a chunk is missing", [chunk(10, 5)]],
    ["that is longer than it said", [chunk(0, 21)]],
    ["that ends too early", [chunk(0, 10), encodeSignal(SNAPSHOT_END)]],
    ["that begins twice", [begin(snapshotMessage())]],
  ])("%s is not believed", async (_, frames) => {
    await using nodes = new Nodes();
    const two = await nodes.start(2);
    const taken = takeIn(two.heard);
    const { socket, closed } = await dial(two.port);
    socket.write(encodeHello({ purpose: "snapshot", cluster: "test", from: 1, to: 2 }));
    socket.write(begin(snapshotMessage()));
    await once(socket, "data");
    for (const frame of frames) socket.write(frame);
    await closed;
    await eventually(() => taken.error !== undefined);
    expect(taken.error).toMatchObject({ code: "unreachable" });
  });

  it("that is no snapshot, or another's, does not begin", async () => {
    await using nodes = new Nodes();
    const two = await nodes.start(2);
    const taken = takeIn(two.heard);
    for (const wrong of [named("read", 1, 2), { ...snapshotMessage(), from: 3 }, { ...snapshotMessage(), to: 1 }]) {
      const { socket, closed } = await dial(two.port);
      socket.write(encodeHello({ purpose: "snapshot", cluster: "test", from: 1, to: 2 }));
      socket.write(begin(wrong));
      await closed;
    }
    expect(taken.received).toBeUndefined();
  });

  function begin(sent: Message): Uint8Array {
    return encodeSnapshotBegin(sent, 20);
  }

  function chunk(offset: number, bytes: number): Uint8Array {
    return encodeSnapshotChunk(offset, new Uint8Array(bytes));
  }
});
