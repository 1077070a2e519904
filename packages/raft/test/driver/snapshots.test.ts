import { describe, expect, it } from "vitest";
import { EMPTY_CONF_STATE, message } from "../../src/core/types.ts";
import { Snapshots } from "../../src/driver/snapshots.ts";
import { MemoryDisk, openMemoryLog, type Message } from "../../src/index.ts";
import { MemoryNetwork } from "./memory-cluster.ts";
import { VirtualEnvironment } from "./virtual-environment.ts";

const arriving = message({
  type: "snapshot",
  from: 2,
  to: 1,
  term: 3,
  snapshot: { index: 7, term: 3, confState: { ...EMPTY_CONF_STATE, voters: [1, 2] }, data: new Uint8Array() },
});

async function receiver(wants: boolean, disk = new MemoryDisk()) {
  const environment = new VirtualEnvironment();
  const stepped: Message[] = [];
  const log = await openMemoryLog(disk);
  const snapshots = new Snapshots({
    log,
    environment,
    transport: new MemoryNetwork().transport(1),
    capture: () => {
      throw new Error("nothing is to be captured");
    },
    step: (received) => {
      stepped.push(received);
      if (wants && stepped.length === 1) snapshots.claim({ index: 7, term: 3 });
    },
    wants: () => wants,
    reportSnapshot: () => undefined,
    failed: (error) => {
      throw error;
    },
  });
  return { snapshots, environment, stepped };
}

async function* parts(count: number): AsyncIterable<Uint8Array> {
  for (let i = 0; i < count; i += 1) yield Uint8Array.of(i);
}

async function* thatStalls(): AsyncIterable<Uint8Array> {
  yield Uint8Array.of(1);
  await new Promise(() => undefined);
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("receiving a snapshot", () => {
  it("hands it to the core once all parts are there", async () => {
    const { snapshots, stepped } = await receiver(true);
    await snapshots.receive(arriving, parts(3));
    expect(stepped).toEqual([arriving]);
    expect(snapshots.counters.received).toBe(1);
  });

  it("lets the core answer at once when it has no use for the contents", async () => {
    const { snapshots, stepped } = await receiver(false);
    await snapshots.receive(arriving, thatStalls());
    expect(stepped).toEqual([arriving]);
    expect(snapshots.counters.received).toBe(0);
  });

  it("takes one at a time, and gives one up that stalls, so that another can come", async () => {
    const { snapshots, environment, stepped } = await receiver(true);
    const ended = snapshots.receive(arriving, thatStalls()).catch((error: unknown) => error);
    await settled();
    await expect(snapshots.receive(arriving, parts(1))).rejects.toMatchObject({ code: "unavailable" });
    environment.pass(60_000);
    expect(await ended).toMatchObject({ code: "unreachable" });
    expect(stepped).toEqual([]);
    await snapshots.receive(arriving, parts(2));
    expect(stepped).toEqual([arriving]);
  });

  it("asks for no further part once the node stops: nobody would hear of its failure", async () => {
    const disk = new MemoryDisk();
    const { snapshots } = await receiver(true, disk);
    let asked = 0;
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      asked += 1;
      if (asked > 1) throw new Error("cut");
      return { done: false, value: Uint8Array.of(1) };
    };
    // It stops while the first part is written.
    disk.faults = { delay: () => (asked === 1 ? snapshots.close() : Promise.resolve()) };
    const ended = snapshots.receive(arriving, { [Symbol.asyncIterator]: () => ({ next }) });
    await expect(ended).rejects.toMatchObject({ code: "closed" });
    expect(asked).toBe(1);
  });

  it("ends when the node stops, and believes nothing that breaks off", async () => {
    const { snapshots, stepped } = await receiver(true);
    async function* breaking(): AsyncIterable<Uint8Array> {
      yield Uint8Array.of(1);
      throw new Error("cut");
    }
    await expect(snapshots.receive(arriving, breaking())).rejects.toThrow("cut");
    const ended = snapshots.receive(arriving, thatStalls()).catch((error: unknown) => error);
    await settled();
    await snapshots.close();
    expect(await ended).toMatchObject({ code: "closed" });
    expect(stepped).toEqual([]);
  });
});
