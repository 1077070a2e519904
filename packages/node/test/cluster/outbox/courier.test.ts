import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Courier, type Destination } from "../../../src/cluster/outbox/courier.ts";
import type { Outbox } from "../../../src/cluster/outbox/outbox.ts";
import type { Submitted } from "../../../src/cluster/consensus/shared-state.ts";
import type { ClusterCommand } from "../../../src/cluster/state/schemas.ts";
import { Agreed } from "../state/support.ts";
import { FaultyDisk, keysIn, putOf, silent } from "./support.ts";

/**
 * `lost`: it never comes, and nobody knows; `late`: it comes some time later, and nobody knows; `silent`: it takes effect, and
 * nobody knows; `twice`: it takes effect and comes again later; `no-quorum`: it never comes, and that is known.
 */
type Luck = "done" | "lost" | "late" | "silent" | "twice" | "no-quorum" | "unreadable";

/** A cluster that carries out what it is given as its luck has it, and tells which keys were written, each time. */
class FickleCluster {
  readonly agreed = Agreed.of("b");
  readonly written: string[] = [];
  readonly #luck: Luck[];
  readonly #onItsWay: ClusterCommand[] = [];
  /** What a peer that lags sees. */
  #seen = this.agreed.state;
  #kick: () => void = () => undefined;

  constructor(luck: readonly Luck[]) {
    this.#luck = [...luck];
  }

  get destination(): Destination {
    return {
      self: "b",
      submit: async (command) => {
        const submitted = this.#submit(command);
        setImmediate(this.#kick);
        return submitted;
      },
      read: async () => {
        if (this.#luck[0] === "unreadable") {
          this.#luck.shift();
          setImmediate(this.#kick);
          return { outcome: "refused", reason: "no-quorum", detail: "" };
        }
        this.#seen = this.agreed.state;
        return { outcome: "readable" };
      },
      last: () => this.#seen.delivered.get("b"),
      hasPrime: () => true,
      watchPrime: (changed) => {
        this.#kick = changed;
        return () => undefined;
      },
    };
  }

  #submit(command: ClusterCommand): Submitted {
    const luck = this.#luck.shift() ?? "done";
    // What is on its way comes before, or is lost.
    if (luck === "done" || luck === "silent") for (const each of this.#onItsWay.splice(0)) this.#carryOut(each);
    if (luck === "no-quorum" || luck === "unreadable") return { outcome: "refused", reason: "no-quorum", detail: "" };
    if (luck === "late") this.#onItsWay.push(command);
    if (luck === "lost" || luck === "late") return { outcome: "unknown", detail: "" };
    const result = this.#carryOut(command);
    if (luck === "twice") this.#onItsWay.push(command);
    if (luck === "silent") return { outcome: "unknown", detail: "" };
    this.#seen = this.agreed.state;
    return result.outcome === "done" ? { ...result, index: this.agreed.state.index } : result;
  }

  #carryOut(command: ClusterCommand) {
    const before = this.agreed.state.pairs;
    const result = this.agreed.run(command);
    const after = this.agreed.state.pairs;
    for (const { command: each } of command.type === "deliver" ? command.commands : []) {
      if (after.get(each.key) !== before.get(each.key)) this.written.push(each.key);
    }
    return result;
  }
}

async function untilEmpty(outbox: Outbox): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (outbox.load.count === 0) resolve();
  };
  const stop = outbox.watch(look);
  look();
  await promise;
  stop();
}

describe("what waits in an outbox", () => {
  it("is delivered in order, and each one's outcome is told", async () => {
    const cluster = new FickleCluster([]);
    const outbox = await new FaultyDisk().open();
    const one = await outbox.submit(putOf("a"));
    const two = await outbox.submit({ type: "delete", key: "a", when: { revision: 1_000 } });
    const courier = new Courier(outbox, cluster.destination, silent);
    const signal = AbortSignal.timeout(60_000);
    expect(await outbox.delivered(one.id, { signal })).toMatchObject({ outcome: "done" });
    expect(await outbox.delivered(two.id, { signal })).toMatchObject({ outcome: "refused", reason: "mismatch" });
    await courier.stop();
  });

  it("waits while nobody leads, and goes as soon as somebody does", async () => {
    const cluster = new FickleCluster([]);
    let hasPrime = false;
    let tell: () => void = () => undefined;
    const outbox = await new FaultyDisk().open();
    const to: Destination = {
      ...cluster.destination,
      hasPrime: () => hasPrime,
      watchPrime: (changed) => {
        tell = changed;
        return () => undefined;
      },
    };
    const courier = new Courier(outbox, to, silent);
    const { id } = await outbox.submit(putOf("a"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(cluster.written).toEqual([]);
    hasPrime = true;
    tell();
    await outbox.delivered(id, { signal: AbortSignal.timeout(60_000) });
    expect(cluster.written).toEqual(["a"]);
    await courier.stop();
  });

  it("gives way to what a new outbox brings when the old one is lost", async () => {
    const cluster = new FickleCluster([]);
    for (const key of ["a", "b"]) {
      const outbox = await new FaultyDisk().open();
      const courier = new Courier(outbox, cluster.destination, silent);
      await outbox.submit(putOf(key));
      await untilEmpty(outbox);
      await courier.stop();
    }
    expect(cluster.written).toEqual(["a", "b"]);
  });

  it("is delivered once and in order, whatever is lost, late or said twice, and wherever the power goes", async () => {
    const luck = fc.constantFrom<Luck>("done", "lost", "late", "silent", "twice", "no-quorum", "unreadable");
    const life = fc.record({
      submits: fc.nat(4),
      fuse: fc.option(fc.nat(5), { nil: undefined }),
      torn: fc.nat(255),
      isGarbled: fc.boolean(),
      /** Whether the courier goes while they come, or not in this life. */
      isReached: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(life, { minLength: 1, maxLength: 6 }),
        fc.array(luck, { maxLength: 40, size: "max" }),
        async (lives, lucks) => {
          const disk = new FaultyDisk();
          const cluster = new FickleCluster(lucks);
          const acknowledged: string[] = [];
          let named = 0;
          for (const { submits, fuse, torn, isGarbled, isReached } of lives) {
            const outbox = await disk.open();
            [disk.torn, disk.isGarbled, disk.fuse] = [torn, isGarbled, fuse];
            const courier = isReached ? new Courier(outbox, cluster.destination, silent) : undefined;
            for (let i = 0; i < submits; i += 1) {
              named += 1;
              const key = `k${named}`;
              const told = await outbox.submit(putOf(key)).catch(() => undefined);
              if (told !== undefined) acknowledged.push(key);
            }
            if (isReached) await untilEmpty(outbox);
            await courier?.stop();
            disk.restart();
          }
          const outbox = await disk.open();
          const courier = new Courier(outbox, cluster.destination, silent);
          await untilEmpty(outbox);
          await courier.stop();
          expect(keysIn(outbox)).toEqual([]);
          // Of what was refused because the power went, some may have been kept: once, and in its place.
          expect(new Set(cluster.written).size).toBe(cluster.written.length);
          expect(cluster.written.filter((key) => acknowledged.includes(key))).toEqual(acknowledged);
          expect(cluster.written).toEqual(cluster.written.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
        },
      ),
      { numRuns: 200 },
    );
  }, 60_000);
});
