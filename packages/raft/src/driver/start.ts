/** Starts a node. */
import { EMPTY_CONF_STATE } from "../core/types.ts";
import { RaftError } from "../errors.ts";
import type { NodeOptions, RaftNode } from "./node.ts";
import { completeNodeOptions, type CompleteNodeOptions } from "./options.ts";
import { RunningNode } from "./running-node.ts";
import { SessionTable } from "./sessions.ts";
import { headChunk } from "./snapshot-head.ts";

/** Where a cluster begins: a snapshot of the empty state machine, the same on all its first voters. */
const BEGINNING = { index: 1, term: 1 };

/**
 * Starts one node on `options.log`. It owns log and transport from here on, and closes them when it stops. Fulfilled when
 * the state machine holds the newest snapshot; the log after it is applied as the cluster confirms it.
 *
 * @throws RaftError `corrupt` or `unknown-format` for a snapshot that cannot be read, `bad-membership-change` for a node
 * that is none of its own `bootstrap`; InvariantError for options that contradict each other. Log and transport are
 * closed then.
 */
export async function startNode(options: NodeOptions): Promise<RaftNode> {
  const complete = completeNodeOptions(options);
  try {
    await bootstrap(complete);
    const node = new RunningNode(complete);
    await node.begin();
    return node;
  } catch (error) {
    await complete.transport.close();
    await complete.log.close();
    throw error;
  }
}

async function bootstrap({ id, log, bootstrap: voters, machine }: CompleteNodeOptions): Promise<void> {
  const isNew = log.lastIndex() === 0 && log.initialState().hardState.term === 0 && log.opened.state === "intact";
  if (voters === undefined || !isNew) return;
  if (!voters.includes(id)) {
    throw new RaftError("bad-membership-change", `node ${id} is none of the first voters ${voters.join(", ")}`);
  }
  const confState = { ...EMPTY_CONF_STATE, voters: [...voters].toSorted((a, b) => a - b) };
  const writer = await log.beginSnapshot({ ...BEGINNING, confState });
  await writer.write(headChunk({ sessions: new SessionTable().encode(), demoted: [] }));
  for await (const chunk of machine.snapshot()) await writer.write(chunk);
  const snapshot = await writer.finish();
  await log.write({ snapshot, hardState: { term: BEGINNING.term, vote: 0, commit: BEGINNING.index } }, { sync: true });
}
