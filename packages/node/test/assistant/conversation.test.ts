import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prompt, remember, startConversation } from "../../src/assistant/conversation.ts";

const exchanges = fc.array(
  fc.record({
    question: fc.string({ maxLength: 60 }),
    answer: fc.string({ maxLength: 60 }),
    wasInterrupted: fc.boolean(),
  }),
  {
    maxLength: 30,
  },
);
const limits = fc.record({ pairs: fc.integer({ min: 1, max: 20 }), characters: fc.integer({ min: 0, max: 500 }) });

describe("a conversation", () => {
  it("keeps the newest exchanges, in order, within its limits", () => {
    fc.assert(
      fc.property(exchanges, limits, (all, limit) => {
        let conversation = startConversation("be kind");
        for (const { question, answer, ...fate } of all) {
          conversation = remember(conversation, question, answer, fate, limit);
        }
        const kept = conversation.exchanges;
        expect(kept).toEqual(all.slice(all.length - kept.length));
        expect(kept.length).toBeLessThanOrEqual(limit.pairs);
        const size = kept.reduce((sum, each) => sum + each.question.length + each.answer.length, 0);
        expect(kept.length <= 1 || size <= limit.characters).toBe(true);
        if (all.length > 0) expect(kept.at(-1)).toEqual(all.at(-1));
      }),
    );
  });

  it("is put to the model as system prompt, what was said, and the new question last", () => {
    const conversation = remember(startConversation("be kind"), "who are you", "Parley");
    expect(prompt(conversation, "and where")).toEqual([
      { role: "system", content: "be kind" },
      { role: "user", content: "who are you" },
      { role: "assistant", content: "Parley" },
      { role: "user", content: "and where" },
    ]);
  });

  it("shows the model of an answer that was cut only what was heard, and that it was cut", () => {
    const conversation = remember(startConversation(""), "tell me a story", "Once there was", { wasInterrupted: true });
    const [, answer] = prompt(conversation, "stop");
    expect(answer?.content).toMatch(/^Once there was\b.*interrupted/);
  });

  it("without a system prompt has no empty system message", () => {
    expect(prompt(startConversation(""), "hi")).toEqual([{ role: "user", content: "hi" }]);
  });
});
