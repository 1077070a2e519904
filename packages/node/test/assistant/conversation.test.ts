import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prompt, remember, startConversation } from "../../src/assistant/conversation.ts";

const exchanges = fc.array(
  fc.record({ question: fc.string({ maxLength: 60 }), answer: fc.string({ maxLength: 60 }) }),
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
        for (const { question, answer } of all) conversation = remember(conversation, question, answer, limit);
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

  it("without a system prompt has no empty system message", () => {
    expect(prompt(startConversation(""), "hi")).toEqual([{ role: "user", content: "hi" }]);
  });
});
