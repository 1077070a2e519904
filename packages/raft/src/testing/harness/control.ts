/** Rare requests to a node of the harness, as JSON: what operators, tests and the nemesis ask for. */
import { RaftError } from "../../errors.ts";
import type { ConfChangeOperation, ConfChangeStep } from "../../core/conf-change.ts";
import type { NodeId } from "../../core/types.ts";
import type { MembershipOutcome, TransferOutcome } from "../../driver/outcome.ts";
import type { NodeStatus, PeerStatus } from "../../driver/status.ts";

/** Where a node listens for its peers. */
export interface PeerPlace {
  readonly id: NodeId;
  /** Default {@link LOOPBACK}. */
  readonly host?: string;
  readonly port: number;
}

export const LOOPBACK = "127.0.0.1";

/** What is wrong with the way to one peer, in this direction only. */
export interface LinkFault {
  /** Nothing passes, and nobody is told. */
  readonly cut: boolean;
  /** Everything takes longer by this. */
  readonly delayMs: number;
}

/** The way from a node to `peer`. */
export interface LinkSetting extends LinkFault {
  readonly peer: NodeId;
}

/** Where a node's process listens. */
export interface NodePorts {
  readonly client: number;
  readonly peer: number;
}

export type ControlAction =
  | { readonly action: "status" }
  | { readonly action: "digest" }
  | { readonly action: "membership"; readonly steps: readonly ConfChangeStep[]; readonly timeoutMs: number }
  | { readonly action: "transfer"; readonly to: NodeId; readonly timeoutMs: number }
  | { readonly action: "snapshot" }
  | { readonly action: "campaign" }
  /** Answered when the node has left; the process ends afterwards. */
  | { readonly action: "leave"; readonly timeoutMs: number }
  /** The same for stopping. */
  | { readonly action: "stop"; readonly timeoutMs: number }
  /** Everybody this node may talk to, in place of what it knew. */
  | { readonly action: "peers"; readonly peers: readonly PeerPlace[] }
  | ({ readonly action: "link" } & LinkSetting);

/** What each action is answered with. */
export interface ControlResults {
  readonly status: WireStatus;
  readonly digest: WireDigest;
  readonly membership: MembershipOutcome;
  readonly transfer: TransferOutcome;
  readonly snapshot: null;
  readonly campaign: null;
  readonly leave: MembershipOutcome;
  readonly stop: null;
  readonly peers: null;
  readonly link: null;
}

/** Fingerprint of the whole state machine as of `applied`: equal states have equal ones. */
export interface WireDigest {
  readonly applied: number;
  readonly digest: string;
}

/** A node's status, and what only its process knows. */
export interface WireStatus extends Omit<NodeStatus, "peers"> {
  readonly peers: readonly (PeerStatus & { readonly id: NodeId })[];
  readonly pid: number;
  readonly rssBytes: number;
}

const OPERATIONS: ReadonlySet<string> = new Set<ConfChangeOperation>(["add-voter", "remove", "update", "add-learner"]);

/** @throws RaftError `corrupt` for anything but an action. */
export function parseAction(body: Uint8Array): ControlAction {
  const fields = new Fields(parseJson(body));
  const action = fields.value("action");
  switch (action) {
    case "status":
    case "digest":
    case "snapshot":
    case "campaign":
      return { action };
    case "membership":
      return { action, steps: fields.list("steps").map(stepOf), timeoutMs: fields.number("timeoutMs") };
    case "transfer":
      return { action, to: fields.number("to"), timeoutMs: fields.number("timeoutMs") };
    case "leave":
    case "stop":
      return { action, timeoutMs: fields.number("timeoutMs") };
    case "peers":
      return { action, peers: parsePeers(fields.value("peers")) };
    case "link": {
      const cut = fields.value("cut") === true;
      return { action, peer: fields.number("peer"), cut, delayMs: fields.number("delayMs") };
    }
    default:
      throw new RaftError("corrupt", `there is no action ${JSON.stringify(action)}`);
  }
}

/** @throws RaftError `corrupt`. */
export function parsePeers(value: unknown): readonly PeerPlace[] {
  if (!Array.isArray(value)) throw new RaftError("corrupt", "peers must be a list");
  return value.map((each) => {
    const fields = new Fields(each);
    const host = fields.value("host");
    return { id: fields.number("id"), port: fields.number("port"), ...(typeof host === "string" && { host }) };
  });
}

/** @throws RaftError `corrupt`. */
export function parsePorts(value: unknown): NodePorts {
  const fields = new Fields(value);
  return { client: fields.number("client"), peer: fields.number("peer") };
}

/** @throws RaftError `corrupt`. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch (error) {
    throw new RaftError("corrupt", "what should be JSON is not", { cause: error });
  }
}

function stepOf(value: unknown): ConfChangeStep {
  const fields = new Fields(value);
  const operation = fields.value("operation");
  if (!isOperation(operation)) throw new RaftError("corrupt", `there is no step ${JSON.stringify(operation)}`);
  return { operation, node: fields.number("node") };
}

function isOperation(value: unknown): value is ConfChangeOperation {
  return typeof value === "string" && OPERATIONS.has(value);
}

/** An object from outside. @throws RaftError `corrupt` (every method). */
class Fields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== "object" || value === null) throw new RaftError("corrupt", "an object is missing");
    this.#fields = new Map(Object.entries(value));
  }

  value(name: string): unknown {
    return this.#fields.get(name);
  }

  /** Not negative. */
  number(name: string): number {
    const value = this.value(name);
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
      throw new RaftError("corrupt", `${name} must be a number`);
    }
    return value;
  }

  list(name: string): readonly unknown[] {
    const value = this.value(name);
    if (!Array.isArray(value)) throw new RaftError("corrupt", `${name} must be a list`);
    return value;
  }
}
