/** `npm run chaos -- raft | cluster | conversation …`: clients and faults against real processes. Ctrl-C ends what was started. */
import { CLUSTER_CHAOS_USAGE, clusterChaosCommand } from "./cluster/command.ts";
import { CHAOS_USAGE, chaosCommand } from "./command.ts";
import { CONVERSATION_CHAOS_USAGE, conversationChaosCommand } from "./conversation/command.ts";

const COMMANDS = {
  raft: { usage: CHAOS_USAGE, run: chaosCommand },
  cluster: { usage: CLUSTER_CHAOS_USAGE, run: clusterChaosCommand },
  conversation: { usage: CONVERSATION_CHAOS_USAGE, run: conversationChaosCommand },
} as const;

const [target, ...args] = process.argv.slice(2);
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // A second one ends the process at once; its guard ends the nodes.
  process.once(signal, () => interrupt.abort());
}

if (target === "raft" || target === "cluster" || target === "conversation") {
  const { usage, run } = COMMANDS[target];
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    process.exitCode = await run(args, { print, tell }, interrupt.signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n${usage}\n`);
    process.exitCode = 2;
  }
} else {
  process.stderr.write(`${CHAOS_USAGE}\n${CLUSTER_CHAOS_USAGE}\n${CONVERSATION_CHAOS_USAGE}\n`);
  process.exitCode = 2;
}
