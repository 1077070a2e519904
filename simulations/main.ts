/** `npm run simulate -- raft …`: deterministic simulations of the shipped packages. */
import { RAFT_USAGE, raftCommand } from "./raft/command.ts";

const [simulation, ...args] = process.argv.slice(2);
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

if (simulation === "raft") {
  try {
    process.exitCode = await raftCommand(args, print);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n${RAFT_USAGE}\n`);
    process.exitCode = 2;
  }
} else {
  process.stderr.write(`${RAFT_USAGE}\n`);
  process.exitCode = 2;
}
