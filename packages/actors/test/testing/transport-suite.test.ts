import { describe, expect, it } from "vitest";
import type { ActorTransport, ConnectionReceiver, TransportConnection } from "../../src/index.ts";
import { MemoryNetwork, transportSuite, VirtualClock } from "../../src/testing/index.ts";
import { seeded } from "./seeded.ts";

/** What a bad transport does differently from a good one. */
interface Mischief {
  readonly connection?: (connection: TransportConnection) => TransportConnection;
  readonly receiver?: (receiver: ConnectionReceiver) => ConnectionReceiver;
}

function spoilt(transport: ActorTransport, { connection, receiver }: Mischief): ActorTransport {
  const giveConnection = connection ?? ((each) => each);
  const giveReceiver = receiver ?? ((each) => each);
  return {
    maxFrameBytes: transport.maxFrameBytes,
    listen: (accept) => transport.listen((each) => giveReceiver(accept(giveConnection(each)))),
    connect: async (peer, near, signal) => giveConnection(await transport.connect(peer, giveReceiver(near), signal)),
    close: () => transport.close(),
  };
}

/** Titles of the cases that fail, and why. */
async function complaints(mischief: Mischief): Promise<ReadonlyMap<string, string>> {
  const cases: { readonly title: string; readonly run: () => Promise<void> }[] = [];
  transportSuite({
    name: "it",
    it: (title, run) => cases.push({ title, run }),
    createWorld: () => {
      const clock = new VirtualClock();
      const network = new MemoryNetwork({ clock, random: seeded(7), maxFrameBytes: 1024 * 1024 });
      return Promise.resolve({
        transport: (peer) => spoilt(network.transport(peer), mischief),
        until: (promise) => clock.until(promise),
        dispose: () => Promise.resolve(),
      });
    },
  });
  const failed = new Map<string, string>();
  for (const { title, run } of cases) {
    try {
      await run();
    } catch (error) {
      failed.set(title.replace("it: ", ""), String(error));
    }
  }
  return failed;
}

/** Has `then` happen to each frame once it was handed over. */
function after(then: (frame: Uint8Array) => void): Mischief {
  return {
    receiver: (receiver) => ({
      frame: (lane, frame) => {
        receiver.frame(lane, frame);
        then(frame);
      },
      heard: () => receiver.heard(),
      drained: (lane) => receiver.drained(lane),
      closed: (error) => receiver.closed(error),
    }),
  };
}

describe("the suite of transports", () => {
  it("has nothing to say against a good one", async () => {
    expect(await complaints({})).toStrictEqual(new Map());
  });

  it("fails one that never says that it is full, and does not wait for it for ever", async () => {
    const failed = await complaints({
      connection: (connection) => ({
        peer: connection.peer,
        send: (lane, frame) => {
          connection.send(lane, frame);
          return true;
        },
        end: () => connection.end(),
        destroy: () => connection.destroy(),
      }),
    });
    expect([...failed.keys()]).toStrictEqual([
      "a full lane says so, drains, and loses nothing",
      "a full lane does not hold up another",
    ]);
    for (const why of failed.values()) expect(why).toContain("never said that it was full");
  });

  it.each([
    ["at once", (frame: Uint8Array): void => void frame.fill(0)],
    ["in the next turn of the loop", (frame: Uint8Array): void => void setImmediate(() => frame.fill(0))],
    ["with the next timers", (frame: Uint8Array): void => void setTimeout(() => frame.fill(0), 0)],
  ])("fails one that writes into a frame %s once it has handed it over", async (_when, then) => {
    const failed = await complaints(after(then));
    expect([...failed.values()].some((why) => why.includes("has changed after it had come"))).toBe(true);
  });

  it("fails one that uses the memory of a frame again for the next", async () => {
    const memory = new Uint8Array(2 * 1024 * 1024);
    const failed = await complaints({
      receiver: (receiver) => ({
        frame: (lane, frame) => {
          memory.set(frame);
          receiver.frame(lane, memory.subarray(0, frame.length));
        },
        heard: () => receiver.heard(),
        drained: (lane) => receiver.drained(lane),
        closed: (error) => receiver.closed(error),
      }),
    });
    expect(failed.size).toBeGreaterThan(0);
  });
});
