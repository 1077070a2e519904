import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Pairs, PairCondition, PairWrite, WrittenPair } from "../../../src/cluster/pairs/port.ts";
import { afterPrefix } from "../../../src/cluster/pairs/prefix.ts";
import { Ordered } from "../../../src/cluster/state/ordered.ts";
import { PeerError } from "../../../src/errors.ts";
import type { PostponedCommand } from "../../../src/cluster/state/schemas.ts";
import { ThreadBook } from "../../../src/services/memory/book.ts";
import { ThreadSearch } from "../../../src/services/memory/search.ts";
import { HouseMemory, type HouseMemoryOptions } from "../../../src/services/memory/house-memory.ts";
import { THREADS } from "../../../src/services/memory/keys.ts";
import { MAX_TEXT_CHARS, PART_BYTES } from "../../../src/services/memory/part.ts";
import type { KeptTurn, NewTurn } from "../../../src/services/memory/port.ts";
import { temporaryPairs } from "../../gateway/access/temporary-pairs.ts";

/** Pairs in memory that others write to as well, and that can fail. */
class TestPairs implements Pairs {
  #pairs = Ordered.from<WrittenPair>([]);
  #revision = 0;
  readonly #watchers = new Set<() => void>();
  failure: PeerError | undefined;
  /** Called before each write: somebody else is faster. */
  before: ((key: string) => Promise<unknown>) | undefined;

  get(key: string): WrittenPair | undefined {
    return this.#pairs.get(key);
  }

  range(prefix: string): Iterable<readonly [string, WrittenPair]> {
    return this.#pairs.range({ from: prefix, to: afterPrefix(prefix) });
  }

  async put(key: string, value: Uint8Array, { revision }: PairCondition = {}): Promise<PairWrite> {
    const { before } = this;
    this.before = undefined;
    await before?.(key);
    return this.#change(key, revision, () => {
      this.#revision += 1;
      this.#pairs = this.#pairs.with(key, { value, revision: this.#revision });
      return this.#revision;
    });
  }

  async delete(key: string, { revision }: PairCondition = {}): Promise<PairWrite> {
    return this.#change(key, revision, () => {
      this.#pairs = this.#pairs.without(key);
      return 0;
    });
  }

  watch(_prefix: string, changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  #change(key: string, revision: number | undefined, change: () => number): PairWrite {
    if (this.failure !== undefined) throw this.failure;
    const now = this.get(key)?.revision ?? 0;
    if (revision !== undefined && revision !== now) return { outcome: "conflict", detail: "another revision" };
    const written = change();
    for (const changed of this.#watchers) queueMicrotask(changed);
    return { outcome: "written", revision: written };
  }
}

function remember(pairs: Pairs, more: Partial<HouseMemoryOptions> = {}): HouseMemory {
  const memory = new HouseMemory({ pairs, wants: () => true, ...more });
  onTestFinished(() => memory.close());
  return memory;
}

let made = 0;
function turn(question: string, more: Partial<NewTurn> = {}): NewTurn {
  made += 1;
  const atMs = 1_700_000_000_000 + made;
  return { id: `t${made}`, threadId: "kitchen", question, answer: "Yes.", wasInterrupted: false, atMs, ...more };
}

const questions = (turns: Iterable<KeptTurn>): readonly string[] => [...turns].map(({ question }) => question);

async function found(memory: HouseMemory, account: string, text: string): Promise<readonly string[]> {
  return questions((await memory.search(account, { text })).found.map((each) => each.turn));
}

/** All that stands in the pairs, as text. */
const written = (pairs: Pairs): string =>
  [...pairs.range("")].map(([key, { value }]) => key + new TextDecoder().decode(value)).join("\n");

describe("the memory", () => {
  it("keeps turns in their order, by thread, the thread that was last spoken in first", async () => {
    const memory = remember(await temporaryPairs());
    await memory.note("anna", turn("one"));
    await memory.note("anna", turn("two", { threadId: "trip", answer: "Two it is" }));
    await memory.note("anna", turn("three", { wasInterrupted: true }));
    expect(questions(memory.read("anna", "kitchen"))).toEqual(["one", "three"]);
    expect(memory.read("anna", "kitchen").map(({ wasInterrupted }) => wasInterrupted)).toEqual([false, true]);
    expect(memory.threads("anna")).toMatchObject([
      { threadId: "kitchen", turns: 2, title: "one" },
      { threadId: "trip", turns: 1, title: "two" },
    ]);
    expect(questions(memory.export("anna"))).toEqual(["one", "three", "two"]);
  });

  it("is the same at another peer, and goes on there", async () => {
    const pairs = new TestPairs();
    const [here, there] = [remember(pairs), remember(pairs)];
    await here.note("anna", turn("one"));
    await there.note("anna", turn("two"));
    expect(questions(here.read("anna", "kitchen"))).toEqual(["one", "two"]);
    expect(await found(here, "anna", "two")).toEqual(["two"]);
  });

  it("writes nothing of who does not want it, from the moment they do not", async () => {
    const pairs = new TestPairs();
    let wants = false;
    const memory = remember(pairs, { wants: () => wants, later: () => ({ submit: () => expect.unreachable() }) });
    expect(await memory.note("anna", turn("the canary sings"))).toBe(false);
    expect(written(pairs)).toBe("");
    wants = true;
    expect(await memory.note("anna", turn("kept"))).toBe(true);
    wants = false;
    expect(await memory.note("anna", turn("the canary sings"))).toBe(false);
    expect(written(pairs)).not.toContain("canary");
  });

  it("keeps a turn once that is written twice, and both where two are written at once", async () => {
    const pairs = new TestPairs();
    const [here, there] = [remember(pairs), remember(pairs)];
    const same = turn("one");
    await here.note("anna", same);
    await there.note("anna", same);
    pairs.before = () => there.note("anna", turn("two"));
    await here.note("anna", turn("three"));
    expect(questions(here.read("anna", "kitchen"))).toEqual(["one", "two", "three"]);
  });

  it("keeps the whole answer where one peer has written of it only what there was when it was cut", async () => {
    const cut = turn("one", { answer: "Half", wasInterrupted: true });
    const whole = { ...cut, answer: "Half, and the rest.", wasInterrupted: false };
    for (const [here, there] of [[cut, whole] as const, [whole, cut] as const]) {
      for (const isApart of [false, true]) {
        const pairs = new TestPairs();
        const outbox: { key: string; value: Uint8Array }[] = [];
        const submit = async (command: PostponedCommand): Promise<void> => {
          if (command.type === "put") outbox.push(command);
        };
        const memory = remember(pairs, { later: () => ({ submit }) });
        if (isApart) pairs.failure = new PeerError("no-quorum", "nobody is there", { nextStep: "Wait." });
        await memory.note("anna", there);
        pairs.failure = undefined;
        await memory.note("anna", here);
        await memory.note("anna", turn("two"));
        for (const { key, value } of outbox) await pairs.put(key, value);
        expect(memory.read("anna", "kitchen").map(({ answer }) => answer)).toEqual([whole.answer, turn("two").answer]);
      }
    }
  });

  it("begins another part when one is full, and reads back from the end", async () => {
    const pairs = new TestPairs();
    const memory = remember(pairs);
    const all = Array.from({ length: 60 }, (_, number) => turn(`${number} ${"word ".repeat(100)}`));
    for (const each of all) await memory.note("anna", each);
    const parts = [...pairs.range(THREADS)];
    expect(parts.length).toBeGreaterThan(2);
    for (const [, { value }] of parts) expect(value.length).toBeLessThanOrEqual(PART_BYTES);
    const last = memory.read("anna", "kitchen", { limit: 20 });
    expect(last.map(({ id }) => id)).toEqual(all.slice(-20).map(({ id }) => id));
    const before = memory.read("anna", "kitchen", { limit: 20, before: last[0]?.id });
    expect(before.map(({ id }) => id)).toEqual(all.slice(-40, -20).map(({ id }) => id));
    expect(memory.read("anna", "kitchen", { before: "nobody's" })).toEqual([]);
  });

  it("cuts what nobody reads to its end, and takes any text", async () => {
    const memory = remember(await temporaryPairs());
    await memory.note("anna", turn("long", { answer: "a".repeat(100_000) }));
    expect(memory.read("anna", "kitchen")[0]?.answer).toHaveLength(MAX_TEXT_CHARS + 1);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 50 }), async (text) => {
        const given = turn(text, { threadId: `thread ${text}`.slice(0, 60), answer: text });
        await memory.note("anna", given);
        const kept = memory.read("anna", given.threadId.toWellFormed());
        if (given.threadId.isWellFormed()) expect(kept.at(-1)).toMatchObject({ question: text.toWellFormed() });
      }),
      { numRuns: 40 },
    );
  });

  it("waits in the outbox while nobody can agree, and stands then behind what was there", async () => {
    const pairs = new TestPairs();
    const outbox: { key: string; value: Uint8Array }[] = [];
    const submit = async (command: PostponedCommand): Promise<void> => {
      if (command.type === "put") outbox.push(command);
    };
    const memory = remember(pairs, { later: () => ({ submit }) });
    await memory.note("anna", turn("one"));
    pairs.failure = new PeerError("no-quorum", "nobody is there", { nextStep: "Wait." });
    await memory.note("anna", turn("two"));
    await memory.note("anna", turn("three"));
    pairs.failure = undefined;
    expect(questions(memory.read("anna", "kitchen"))).toEqual(["one"]);
    for (const { key, value } of outbox) await pairs.put(key, value);
    await memory.note("anna", turn("four"));
    expect(questions(memory.read("anna", "kitchen")).toSorted()).toEqual(["four", "one", "three", "two"]);
    expect(questions(memory.read("anna", "kitchen"))[0]).toBe("one");
    pairs.failure = new PeerError("disk-full", "no room", { nextStep: "Make room." });
    await expect(memory.note("anna", turn("five"))).rejects.toMatchObject({ code: "disk-full" });
    expect(outbox).toHaveLength(2);
  });

  it("drops the oldest of an account that is full, and of who has most where all are", async () => {
    const pairs = new TestPairs();
    const memory = remember(pairs, { limits: { accountBytes: 40_000, allBytes: 60_000 } });
    const long = (text: string): NewTurn => turn(`${text} ${"word ".repeat(200)}`);
    for (let number = 0; number < 60; number += 1) await memory.note("anna", long(`anna${number}`));
    const bytesOf = (prefix: string): number =>
      [...pairs.range(prefix)].reduce((sum, [key, { value }]) => sum + key.length + value.length, 0);
    expect(bytesOf(`${THREADS}anna/`)).toBeLessThanOrEqual(40_000);
    expect(bytesOf(`${THREADS}anna/`)).toBeGreaterThan(25_000);
    expect(await found(memory, "anna", "anna59")).toHaveLength(1);
    expect(await found(memory, "anna", "anna0")).toEqual([]);
    for (let number = 0; number < 60; number += 1) await memory.note("ben", long(`ben${number}`));
    expect(bytesOf(THREADS)).toBeLessThanOrEqual(60_000);
    expect(await found(memory, "anna", "anna59")).toHaveLength(1);
    expect(await found(memory, "ben", "ben59")).toHaveLength(1);
  });

  it("forgets a thread, or all, and finds nothing of it any more", async () => {
    const pairs = new TestPairs();
    const memory = remember(pairs);
    for (const threadId of ["kitchen", "trip", "odd/name\u0000"]) {
      await memory.note("anna", turn(`canary ${threadId}`, { threadId }));
      await memory.note("ben", turn(`canary ${threadId}`, { threadId }));
    }
    expect(await found(memory, "anna", "canary")).toHaveLength(3);
    expect(await memory.forget("anna", "odd/name\u0000")).toBe(1);
    expect(await memory.forget("anna", "never there")).toBe(0);
    expect(await found(memory, "anna", "canary")).toHaveLength(2);
    await pairs.put(`${THREADS}anna/kitchen/00000009`, new TextEncoder().encode("canary of a newer version"));
    expect(await memory.forget("anna")).toBe(2);
    expect(await found(memory, "anna", "canary")).toEqual([]);
    expect([...pairs.range(`${THREADS}anna/`)]).toEqual([]);
    expect(await found(memory, "ben", "canary")).toHaveLength(3);
  });

  it("leaves alone what it cannot read, and goes on behind it", async () => {
    const pairs = new TestPairs();
    const memory = remember(pairs);
    await memory.note("anna", turn("one"));
    await pairs.put(`${THREADS}anna/kitchen/00000001`, new TextEncoder().encode('{"v":2}'));
    await memory.note("anna", turn("two"));
    expect(questions(memory.read("anna", "kitchen"))).toEqual(["one", "two"]);
    expect(new TextDecoder().decode(pairs.get(`${THREADS}anna/kitchen/00000001`)?.value)).toBe('{"v":2}');
  });

  it("is searched by thread, time and page, with the place where it was found", async () => {
    const memory = remember(await temporaryPairs());
    const all = [
      turn("roses in the garden"),
      turn("more roses", { threadId: "trip" }),
      turn("what else?", { answer: "The garden has roses, roses everywhere" }),
    ];
    for (const each of all) await memory.note("anna", each);
    const { total, found: one } = await memory.search("anna", { text: "roses", limit: 1, offset: 1 });
    expect([total, one.length]).toEqual([3, 1]);
    expect((await memory.search("anna", { text: "roses", threadId: "trip" })).total).toBe(1);
    expect((await memory.search("anna", { text: "roses", fromMs: all[1]?.atMs })).total).toBe(2);
    expect((await memory.search("anna", { text: "roses", beforeMs: all[1]?.atMs })).total).toBe(1);
    const { found: answers } = await memory.search("anna", { text: "everywhere" });
    expect(answers[0]?.snippet).toMatchObject({ of: "answer", marks: [{ start: 28, end: 38 }] });
    expect(await memory.search("anna", { text: "did I tell you of the garden gnomes" })).toMatchObject({
      matched: "any",
    });
    expect(await memory.search("anna", { text: "garden AND gnomes" })).toMatchObject({ matched: "all", total: 0 });
    expect(await memory.search("anna", { text: ' " ( ' })).toMatchObject({ total: 0 });
    await expect(memory.search("anna", { text: "roses" }, AbortSignal.abort())).rejects.toThrow("aborted");
  });

  it("never shows a client anything of another, whatever they are called and do", async () => {
    // Names that begin with each other, or would if they stood in keys as they are.
    const account = fc.constantFrom(
      "anna",
      "anna2",
      "ann",
      "änna",
      "a.b",
      "~anna",
      "anna/kitchen",
      "this machine",
      "ANNA",
    );
    const threadId = fc.constantFrom("kitchen", "../ben/kitchen", "kitchen/00000000", "");
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant("note" as const), account, threadId }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), account, threadId }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30, size: "max" }), async (steps) => {
        const pairs = new TestPairs();
        const memory = new HouseMemory({ pairs, wants: () => true });
        const model = new Map<string, { threadId: string; question: string }[]>();
        for (const { do: what, account: who, threadId: thread } of steps) {
          const own = model.get(who) ?? [];
          const id = thread === "" ? "empty" : thread;
          if (what === "forget") {
            await memory.forget(who, id);
            model.set(
              who,
              own.filter((each) => each.threadId !== id),
            );
            continue;
          }
          const given = turn(`secret of ${who}`, { threadId: id });
          await memory.note(who, given);
          model.set(who, [...own, { threadId: id, question: given.question }]);
          const { found: hits } = await memory.search(who, { text: "secret" });
          expect(hits.length).toBe(model.get(who)?.length);
        }
        for (const [who, own] of model) {
          const everything = [
            ...memory.export(who),
            ...own.flatMap((each) => memory.read(who, each.threadId)),
            ...(await memory.search(who, { text: "secret OR s* OR NOT nothing" })).found.map((each) => each.turn),
          ];
          for (const each of everything) expect(each.question).toBe(`secret of ${who}`);
          expect([...memory.export(who)]).toHaveLength(own.length);
        }
        memory.close();
      }),
      { numRuns: 60 },
    );
  });

  it("keeps only so many words of indexes, and finds all the same", async () => {
    const pairs = new TestPairs();
    const memory = remember(pairs);
    const search = new ThreadSearch(pairs, new ThreadBook(pairs), 25);
    onTestFinished(() => search.close());
    const accounts = ["anna", "ben", "carl", "dora"];
    for (const account of accounts) await memory.note(account, turn(`one two three four five roses of ${account}`));
    for (const account of [...accounts, ...accounts]) {
      expect((await search.search(account, { text: "roses" })).total).toBe(1);
      expect(search.words).toBeLessThanOrEqual(25);
    }
    await memory.note("ben", turn("more roses"));
    expect((await search.search("ben", { text: "roses" })).total).toBe(2);
  });
});
