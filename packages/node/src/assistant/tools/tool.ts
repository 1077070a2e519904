/** What a model may have done while it answers. */
import type * as z from "zod";
import { messageOf } from "../../errors.ts";
import type { Privacy } from "../../routing/index.ts";

/**
 * What may happen to a call whose end nobody saw. `by-key`: it may be run again under the same key, and takes effect once.
 * `at-most-once`: it is never run again by itself; it ends as `unknown`, and the person is asked.
 */
export type Repeats = "by-key" | "at-most-once";

/** The house's own. */
export const BUILT_IN_TOOLS = ["time", "timer", "calculator", "say"] as const;

/** What a tool is told beside its parameters. */
export interface ToolContext {
  /** Aborts when the answer is not wanted any more, or the call takes too long. */
  readonly signal: AbortSignal;
  /** The same for the same call in the same turn, however often the turn is thought about. */
  readonly key: string;
  /** How far what is asked may go: a tool that takes it elsewhere keeps to it. Wherever anything may when absent. */
  readonly privacy?: Privacy | undefined;
}

/** Why a call has no result. Codes are for models and programs; the words beside them are for models. */
export const TOOL_FAILURES = [
  /** What was written is no call. */
  "malformed",
  "no-such-tool",
  /** `arguments` are not as the tool takes them. */
  "bad-arguments",
  "timed-out",
  /** It may have been done, or not. */
  "unknown",
  /** As many calls as one answer may have were made. */
  "too-many",
  "failed",
] as const;
export type ToolFailureCode = (typeof TOOL_FAILURES)[number];

export function isFailureCode(code: string): code is ToolFailureCode {
  return TOOL_FAILURES.some((each) => each === code);
}

/** What became of a call. */
export type ToolOutcome =
  | { readonly ok: true; readonly result: string }
  | { readonly ok: false; readonly code: ToolFailureCode; readonly message: string };

/** A tool, with parameters of any kind. */
export interface Tool {
  readonly name: string;
  /** One line for the model. */
  readonly description: string;
  /** Such as `{"zone": "where, such as Tokyo; left out: here"}`. */
  readonly usage: string;
  readonly repeats: Repeats;
  /** It changes something: it is not run before it is certain what was asked. */
  readonly hasEffects: boolean;
  /** Never rejects, but when the signal of its context aborts. */
  call(given: unknown, context: ToolContext): Promise<ToolOutcome>;
}

/** What makes a {@link Tool}. */
export interface ToolDefinition<Schema extends z.ZodType> extends Omit<Tool, "call"> {
  readonly parameters: Schema;
  /** What the model is told of it. @throws ToolError for what cannot be done; anything else is a defect, and told as such */
  readonly run: (parameters: z.output<Schema>, context: ToolContext) => Promise<string> | string;
}

/** Why a tool could not do what it was asked, for the model. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

export function defineTool<Schema extends z.ZodType>(definition: ToolDefinition<Schema>): Tool {
  const { parameters, run, ...about } = definition;
  return {
    ...about,
    async call(given, context) {
      const parsed = parameters.safeParse(given ?? {});
      if (!parsed.success) {
        const issue = parsed.error.issues[0];
        const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
        const message = `${where}${issue?.message ?? "invalid"}. It takes ${about.usage}`;
        return { ok: false, code: "bad-arguments", message };
      }
      try {
        return { ok: true, result: await run(parsed.data, context) };
      } catch (error) {
        if (context.signal.aborted) throw error;
        return { ok: false, code: "failed", message: messageOf(error) };
      }
    },
  };
}
