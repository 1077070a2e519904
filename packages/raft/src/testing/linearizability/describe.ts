/** A verdict in words. */
import type { CheckResult } from "./check.ts";
import type { Contradiction } from "./contradiction.ts";
import type { Operation } from "./operation.ts";

/** Lines for a person; of a long contradiction the last ones. */
export function describeCheck(result: CheckResult, maxLines = 40): string {
  const { verdict, operations, keys, violations, undecidedKeys } = result;
  const lines = [`${verdict}: ${operations} operations on ${keys} keys`];
  for (const violation of violations) lines.push(...describeContradiction(violation, maxLines));
  if (undecidedKeys.length > 0) lines.push(`undecided within the work allowed: ${undecidedKeys.join(", ")}`);
  return lines.join("\n");
}

function describeContradiction({ key, until, prefixLength, operations }: Contradiction, maxLines: number): string[] {
  const start = Math.min(...operations.map(({ call }) => call));
  const shown = operations.slice(-maxLines);
  const left = operations.length - shown.length;
  return [
    `key ${JSON.stringify(key)}: no order explains its first ${prefixLength} operations (up to ${until} ns); these contradict each other:`,
    ...(left > 0 ? [`  … ${left} before`] : []),
    ...shown.map((operation) => `  ${describeOperation(operation, start, until)}`),
  ];
}

function describeOperation(operation: Operation, start: number, until: number): string {
  const { client, call, unknown } = operation;
  const ended = operation.return;
  const isOpen = unknown || ended === null || ended > until;
  const when = `${millis(call - start)} … ${isOpen ? "?" : millis(ended - start)} ms`.padEnd(24);
  return `${when} client ${String(client).padEnd(4)} ${describeDeed(operation, isOpen)}`;
}

function describeDeed({ op, value, expected, output }: Operation, isOpen: boolean): string {
  const [written, compared] = [JSON.stringify(value), JSON.stringify(expected)];
  if (op === "get") return `get -> ${JSON.stringify(output)}`;
  if (op === "put") return `put ${written}${isOpen ? " (unanswered)" : ""}`;
  const answer = isOpen ? "(unanswered)" : output === true ? "-> took" : "-> did not take";
  return `cas ${compared} to ${written} ${answer}`;
}

function millis(nanos: number): string {
  return (nanos / 1e6).toFixed(3);
}
