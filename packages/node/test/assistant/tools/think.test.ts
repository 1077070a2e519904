import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { calculator } from "../../../src/assistant/tools/calculator.ts";
import { thinkWithTools, type ThinkLimits } from "../../../src/assistant/tools/think.ts";
import { Toolbox } from "../../../src/assistant/tools/toolbox.ts";
import { defineTool, ToolError, type Repeats, type Tool } from "../../../src/assistant/tools/tool.ts";
import type { ChatMessage } from "../../../src/providers/language-model.ts";

const call = (name: string, args: unknown = {}): string => `<tool>${JSON.stringify({ name, arguments: args })}</tool>`;

/** A model that writes what it is told to, in turn, in pieces of `size` characters; and what it was asked. */
function scripted(replies: readonly string[], size = 3) {
  const asked: (readonly ChatMessage[])[] = [];
  let written = 0;
  async function* generate(messages: readonly ChatMessage[]): AsyncGenerator<string> {
    asked.push(messages);
    const reply = replies[asked.length - 1] ?? "…";
    for (let at = 0; at < reply.length; at += size) {
      written += 1;
      yield reply.slice(at, at + size);
    }
  }
  return { asked, generate, pieces: () => written };
}

const question: readonly ChatMessage[] = [
  { role: "system", content: "You are Parley." },
  { role: "user", content: "how much is 17% of 250?" },
];

async function answer(
  replies: readonly string[],
  tools: readonly Tool[],
  more: { limits?: ThinkLimits; size?: number; certain?: Promise<void>; turn?: string; toolbox?: Toolbox } = {},
) {
  const model = scripted(replies, more.size);
  const told: string[] = [];
  let text = "";
  const options = {
    toolbox: more.toolbox ?? new Toolbox(tools, 500),
    generate: model.generate,
    turn: more.turn ?? "1",
    certain: more.certain ?? Promise.resolve(),
    signal: new AbortController().signal,
    onCall: ({ name, outcome }: { name: string; outcome: string }) => told.push(`${name} ${outcome}`),
    ...(more.limits === undefined ? {} : { limits: more.limits }),
  };
  for await (const delta of thinkWithTools(question, options)) text += delta;
  return { text, told, asked: model.asked, last: model.asked.at(-1)?.at(-1)?.content, model };
}

/** A tool that counts how often it has done something. */
function counter(repeats: Repeats, run: () => Promise<string> | string = () => "done") {
  const state = { count: 0 };
  const tool = defineTool({
    name: "count",
    description: "Counts.",
    usage: "{}",
    repeats,
    hasEffects: true,
    parameters: z.object({ by: z.number().optional(), why: z.string().optional() }),
    run: () => {
      state.count += 1;
      return run();
    },
  });
  return { state, tool };
}

describe("a model that is offered tools", () => {
  it("is told how to use them, calls one, and answers with its result", async () => {
    const replies = [`Let me see. ${call("calculator", { expression: "17% of 250" })} ignored`, "It is 42.5."];
    const { text, told, asked, last } = await answer(replies, [calculator]);
    expect(text).toBe("Let me see. It is 42.5.");
    expect(told).toEqual(["calculator done"]);
    expect(asked[0]?.[0]?.content).toMatch(/^You are Parley\.\n\nYou can use tools\.[^]*- calculator: /);
    expect(last).toBe("[Result of calculator: 17% of 250 = 42.5]");
    expect(asked[1]?.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user"]);
  });

  it("is stopped at its call: what it would make up of the result is never written", async () => {
    const first = `${call("calculator", { expression: "1+1" })}${"The result is 3. ".repeat(50)}`;
    const { text, model } = await answer([first, "Two."], [calculator], { size: 5 });
    expect(text).toBe("Two.");
    expect(model.pieces()).toBeLessThan(30);
  });

  it.each([
    ["<tool>calculator 1+1</tool>", "malformed: it is no JSON"],
    ["<tool>{", "malformed: the call did not come to its end"],
    [call("weather"), "no-such-tool: there is no tool weather; there are calculator"],
    [call("calculator", { sum: 1 }), "bad-arguments: expression: "],
    [call("calculator", { expression: "1 / 0" }), "failed: nothing can be divided by 0"],
  ])("is told what is wrong with %s, and goes on", async (written, why) => {
    const { text, last } = await answer([written, "Sorry."], [calculator]);
    expect(text).toBe("Sorry.");
    expect(last).toContain(why);
  });

  it("calls so often and no more, and answers then with what it has", async () => {
    const again = call("calculator", { expression: "1+1" });
    const { text, told } = await answer([again, again, again, "Two."], [calculator], {
      limits: { calls: 2, withinMs: 10_000 },
    });
    expect(told).toEqual(["calculator done", "calculator done", "none too-many"]);
    expect(text).toBe("Two.");
  });

  it("that only calls is no answer", async () => {
    const again = call("calculator", { expression: "1+1" });
    const endless = Array.from({ length: 9 }, () => again);
    await expect(answer(endless, [calculator])).rejects.toMatchObject({ code: "provider-failed" });
    await expect(answer([again, ""], [calculator])).rejects.toMatchObject({ code: "provider-failed" });
  });

  it("carries nothing out any more when its time is over", async () => {
    const { told } = await answer([call("calculator", { expression: "1+1" }), "Two."], [calculator], {
      limits: { calls: 4, withinMs: -1 },
    });
    expect(told).toEqual(["none too-many"]);
  });

  it("lets nothing of a call be heard, whatever the pieces", async () => {
    const written = `One. ${call("calculator", { expression: "(1 + 2) < 3" })}`;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 80 }), async (size) => {
        const { text } = await answer([written, "And <two>."], [calculator], { size });
        expect(text).toBe("One. And <two>.");
      }),
      { numRuns: 30 },
    );
  });
});

describe("a tool with effects", () => {
  it("waits until it is certain what was asked", async () => {
    const { state, tool } = counter("by-key");
    const certain = Promise.withResolvers<void>();
    const asking = answer([call("count"), "Done."], [tool], { certain: certain.promise });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(state.count).toBe(0);
    certain.resolve();
    expect((await asking).text).toBe("Done.");
    expect(state.count).toBe(1);
  });

  it("takes effect once in a turn that is thought about twice, and again in another", async () => {
    const { state, tool } = counter("by-key");
    const toolbox = new Toolbox([tool]);
    const once = [call("count", { by: 1, why: "x" }), "Done."];
    const differently = [call("count", { why: "x", by: 1 }), "Done."];
    await answer(once, [], { toolbox, turn: "7" });
    await answer(differently, [], { toolbox, turn: "7" });
    expect(state.count).toBe(1);
    await answer(once, [], { toolbox, turn: "8" });
    expect(state.count).toBe(2);
  });

  it("whose end nobody saw is tried again where it has a key, and else never: the person is asked", async () => {
    for (const [repeats, count, message] of [
      ["by-key", 2, "timed-out: count took longer"],
      ["at-most-once", 1, "unknown: it is not known whether this was done"],
    ] as const) {
      const { state, tool } = counter(repeats, () => new Promise(() => undefined));
      const toolbox = new Toolbox([tool], 20);
      for (let time = 0; time < 2; time += 1) {
        const { last } = await answer([call("count"), "Hm."], [], { toolbox });
        expect(last).toContain(message);
      }
      expect(state.count).toBe(count);
    }
  });

  it("that fails says why, and may be asked again", async () => {
    const { tool } = counter("at-most-once", () => {
      throw new ToolError("there is no such lamp");
    });
    const { last } = await answer([call("count"), "Sorry."], [tool]);
    expect(last).toBe("[No result of count: failed: there is no such lamp]");
  });
});
