import { describe, expect, it } from "vitest";
import * as z from "zod";
import { calculator } from "../../src/assistant/tools/calculator.ts";
import { sayTool } from "../../src/assistant/tools/say.ts";
import { timeTool } from "../../src/assistant/tools/time.ts";
import { timerTool } from "../../src/assistant/tools/timer.ts";
import { Timers, WALL_CLOCK } from "../../src/assistant/tools/timers.ts";
import { BUILT_IN_TOOLS } from "../../src/assistant/tools/tool.ts";
import { checkExtension, defineActor, defineCommand, type Extension } from "../../src/extend/index.ts";
import { HERE_ONLY } from "../../src/services/session/notice.ts";

const command = defineCommand({ parameters: z.object({}), run: () => undefined });
const actor = defineActor(() => () => undefined);
const many = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `name${n}`);
const named = <Each>(names: readonly string[], each: Each): Record<string, Each> =>
  Object.fromEntries(names.map((name) => [name, each]));

describe("the names of what a program adds", () => {
  it("are its own where they are taken by nobody", () => {
    const tool = { ...calculator, name: "lights" };
    const names = ["lights", "lights.set", "a_b-c.2"];
    expect(() =>
      checkExtension({ commands: named(names, command), actors: named(names, actor), tools: [tool] }),
    ).not.toThrow();
  });

  it.for<readonly [string, Extension]>([
    ["a command of the protocol", { commands: { ask: command } }],
    ["the house's own family", { commands: { "parley.lights": command } }],
    ["a capital letter", { commands: { Lights: command } }],
    ["a slash", { actors: { "a/b": actor } }],
    ["nothing", { actors: { "": actor } }],
    ["65 characters", { commands: { ["x".repeat(65)]: command } }],
    ["an own tool of the house", { tools: [calculator] }],
    [
      "the same tool twice",
      {
        tools: [
          { ...calculator, name: "a" },
          { ...calculator, name: "a" },
        ],
      },
    ],
    ["too many", { commands: named(many(129), command) }],
    ["a time without end", { commands: { a: { ...command, timeoutMs: Infinity } } }],
    ["no time", { commands: { a: { ...command, timeoutMs: 0 } } }],
  ])("are refused: %s", ([, extension]) => {
    expect(() => checkExtension(extension)).toThrow(expect.objectContaining({ code: "usage" }));
  });

  it("cannot be those of any tool that the house has", () => {
    const timers = new Timers(WALL_CLOCK, () => undefined);
    const speakers = { here: async () => "", at: HERE_ONLY.say };
    const own = [timeTool({ nowMs: Date.now, zone: "UTC" }), timerTool(timers), calculator, sayTool(speakers)];
    expect(BUILT_IN_TOOLS).toEqual(own.map(({ name }) => name));
  });
});
