/** Compares what a script ended with here and in the core it was recorded from. */
import type { NodeOutcome } from "./replay.ts";

/** What was recorded of a script. Logs are compared where both still hold them: compaction points may differ. */
export interface Recorded {
  readonly final: readonly NodeOutcome[];
  readonly checks?: readonly { readonly at: number; readonly nodes: readonly string[] }[];
}

/** A node as the recorded checks write it: `id:Role:tTERM:cCOMMIT:lLAST`. */
export function checkText({ id, role, term, commit, last }: NodeOutcome): string {
  return `${id}:${role}:t${term}:c${commit}:l${last}`;
}

/** Sentences about what differs; empty when nothing does. */
export function differences(ours: readonly NodeOutcome[], theirs: readonly NodeOutcome[]): readonly string[] {
  if (ours.length !== theirs.length) return [`${ours.length} nodes instead of ${theirs.length}`];
  return ours.flatMap((our, i) => {
    const their = theirs[i];
    return their === undefined ? [] : nodeDifferences(our, their);
  });
}

const SAME = ["role", "term", "commit", "last", "voters", "votersOutgoing", "learners", "learnersNext"] as const;

function nodeDifferences(our: NodeOutcome, their: NodeOutcome): string[] {
  const found: string[] = [];
  for (const field of SAME) {
    const [a, b] = [JSON.stringify(our[field]), JSON.stringify(their[field])];
    if (a !== b) found.push(`node ${our.id}: ${field} is ${a} instead of ${b}`);
  }
  const theirLog = new Map(their.log.map((entry) => [entry.index, entryText(entry)]));
  for (const entry of our.log) {
    const other = theirLog.get(entry.index);
    const own = entryText(entry);
    if (other !== undefined && other !== own)
      found.push(`node ${our.id}: entry ${entry.index} is ${own} instead of ${other}`);
  }
  return found;
}

function entryText({ term, index, type, data }: NodeOutcome["log"][number]): string {
  return JSON.stringify({ term, index, type, data });
}
