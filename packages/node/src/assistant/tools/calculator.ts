/** The tool that calculates. */
import * as z from "zod";
import { calculate, MAX_EXPRESSION_CHARS, shownNumber } from "./calculator/calculate.ts";
import { defineTool, type Tool } from "./tool.ts";

export const calculator: Tool = defineTool({
  name: "calculator",
  description:
    "Works out an arithmetic expression: + - * / ^ % ( ), sqrt, round, min, max, sum, avg, log, sin and others.",
  usage: '{"expression": "such as 17% of 250, or (3 + 4) * 2"}',
  repeats: "by-key",
  hasEffects: false,
  parameters: z.object({ expression: z.string().min(1).max(MAX_EXPRESSION_CHARS) }),
  run: ({ expression }) => `${expression} = ${shownNumber(calculate(expression))}`,
});
