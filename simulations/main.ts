/** `npm run simulate -- raft …`, `actors …`, `cluster …`, `conversation …` or `routing …`: deterministic simulations of the shipped packages. */
import { ACTORS_USAGE, actorsCommand } from "./actors/command.ts";
import { CLUSTER_USAGE, clusterCommand } from "./cluster/command.ts";
import { CONVERSATION_USAGE, conversationCommand } from "./conversation/command.ts";
import { RAFT_USAGE, raftCommand } from "./raft/command.ts";
import { ROUTING_USAGE, routingCommand } from "./routing/command.ts";

const COMMANDS = new Map([
  ["raft", { run: raftCommand, usage: RAFT_USAGE }],
  ["actors", { run: actorsCommand, usage: ACTORS_USAGE }],
  ["cluster", { run: clusterCommand, usage: CLUSTER_USAGE }],
  ["conversation", { run: conversationCommand, usage: CONVERSATION_USAGE }],
  ["routing", { run: routingCommand, usage: ROUTING_USAGE }],
]);

const [simulation = "", ...args] = process.argv.slice(2);
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const command = COMMANDS.get(simulation);
if (command === undefined) {
  process.stderr.write(`${[...COMMANDS.values()].map(({ usage }) => usage).join("\n")}\n`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await command.run(args, print);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n${command.usage}\n`);
    process.exitCode = 2;
  }
}
