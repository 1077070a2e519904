import fc from "fast-check";
import { once } from "node:events";
import { createServer, connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { deserialize, serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { openChannel, type Channel } from "../../../src/engines/host/channel.ts";
import { CreditGate, CreditQueue } from "../../../src/engines/host/credit.ts";
import { childEnvironment, inheritedExecArgv } from "../../../src/engines/host/child-environment.ts";
import { siblingModule } from "../../../src/engines/index.ts";
import { ProtocolBreach, WINDOW } from "../../../src/engines/host/protocol.ts";

function frame(value: unknown): Buffer {
  const body = serialize(value);
  const header = Buffer.alloc(4);
  header.writeUInt32LE(body.length);
  return Buffer.concat([header, body]);
}

/** A channel fed by hand. */
function listening(): { stream: Duplex; messages: unknown[]; breaches: ProtocolBreach[]; channel: Channel } {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const messages: unknown[] = [];
  const breaches: ProtocolBreach[] = [];
  const channel = openChannel(stream, {
    onMessage: (message) => messages.push(message),
    onBreach: (breach) => breaches.push(breach),
    onClosed: () => undefined,
  });
  return { stream, messages, breaches, channel };
}

describe("a message channel", () => {
  it("delivers the same messages however the bytes are cut", async () => {
    const cutting = fc.asyncProperty(
      fc.array(fc.anything({ withBigInt: true, withTypedArray: true, withDate: true }), { maxLength: 5 }),
      fc.array(fc.nat(2_000), { maxLength: 20 }),
      async (values, cuts) => {
        const sendable = values.filter((value) => isSendable(value));
        const bytes = Buffer.concat(sendable.map((value) => frame(value)));
        const { stream, messages, breaches } = listening();
        let from = 0;
        for (const cut of [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
          if (cut > from) stream.push(bytes.subarray(from, cut));
          from = Math.max(from, cut);
        }
        await new Promise(setImmediate);
        expect(breaches).toEqual([]);
        expect(messages).toEqual(sendable.map((value): unknown => deserialize(serialize(value))));
      },
    );
    await fc.assert(cutting, { numRuns: 200 });
  });

  it("calls random bytes a breach or waits for more, and never throws", async () => {
    const noise = fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      const { stream, breaches } = listening();
      stream.push(Buffer.from(bytes));
      await new Promise(setImmediate);
      expect(breaches.every((breach) => breach instanceof ProtocolBreach)).toBe(true);
    });
    await fc.assert(noise, { numRuns: 500 });
  });

  it("crosses a real socket and tells of its end once", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const accepted = once(server, "connection");
    const near = connect(port, "127.0.0.1");
    const far: Socket = (await accepted)[0];
    let ends = 0;
    const received = Promise.withResolvers<unknown>();
    const events = { onMessage: received.resolve, onBreach: received.reject, onClosed: () => (ends += 1) };
    const receiver = openChannel(far, events);
    const sender = openChannel(near, { ...events, onClosed: () => undefined });
    const samples = Float32Array.from({ length: 500_000 }, (_, n) => n);
    sender.send({ samples });
    expect(await received.promise).toEqual({ samples });
    sender.close();
    await once(far, "close");
    receiver.close();
    expect(ends).toBe(1);
    sender.send("into the void");
    server.close();
  });
});

function isSendable(value: unknown): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}

describe("a stream bounded by credit", () => {
  it("never holds more than a window, loses nothing and keeps the order", async () => {
    const run = fc.asyncProperty(fc.nat(200), fc.infiniteStream(fc.boolean()), async (total, pauses) => {
      const gate = new CreditGate();
      const queue = new CreditQueue({ onConsumed: (count) => gate.grant(count) });
      let underWay = 0;
      const sending = (async () => {
        for (let n = 0; n < total; n += 1) {
          await gate.take();
          underWay += 1;
          expect(underWay).toBeLessThanOrEqual(WINDOW);
          queue.push(n);
        }
        queue.end();
      })();
      const seen: unknown[] = [];
      for await (const value of queue) {
        underWay -= 1;
        seen.push(value);
        if (pauses.next().value) await new Promise(setImmediate);
      }
      await sending;
      expect(seen).toEqual(Array.from({ length: total }, (_, n) => n));
    });
    await fc.assert(run, { numRuns: 50 });
  });

  it("refuses a value without credit and credit without value", () => {
    const queue = new CreditQueue({ onConsumed: () => undefined });
    for (let n = 0; n < WINDOW; n += 1) queue.push(n);
    expect(() => queue.push("one too many")).toThrow(ProtocolBreach);
    expect(() => new CreditGate().grant(1)).toThrow(ProtocolBreach);
  });

  it("lets a waiting sender go when the stream ends", async () => {
    const gate = new CreditGate();
    for (let n = 0; n < WINDOW; n += 1) expect(await gate.take()).toBe(true);
    const waiting = gate.take();
    gate.end();
    expect(await waiting).toBe(false);
  });
});

describe("what a host inherits", () => {
  it("is its parent's export conditions and no other flag", () => {
    expect(
      inheritedExecArgv(["--inspect", "--conditions=a", "-C", "b", "--conditions", "c", "--max-old-space-size=9"]),
    ).toEqual(["--conditions=a", "-C", "b", "--conditions", "c"]);
  });

  it("is what native libraries need, and no token or key", () => {
    const parent = { PATH: "/bin", HOME: "/h", LD_LIBRARY_PATH: "/l", GITHUB_TOKEN: "t", PARLEY_JOIN_SECRET: "s" };
    expect(childEnvironment(parent, { MORE: "1" })).toEqual({
      PATH: "/bin",
      HOME: "/h",
      LD_LIBRARY_PATH: "/l",
      MORE: "1",
      ORT_DISABLE_TELEMETRY: "1",
    });
  });

  it("is modules in the form its parent has them", () => {
    expect(siblingModule("file:///a/src/x.ts", "./main").href).toBe("file:///a/src/main.ts");
    expect(siblingModule("file:///a/dist/x.js", "./main").href).toBe("file:///a/dist/main.js");
  });
});
