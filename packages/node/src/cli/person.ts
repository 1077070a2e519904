/** The person at the terminal. Lines are read as the terminal gives them, so that Ctrl-C stays what it is. */
import { createInterface } from "node:readline";
import type { Person } from "./context.ts";

/** Undefined when nobody is there: input or messages are led elsewhere. */
export function personAtTerminal(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Person | undefined {
  if (input.isTTY !== true || output.isTTY !== true) return undefined;
  const listen: Person["listen"] = (onLine) => {
    const lines = createInterface({ input, terminal: false });
    lines.on("line", onLine);
    return () => lines.close();
  };
  return { listen, ask: (question, signal) => ask(input, output, question, signal) };
}

function ask(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  question: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const lines = createInterface({ input, terminal: false });
  const answered = Promise.withResolvers<string | undefined>();
  const onAbort = (): void => {
    const reason: unknown = signal?.reason;
    answered.reject(reason instanceof Error ? reason : new Error("the question was withdrawn"));
  };
  lines.once("line", (line) => answered.resolve(line));
  lines.once("close", () => answered.resolve(undefined));
  signal?.addEventListener("abort", onAbort, { once: true });
  output.write(question);
  return answered.promise.finally(() => {
    signal?.removeEventListener("abort", onAbort);
    lines.close();
  });
}
