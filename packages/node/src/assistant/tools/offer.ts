/** How a model is told of tools and of what came of its calls: in plain text, so that any model can use them. */
import * as z from "zod";
import type { ChatMessage } from "../../providers/language-model.ts";
import type { Tool, ToolOutcome } from "./tool.ts";

/** What a model asked for. */
export interface ToolCall {
  readonly name: string;
  readonly arguments: unknown;
}

/** The part of the system prompt that offers `tools`. */
export function offerOf(tools: readonly Tool[]): string {
  const lines = tools.map(({ name, description, usage }) => `- ${name}: ${description} Arguments: ${usage}`);
  return [
    "You can use tools. To use one, write a line such as",
    `<tool>{"name": "${tools[0]?.name ?? "time"}", "arguments": {}}</tool>`,
    "and stop; you are then told the result, and go on with your answer. Use a tool only where it is needed, never invent a " +
      "result, and do not speak of tools to the person.",
    ...lines,
  ].join("\n");
}

/** The messages with the tools offered, in the system prompt. */
export function offered(messages: readonly ChatMessage[], tools: readonly Tool[]): readonly ChatMessage[] {
  const offer = offerOf(tools);
  const [first, ...rest] = messages;
  if (first?.role !== "system") return [{ role: "system", content: offer }, ...messages];
  return [{ role: "system", content: `${first.content}\n\n${offer}` }, ...rest];
}

const callSchema = z.object({ name: z.string().min(1).max(64), arguments: z.unknown().optional() });

/** The call that was written between the tags; a sentence when it is none. */
export function readCall(written: string): ToolCall | string {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    return "it is no JSON";
  }
  // Some models were taught another word for it.
  const given =
    isObject(value) && !("arguments" in value) && "parameters" in value
      ? { ...value, arguments: value["parameters"] }
      : value;
  const parsed = callSchema.safeParse(given);
  if (!parsed.success) return 'it must have "name" and "arguments"';
  const { name, arguments: args } = parsed.data;
  // Others give the arguments as a text that holds JSON.
  if (typeof args !== "string") return { name, arguments: args };
  try {
    return { name, arguments: JSON.parse(args) };
  } catch {
    return { name, arguments: args };
  }
}

/** What the model wrote, and what came of it, as it reads it. */
export function resultMessages(
  said: string,
  call: { readonly written: string; readonly name: string | undefined },
  outcome: ToolOutcome,
): readonly ChatMessage[] {
  const about = call.name === undefined ? "" : ` of ${call.name}`;
  const content = outcome.ok
    ? `[Result${about}: ${outcome.result}]`
    : `[No result${about}: ${outcome.code}: ${outcome.message}]`;
  return [
    { role: "assistant", content: `${said}<tool>${call.written}</tool>` },
    { role: "user", content },
  ];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
