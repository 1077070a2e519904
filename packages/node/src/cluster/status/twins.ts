/** What is said of two processes with one identity, as after a peer's folder was copied. */
import type { MemberFacts } from "./facts.ts";
import { list } from "./words.ts";

export function describeTwins({ twinKnownBy = [], peers }: MemberFacts): readonly string[] {
  const own = `Another process with this peer's identity is linked with ${list(twinKnownBy)}, so this one is let in by nobody: its folder was copied, perhaps.`;
  return [
    ...(twinKnownBy.length > 0 ? [own] : []),
    ...peers.flatMap(({ name, twinAt }) =>
      twinAt === undefined
        ? []
        : [`${name} runs twice: another process with its identity, at ${twinAt}, wants its place and is turned away.`],
    ),
  ];
}

/** Empty where there are none. */
export function howToEndTwins({ twinKnownBy = [], peers }: MemberFacts): readonly string[] {
  if (twinKnownBy.length === 0 && peers.every(({ twinAt }) => twinAt === undefined)) return [];
  return [
    "Stop the copy. To make it a peer of its own, remove identity.key, sealing.key, cluster.json and the folder raft from its home, and pair it.",
  ];
}
