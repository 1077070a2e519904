import { describe, expect, it } from "vitest";
import { PeerError } from "../../../src/errors.ts";
import { HouseMemory } from "../../../src/services/memory/house-memory.ts";
import type { Memory } from "../../../src/services/memory/port.ts";
import { ConversationThread, type ThreadOptions } from "../../../src/services/memory/thread.ts";
import { temporaryPairs } from "../../gateway/access/temporary-pairs.ts";

const HOUR_MS = 3_600_000;
const exchange = (question: string) => ({ question, answer: "Yes.", wasInterrupted: false });

async function kept() {
  const memory = new HouseMemory({ pairs: await temporaryPairs(), wants: () => true });
  let nowMs = 1_700_000_000_000;
  const thread = (more: Partial<ThreadOptions> = {}): ConversationThread =>
    new ConversationThread({ memory, account: "anna", continueMs: 24 * HOUR_MS, nowMs: () => nowMs, ...more });
  const say = async (question: string, more: Partial<ThreadOptions> = {}): Promise<string | undefined> => {
    const one = thread(more);
    one.note(exchange(question));
    await one.written();
    return one.threadId;
  };
  return { memory, thread, say, pass: (ms: number) => void (nowMs += ms) };
}

const questions = async (thread: ConversationThread): Promise<readonly string[]> =>
  (await thread.recall()).map(({ question }) => question);

describe("the thread of a conversation", () => {
  it("is the last one, if that is not too long ago, else a new one", async () => {
    const { thread, say, pass } = await kept();
    const first = await say("one");
    pass(HOUR_MS);
    const again = thread();
    expect(await questions(again)).toEqual(["one"]);
    expect(again.threadId).toBe(first);
    pass(24 * HOUR_MS);
    const later = thread();
    expect(await questions(later)).toEqual([]);
    expect(later.threadId).not.toBe(first);
  });

  it("is the one that was named, however long ago, and of nobody else", async () => {
    const { thread, say, pass } = await kept();
    await say("one", { threadId: "garden" });
    await say("two", { threadId: "zoo" });
    pass(1_000 * HOUR_MS);
    expect(await questions(thread({ threadId: "garden" }))).toEqual(["one"]);
    expect(await questions(thread({ threadId: "garden", account: "ben" }))).toEqual([]);
  });

  it("keeps what was said in its order, also while it is being written", async () => {
    const { thread } = await kept();
    const one = thread();
    for (const question of ["a", "b", "c"]) one.note(exchange(question));
    await one.written();
    expect(await questions(thread())).toEqual(["a", "b", "c"]);
  });

  it("tells what could not be kept, and goes on", async () => {
    const { memory, thread } = await kept();
    const failures: unknown[] = [];
    let isFull = true;
    const note: HouseMemory["note"] = async (account, turn) => {
      if (isFull) throw new PeerError("disk-full", "no room", { nextStep: "Make room." });
      return memory.note(account, turn);
    };
    const flaky: Memory = {
      note,
      threads: (account) => memory.threads(account),
      read: (...what) => memory.read(...what),
      search: (...what) => memory.search(...what),
      forget: (...what) => memory.forget(...what),
      export: (account) => memory.export(account),
      settle: () => memory.settle(),
    };
    const one = thread({ memory: flaky, onFailure: (error) => failures.push(error) });
    one.note(exchange("lost"));
    await one.written();
    isFull = false;
    one.note(exchange("kept"));
    await one.written();
    expect(failures).toMatchObject([{ code: "disk-full" }]);
    expect(await questions(thread())).toEqual(["kept"]);
  });
});
