import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ActorError } from "../../src/index.ts";
import { type Arrival, Owner, type OwnerEffect } from "../../src/placement/owner.ts";

const LIMITS = { maxEntities: 4, maxWaiting: 2, maxEarly: 2, passivateAfterMs: 1_000, maxOutcomes: 3 };
const STOPPED = new ActorError("actor-stopped", "stopped");

function arrival(content: string, entity = "e", epoch = 1, id?: string): Arrival<string> {
  return { shard: 0, entity, epoch, id, place: undefined, content };
}

function own(epoch: number, owner = "self") {
  return [{ epoch, owner }];
}

function seen(effects: readonly OwnerEffect<string>[]): readonly string[] {
  return effects.map((effect) => {
    if (effect.type === "give") return `give ${effect.arrival.content}`;
    if (effect.type === "answer") {
      const { outcome } = effect;
      return `${effect.arrival.content} ${outcome.type === "failed" ? outcome.error.code : outcome.type}`;
    }
    return "entity" in effect ? `${effect.type} ${effect.entity}` : `${effect.type} ${effect.shard}/${effect.epoch}`;
  });
}

describe("an owner", () => {
  test("starts an entity with its first message, and takes only messages of its own epoch", () => {
    const owner = new Owner<string>("self", LIMITS);
    expect(seen(owner.table(own(1), 0))).toEqual(["wake 0/1"]);
    const m1 = arrival("m1");
    expect(seen(owner.arrived(m1, 0))).toEqual(["start e", "give m1"]);
    expect(seen(owner.arrived(arrival("m2"), 0))).toEqual(["give m2"]);
    expect(seen(owner.arrived(arrival("m3", "e", 0), 0))).toEqual(["m3 moved"]);
    expect(seen(owner.handled(m1, undefined, 0))).toEqual(["m1 done"]);
  });

  test("puts entities to sleep that have nothing to do, and wakes them for what comes meanwhile", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    const m1 = arrival("m1");
    owner.arrived(m1, 0);
    expect(seen(owner.tick(5_000))).toEqual([]);
    owner.handled(m1, undefined, 5_000);
    expect(seen(owner.tick(5_999))).toEqual([]);
    expect(seen(owner.tick(6_000))).toEqual(["stop e"]);
    expect(seen(owner.tick(9_000))).toEqual([]);
    expect(seen(owner.arrived(arrival("m2"), 6_000))).toEqual([]);
    expect(seen(owner.arrived(arrival("m3"), 6_000))).toEqual([]);
    expect(seen(owner.arrived(arrival("m4"), 6_000))).toEqual(["m4 mailbox-full"]);
    expect(seen(owner.entityEnded("e", 6_001))).toEqual(["start e", "give m2", "give m3"]);
    expect(seen(owner.passivate("e"))).toEqual(["stop e"]);
    expect(seen(owner.passivate("e"))).toEqual([]);
  });

  test("forgets who sleeps, and gives what an entity missed when it stopped to its next life, in order", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    const [m1, m2, m3] = [arrival("m1"), arrival("m2"), arrival("m3")];
    for (const each of [m1, m2, m3]) owner.arrived(each, 0);
    owner.handled(m1, undefined, 0);
    expect(seen(owner.handled(m2, STOPPED, 0))).toEqual([]);
    expect(seen(owner.handled(m3, STOPPED, 0))).toEqual([]);
    expect(seen(owner.entityEnded("e", 0))).toEqual(["start e", "give m2", "give m3"]);
    owner.handled(m2, undefined, 0);
    owner.handled(m3, undefined, 0);
    owner.tick(1_000);
    expect(seen(owner.entityEnded("e", 1_000))).toEqual(["forget e"]);
    expect(owner.entities).toBe(0);
  });

  test("gives its next life what an entity missed before what came while it fell asleep, whatever is heard of first", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    const [m1, m2, m3, m4] = [arrival("m1"), arrival("m2"), arrival("m3"), arrival("m4")];
    for (const each of [m1, m2, m3]) owner.arrived(each, 0);
    owner.handled(m1, undefined, 0);
    expect(seen(owner.passivate("e"))).toEqual(["stop e"]);
    expect(seen(owner.arrived(m4, 0))).toEqual([]);
    expect(seen(owner.handled(m3, STOPPED, 0))).toEqual([]);
    // It has ended, and of m2 nothing is heard yet.
    expect(seen(owner.entityEnded("e", 0))).toEqual([]);
    expect(seen(owner.handled(m2, STOPPED, 0))).toEqual(["start e", "give m2", "give m3", "give m4"]);
  });

  test("tells a late copy of what has failed the same, and lets it not be handled after what came since", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    const [m1, m2] = [arrival("m1", "e", 1, "id1"), arrival("m2", "e", 1, "id2")];
    owner.arrived(m1, 0);
    owner.arrived(m2, 0);
    expect(seen(owner.handled(m1, new ActorError("ask-timeout", "late"), 0))).toEqual(["m1 ask-timeout"]);
    owner.handled(m2, undefined, 0);
    expect(seen(owner.arrived(arrival("m1 again", "e", 1, "id1"), 0))).toEqual(["m1 again ask-timeout"]);
    expect(seen(owner.arrived(arrival("m2 again", "e", 1, "id2"), 0))).toEqual(["m2 again done"]);
  });

  test("hands a shard off once its entities have ended, says `moved` to what they missed, and begins nothing anew", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    const [m1, m2] = [arrival("m1"), arrival("m2")];
    owner.arrived(m1, 0);
    owner.arrived(m2, 0);
    expect(seen(owner.handOff(0, 1, 0))).toEqual(["stop e"]);
    expect(owner.givenUp()).toEqual([]);
    expect(owner.serves("e", 1)).toBe(true);
    expect(seen(owner.arrived(arrival("m3"), 0))).toEqual(["m3 moved"]);
    expect(seen(owner.handled(m1, undefined, 0))).toEqual(["m1 done"]);
    expect(seen(owner.handled(m2, STOPPED, 0))).toEqual(["m2 moved"]);
    expect(seen(owner.entityEnded("e", 0))).toEqual(["handed-off 0/1"]);
    expect(owner.givenUp()).toEqual([{ shard: 0, epoch: 1 }]);
    expect(seen(owner.handOff(0, 1, 0))).toEqual(["handed-off 0/1"]);
    expect(seen(owner.arrived(arrival("m4"), 0))).toEqual(["m4 moved"]);
    // Given back to it, it goes on under the new epoch.
    expect(seen(owner.table(own(2), 0))).toEqual(["wake 0/2"]);
    expect(owner.givenUp()).toEqual([]);
    expect(seen(owner.arrived(arrival("m5", "e", 2), 0))).toEqual(["start e", "give m5"]);
  });

  test("counts what an entity had at hand when it was stopped, and failed at, as missed, if it may come twice", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    const [m1, m2, m3, m4] = [
      arrival("m1", "e", 1, "id1"),
      arrival("m2", "e", 1, "id2"),
      arrival("m3"),
      arrival("m4", "f", 1, "id4"),
    ];
    for (const each of [m1, m2, m3, m4]) owner.arrived(each, 0);
    const crashed = new ActorError("actor-failed", "crashed");
    expect(seen(owner.handled(m1, crashed, 0))).toEqual(["m1 actor-failed"]);
    expect(seen(owner.passivate("e"))).toEqual(["stop e"]);
    expect(seen(owner.handled(m2, crashed, 0))).toEqual([]);
    expect(seen(owner.handled(m3, crashed, 0))).toEqual(["m3 actor-failed"]);
    expect(seen(owner.entityEnded("e", 0))).toEqual(["start e", "give m2"]);
    expect(seen(owner.handOff(0, 1, 0))).toEqual(["stop f", "stop e"]);
    expect(seen(owner.handled(m4, crashed, 0))).toEqual(["m4 moved"]);
    expect(seen(owner.handled(m2, crashed, 0))).toEqual(["m2 moved"]);
  });

  test("lets entities finish that it stops in order, and not those whose shard is somebody else's", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    owner.arrived(arrival("m1"), 0);
    expect(owner.handOff(0, 1, 0)).toEqual([{ type: "stop", entity: "e", isOrderly: true }]);
    const other = new Owner<string>("self", LIMITS);
    other.table(own(1), 0);
    other.arrived(arrival("m1"), 0);
    expect(other.table(own(2, "other"), 0)).toEqual([{ type: "stop", entity: "e", isOrderly: false }]);
  });

  test("gives a shard up whose newer epoch a fence has seen, until the table tells of it", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    const m1 = arrival("m1");
    owner.arrived(m1, 0);
    expect(seen(owner.superseded(0, 0))).toEqual([]);
    expect(seen(owner.superseded(0, 1))).toEqual(["stop e"]);
    expect(seen(owner.superseded(0, 1))).toEqual([]);
    expect(seen(owner.arrived(arrival("m2"), 0))).toEqual(["m2 moved"]);
    expect(seen(owner.handled(m1, STOPPED, 0))).toEqual(["m1 moved"]);
    expect(seen(owner.entityEnded("e", 0))).toEqual(["handed-off 0/1"]);
    // Should it be its own after all, it gets it anew.
    expect(owner.givenUp()).toEqual([{ shard: 0, epoch: 1 }]);
    expect(seen(owner.table(own(2), 0))).toEqual(["wake 0/2"]);
  });

  test("ends entities of a shard that was taken from it, and starts none before those of an older epoch have ended", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    const m1 = arrival("m1");
    owner.arrived(m1, 0);
    expect(seen(owner.table(own(2, "other"), 0))).toEqual(["stop e"]);
    expect(owner.serves("e", 1)).toBe(false);
    expect(seen(owner.table(own(3), 0))).toEqual([]);
    expect(seen(owner.arrived(arrival("m2", "e", 3), 0))).toEqual([]);
    expect(seen(owner.handled(m1, STOPPED, 0))).toEqual(["m1 moved"]);
    expect(seen(owner.entityEnded("e", 0))).toEqual(["handed-off 0/2", "wake 0/3", "start e", "give m2"]);
  });

  test("keeps what comes before the table does, in order and within bounds, and takes it or says `moved` then", () => {
    const owner = new Owner<string>("self", LIMITS);
    expect(seen(owner.arrived(arrival("m1"), 0))).toEqual([]);
    expect(seen(owner.arrived(arrival("m2"), 0))).toEqual([]);
    expect(seen(owner.arrived(arrival("m3"), 0))).toEqual(["m3 mailbox-full"]);
    expect(seen(owner.table(own(1), 0))).toEqual(["wake 0/1", "start e", "give m1", "give m2"]);
    expect(seen(owner.arrived(arrival("m4", "e", 2), 0))).toEqual([]);
    expect(seen(owner.table(own(2, "other"), 0))).toEqual(["stop e", "m4 moved"]);
    expect(seen(owner.arrived(arrival("m5", "e", 3), 0))).toEqual([]);
    expect(seen(owner.table(own(3), 0))).toEqual([]);
    expect(seen(owner.handOff(0, 3, 0))).toEqual(["m5 moved"]);
  });

  test("takes nothing before which something is missing, and nothing of a run that was given up", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    const come = (content: string, run: number, index: number, sender = "a"): readonly string[] =>
      seen(owner.arrived({ ...arrival(content), place: { sender, run, index } }, 0));
    expect(come("m1", 4, 1)).toEqual(["m1 again"]);
    expect(come("m0", 4, 0)).toEqual(["start e", "give m0"]);
    expect(come("other", 2, 0, "b")).toEqual(["give other"]);
    expect(come("m2", 4, 2)).toEqual(["m2 again"]);
    expect(come("m1", 4, 1)).toEqual(["give m1"]);
    expect(come("m1", 4, 1)).toEqual(["m1 again"]);
    expect(come("m2", 5, 0)).toEqual(["give m2"]);
    expect(come("m0", 4, 0)).toEqual(["m0 again"]);
    expect(come("m2", 4, 2)).toEqual(["m2 again"]);
  });

  test("wakes the entities that lived in its shard, unless the shard has gone on meanwhile", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    owner.arrived(arrival("m1", "a"), 0);
    expect(seen(owner.woken(0, 1, ["a", "b"], 0))).toEqual(["start b"]);
    owner.table(own(2, "other"), 0);
    expect(seen(owner.woken(0, 1, ["c"], 0))).toEqual([]);
  });

  test("handles a message once that comes again, and answers each time", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    const first = arrival("m1", "e", 1, "id");
    owner.arrived(first, 0);
    expect(seen(owner.arrived(arrival("m1 again", "e", 1, "id"), 0))).toEqual([]);
    expect(seen(owner.handled(first, undefined, 0))).toEqual(["m1 done", "m1 again done"]);
    expect(seen(owner.arrived(arrival("m1 late", "e", 1, "id"), 0))).toEqual(["m1 late done"]);
  });

  test("remembers the latest messages at least, and not all for ever", () => {
    const owner = new Owner<string>("self", LIMITS);
    owner.table(own(1), 0);
    for (let n = 0; n < 20; n += 1) {
      const one = arrival(`m${n}`, "e", 1, `id${n}`);
      owner.arrived(one, 0);
      owner.handled(one, undefined, 0);
    }
    const again = (n: number): readonly string[] => seen(owner.arrived(arrival(`m${n}`, "e", 1, `id${n}`), 0));
    for (const n of [17, 18, 19]) expect(again(n)).toEqual([`m${n} done`]);
    for (const n of [0, 13]) expect(again(n)).toEqual([`give m${n}`]);
  });

  test("has room for so many entities", () => {
    const owner = new Owner<string>("self", { ...LIMITS, maxEntities: 1 });
    owner.table(own(1), 0);
    owner.arrived(arrival("m1", "a"), 0);
    expect(seen(owner.arrived(arrival("m2", "b"), 0))).toEqual(["m2 mailbox-full"]);
    expect(seen(owner.woken(0, 1, ["c"], 0))).toEqual([]);
  });
});

type Step = readonly ["arrive" | "handle" | "end" | "table" | "hand-off" | "superseded" | "passivate" | "tick", number];

test("whatever happens, an entity has one life at a time, of the shard's epoch at its start, and every message is answered once", () => {
  const step = fc.tuple(
    fc.constantFrom<Step[0]>(
      "arrive",
      "arrive",
      "handle",
      "handle",
      "end",
      "table",
      "hand-off",
      "superseded",
      "passivate",
      "tick",
    ),
    fc.nat(40),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const owner = new Owner<string>("self", LIMITS);
      let [epoch, nowMs, count] = [0, 0, 0];
      /** What runs, and what it has in its mailbox. */
      const lives = new Map<string, { readonly epoch: number; isStopping: boolean; mailbox: Arrival<string>[] }>();
      const answers = new Map<string, number>();
      const take = (effects: readonly OwnerEffect<string>[]): void => {
        for (const effect of effects) {
          if (effect.type === "start") {
            expect(lives.has(effect.entity)).toBe(false);
            expect(effect.epoch).toBe(epoch);
            for (const life of lives.values()) expect(life.epoch).toBe(epoch);
            lives.set(effect.entity, { epoch: effect.epoch, isStopping: false, mailbox: [] });
          }
          if (effect.type === "stop") {
            const life = lives.get(effect.entity);
            expect(life?.isStopping).toBe(false);
            if (life !== undefined) life.isStopping = true;
          }
          if (effect.type === "give") {
            const life = lives.get(effect.arrival.entity);
            expect(life?.isStopping).toBe(false);
            life?.mailbox.push(effect.arrival);
          }
          if (effect.type === "answer") {
            answers.set(effect.arrival.content, (answers.get(effect.arrival.content) ?? 0) + 1);
          }
          if (effect.type === "handed-off") {
            expect([...lives.values()].some((life) => life.epoch <= effect.epoch)).toBe(false);
          }
        }
        expect(owner.entities).toBe(lives.size);
      };
      /** As it is between actors: the senders of what was missed hear of it before the death watch does. */
      const end = (name: string): void => {
        for (const each of lives.get(name)?.mailbox.splice(0) ?? []) take(owner.handled(each, STOPPED, nowMs));
        lives.delete(name);
        take(owner.entityEnded(name, nowMs));
      };
      for (const [action, n] of steps) {
        const names = [...lives.keys()];
        const name = names[n % Math.max(1, names.length)] ?? "";
        const life = lives.get(name);
        if (action === "arrive") {
          count += 1;
          take(
            owner.arrived(
              arrival(`m${count}`, `e${n % 6}`, Math.max(0, epoch + (n % 7 === 0 ? -1 : n % 5 === 0 ? 1 : 0))),
              nowMs,
            ),
          );
        }
        if (action === "handle" && life !== undefined && !life.isStopping) {
          const first = life.mailbox.shift();
          if (first !== undefined) take(owner.handled(first, undefined, nowMs));
        }
        if (action === "end" && life?.isStopping === true) end(name);
        if (action === "table") {
          epoch += 1;
          take(owner.table(own(epoch, n % 3 === 0 ? "other" : "self"), 0));
        }
        if (action === "hand-off") take(owner.handOff(0, Math.max(0, epoch - (n % 3 === 0 ? 1 : 0)), nowMs));
        if (action === "superseded") take(owner.superseded(0, Math.max(0, epoch - (n % 3 === 0 ? 1 : 0))));
        if (action === "passivate") take(owner.passivate(name));
        if (action === "tick") take(owner.tick((nowMs += 100 * n)));
      }
      epoch += 1;
      take(owner.table(own(epoch, "other"), 0));
      for (const name of lives.keys()) end(name);
      expect(answers.size).toBe(count);
      expect([...answers.values()].every((times) => times === 1)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
