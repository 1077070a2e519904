/** Runs a script and says what each node ended with. */
import {
  confChangeEntry,
  EMPTY_CONF_STATE,
  singleChangeEntry,
  type ConfChangeOperation,
  type ConfChangeStep,
  type EntryType,
  type NodeId,
  type RaftOptions,
  type Role,
  type Transition,
} from "../src/index.ts";
import { Environment, tolerate, type ScriptNode } from "./environment.ts";
import { parseCommand, type Command } from "./script.ts";

/** A node at the end of a script. */
export interface NodeOutcome {
  readonly id: NodeId;
  readonly role: string;
  readonly term: number;
  readonly vote: NodeId;
  readonly lead: NodeId;
  readonly commit: number;
  readonly applied: number;
  readonly first: number;
  readonly last: number;
  readonly log: readonly {
    readonly term: number;
    readonly index: number;
    readonly type: string;
    readonly data: string;
  }[];
  readonly voters: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly learnersNext: readonly NodeId[];
}

/** What a script ended with. */
export interface Outcome {
  readonly nodes: readonly NodeOutcome[];
  readonly errors: readonly string[] | null;
}

const ROLES: Readonly<Record<Role, string>> = {
  follower: "Follower",
  "pre-candidate": "PreCandidate",
  candidate: "Candidate",
  leader: "Leader",
};
const TYPES: Readonly<Record<EntryType, string>> = {
  normal: "Normal",
  "conf-change": "ConfChange",
  "conf-change-v2": "ConfChangeV2",
};
const OPERATIONS: Readonly<Record<string, ConfChangeOperation>> = {
  v: "add-voter",
  l: "add-learner",
  r: "remove",
  u: "update",
};
const TRANSITIONS: Readonly<Record<string, Transition>> = { auto: "auto", implicit: "implicit", explicit: "explicit" };
/** Names of message types in `deliver-msgs type=…`. */
const MESSAGES: Readonly<Record<string, string>> = {
  MsgProp: "propose",
  MsgApp: "append",
  MsgAppResp: "append-response",
  MsgVote: "vote",
  MsgVoteResp: "vote-response",
  MsgPreVote: "pre-vote",
  MsgPreVoteResp: "pre-vote-response",
  MsgSnap: "snapshot",
  MsgHeartbeat: "heartbeat",
  MsgHeartbeatResp: "heartbeat-response",
  MsgTransferLeader: "transfer-leader",
  MsgTimeoutNow: "timeout-now",
  MsgReadIndex: "read-index",
  MsgReadIndexResp: "read-index-response",
  MsgStorageAppendResp: "storage-append-response",
  MsgStorageApplyResp: "storage-apply-response",
};

/** Runs `script` to its end. `onCommand` sees the nodes after each command; `where` says where a command stands. */
export function replay(
  script: readonly string[],
  onCommand: (at: number, nodes: readonly NodeOutcome[]) => void = () => undefined,
  where: (at: number) => string = () => "",
): Outcome {
  const environment = new Environment();
  const errors: string[] = [];
  for (const [at, text] of script.entries()) {
    try {
      run(environment, parseCommand(text));
    } catch (error) {
      errors.push(`${where(at)}${text.split("\n")[0]}: ${String(error)}`);
    }
    onCommand(at, environment.nodes.map(outcomeOf));
  }
  return { nodes: environment.nodes.map(outcomeOf), errors: errors.length === 0 ? null : errors };
}

function run(environment: Environment, command: Command): void {
  const nodes = (): ScriptNode[] => ids(command).map((id) => environment.node(id));
  switch (command.name) {
    case "log-level":
    case "raft-log":
    case "raft-state":
    case "status":
      return;
    case "add-nodes":
      return addNodes(environment, command);
    case "campaign":
      for (const node of nodes()) tolerate(() => node.raw.campaign());
      return;
    case "propose": {
      const [id, data] = command.args;
      const bytes = new TextEncoder().encode(data?.key ?? "");
      return tolerate(() => environment.node(Number(id?.key)).raw.propose(bytes));
    }
    case "propose-conf-change":
      return proposeConfChange(environment, command);
    case "process-ready":
      for (const node of nodes()) environment.processReady(node);
      return;
    case "process-append-thread":
      for (const node of nodes()) environment.processAppend(node);
      return;
    case "process-apply-thread":
      for (const node of nodes()) environment.processApply(node);
      return;
    case "deliver-msgs":
      return deliver(environment, command);
    case "stabilize": {
      const named = nodes();
      return environment.stabilize(named.length === 0 ? environment.nodes : named);
    }
    case "tick-election":
      for (const node of nodes()) for (let i = 0; i < environment.electionTicks; i += 1) node.raw.tick();
      return;
    case "tick-heartbeat":
      for (const node of nodes()) node.raw.tick();
      return;
    case "set-randomized-election-timeout":
      for (const node of nodes()) node.raw.setRandomizedElectionTicks(Number(valueOf(command, "timeout")));
      return;
    case "compact": {
      const [id = 0, index = 0] = ids(command);
      return tolerate(() => environment.node(id).log.compact(index));
    }
    case "send-snapshot": {
      const [from = 0, to = 0] = ids(command);
      return environment.sendSnapshot(environment.node(from), to);
    }
    case "transfer-leadership": {
      const from = environment.node(Number(valueOf(command, "from")));
      return from.raw.transferLeadership(Number(valueOf(command, "to")));
    }
    case "report-unreachable": {
      const [from = 0, about = 0] = ids(command);
      return environment.node(from).raw.reportUnreachable(about);
    }
    case "forget-leader":
      for (const node of nodes()) node.raw.forgetLeader();
      return;
    default:
      throw new Error(`unknown command ${command.name}`);
  }
}

function ids(command: Command): number[] {
  return command.args
    .filter(({ key, values }) => values.length === 0 && /^\d+$/.test(key))
    .map(({ key }) => Number(key));
}

function valueOf(command: Command, key: string): string | undefined {
  return command.args.find((arg) => arg.key === key)?.values[0];
}

function idsOf(command: Command, key: string): number[] {
  return (command.args.find((arg) => arg.key === key)?.values ?? []).map(Number);
}

function isTrue(command: Command, key: string): boolean {
  return valueOf(command, key) === "true";
}

function addNodes(environment: Environment, command: Command): void {
  const confState = { ...EMPTY_CONF_STATE, voters: idsOf(command, "voters"), learners: idsOf(command, "learners") };
  const inflight = valueOf(command, "inflight");
  const maxApplying = valueOf(command, "max-committed-size-per-ready");
  const readOnly = valueOf(command, "read-only");
  const options: Partial<RaftOptions> = {
    preVote: isTrue(command, "prevote"),
    checkQuorum: isTrue(command, "checkquorum"),
    asyncStorageWrites: isTrue(command, "async-storage-writes"),
    stepDownOnRemoval: isTrue(command, "step-down-on-removal"),
    validateMembershipChanges: !isTrue(command, "disable-conf-change-validation"),
    ...(inflight === undefined ? {} : { maxInflightMessages: Number(inflight) }),
    ...(maxApplying === undefined ? {} : { maxApplyingBytes: Number(maxApplying) }),
    ...(readOnly === undefined ? {} : { readOnly: readOnly === "safe" ? "safe" : "lease-based" }),
  };
  const [count = 0] = ids(command);
  const index = Number(valueOf(command, "index") ?? 0);
  for (let i = 0; i < count; i += 1) {
    environment.addNode({ confState, index, content: valueOf(command, "content") ?? "", options });
  }
}

function proposeConfChange(environment: Environment, command: Command): void {
  const [id = 0] = ids(command);
  const steps = command.body
    .split(/\s+/)
    .filter((word) => word !== "")
    .map(stepOf);
  const node = environment.node(id);
  if (isTrue(command, "v1")) {
    const [step] = steps;
    if (step === undefined || steps.length !== 1) throw new Error("the older form takes exactly one step");
    return tolerate(() => node.raw.proposeMembership(singleChangeEntry(step)));
  }
  const transition = TRANSITIONS[valueOf(command, "transition") ?? "auto"];
  if (transition === undefined) throw new Error("unknown transition");
  tolerate(() => node.raw.proposeMembership(confChangeEntry({ transition, steps, context: new Uint8Array() })));
}

function stepOf(word: string): ConfChangeStep {
  const operation = OPERATIONS[word.charAt(0)];
  if (operation === undefined) throw new Error(`unknown change ${word}`);
  return { operation, node: Number(word.slice(1)) };
}

function deliver(environment: Environment, command: Command): void {
  const type = valueOf(command, "type");
  const known = type === undefined ? undefined : MESSAGES[type];
  if (type !== undefined && known === undefined) throw new Error(`unknown message type ${type}`);
  const recipients = command.args.flatMap(({ key, values }) => {
    if (key === "drop") return values.map((id) => ({ id: Number(id), drop: true }));
    return values.length === 0 ? [{ id: Number(key), drop: false }] : [];
  });
  environment.deliver(recipients, known);
}

function outcomeOf({ id, raw, log }: ScriptNode): NodeOutcome {
  const { role, term, vote, lead, commit, applied, confState } = raw.status();
  const { voters, votersOutgoing, learners, learnersNext } = confState;
  const first = log.firstIndex();
  const last = log.lastIndex();
  const entries = last < first ? [] : log.entries(first, last + 1, Infinity);
  return {
    id,
    role: ROLES[role],
    term,
    vote,
    lead,
    commit,
    applied,
    first,
    last,
    log: entries.map((entry) => ({
      term: entry.term,
      index: entry.index,
      type: TYPES[entry.type],
      data: new TextDecoder().decode(entry.data),
    })),
    voters,
    votersOutgoing,
    learners,
    learnersNext,
  };
}
