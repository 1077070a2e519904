import { describe, expect, it } from "vitest";
import { Strand } from "../../../src/services/session/strand.ts";

async function asked(strand: Strand, question: string, id?: string): Promise<readonly string[]> {
  const messages = await strand.ask(question, undefined, id);
  return messages.map(({ content }) => content);
}

describe("a thread of a conversation", () => {
  it("has what is remembered twice once: as far as it went in the end", async () => {
    const strand = new Strand("", undefined);
    strand.remember("one?", "It is", { id: "a", atMs: 1, wasInterrupted: true });
    strand.remember("two?", "Yes.", { id: "b", atMs: 2 });
    strand.remember("one?", "It is so.", { id: "a", atMs: 1 });
    expect(await asked(strand, "three?")).toEqual(["one?", "It is so.", "two?", "Yes.", "three?"]);
  });

  it("does not show a question as answered that is asked once more", async () => {
    const strand = new Strand("", undefined);
    strand.remember("one?", "It is so.", { id: "a", atMs: 1 });
    expect(await asked(strand, "one?", "a")).toEqual(["one?"]);
  });

  it("has what was cut, and is given up later, where it was asked", async () => {
    const strand = new Strand("", undefined);
    strand.remember("two?", "Yes.", { id: "b", atMs: 2 });
    strand.remember("one?", "It is", { id: "a", atMs: 1, wasInterrupted: true });
    strand.remember("three?", "No.");
    expect(strand.saved.map(({ question }) => question)).toEqual(["one?", "two?", "three?"]);
    expect(strand.lastMs).toBeGreaterThan(2);
  });
});
