/** The gate of the house, as a connection asks it. */
import type { ClientBook } from "./access/client-book.ts";
import type { Doorman } from "./access/doorman.ts";
import { THIS_MACHINE, type Ended, type Gate, type Principal } from "./access/gate.ts";
import { refusalOf, type Right } from "./access/rights.ts";
import type { Access, Arrival, Deed, Ending, Pass, TurnedAway, Whereabouts } from "./access-port.ts";

/** Between two looks whether the time of a connected client is over. */
const LONGEST_WAIT_MS = 60_000;
/** What has no right of its own: whoever is in may say it. */
const FREE: ReadonlySet<string> = new Set(["HEARTBEAT", "MESSAGE_ACK"]);
/** What belongs to work that was let in, or only changes what one hears. */
const FREE_COMMANDS: ReadonlySet<string> = new Set(["talk.key", "talk.heard", "input.end", "cancel", "leave"]);

/** Who is let in, and the session that they go on with; undefined: none. */
interface Comer {
  readonly principal: Principal;
  readonly sessionId: string | undefined;
}

export class GateAccess implements Access {
  readonly #gate: Gate;
  readonly #book: Pick<ClientBook, "find">;
  readonly #doorman: Doorman;
  readonly #rightOfCommand: (name: string) => Right | undefined;
  readonly #nowMs: () => number;

  /** @param rightOfCommand what commands of the peer take that are not the protocol's */
  constructor(
    doorman: Doorman,
    book: Pick<ClientBook, "find">,
    rightOfCommand: (name: string) => Right | undefined = () => undefined,
    nowMs: () => number = Date.now,
  ) {
    this.#rightOfCommand = rightOfCommand;
    this.#doorman = doorman;
    this.#gate = doorman.gate;
    this.#book = book;
    this.#nowMs = nowMs;
  }

  authenticate({ register, newSessionId, from }: Arrival): Pass | TurnedAway {
    const come = this.#whoComes(register, from);
    if ("why" in come) return come;
    const { principal: found, sessionId } = come;
    const crowded = this.#doorman.admit(found.account);
    if (crowded !== undefined) return crowded;
    const session = sessionOf(register, found, sessionId) ?? { id: newSessionId(), isNew: true };
    const token = this.#gate.resumeToken(found, register.clientId, session.id);
    return {
      account: found.account,
      session,
      remembers: found.remembers,
      resume: token === undefined ? undefined : { token, expiresAt: this.#nowMs() + this.#gate.resumeForMs },
      refusalOfId: (clientId, owner) => this.#refusalOfId(found.account, clientId, owner),
      refusalOf: (deed) => {
        const now = this.#gate.again(found);
        if ("why" in now) return now.why;
        const right = this.#ownRight(deed) ?? rightFor(deed);
        return right === undefined ? undefined : refusalOf(now, right, deed.to);
      },
      endedBy: () => {
        const now = this.#gate.again(found);
        return "why" in now ? endingOf(now) : undefined;
      },
      watch: (changed) => this.#watch(found, changed),
      charge: (cost) => this.#doorman.charge(found.account, register.clientId, cost),
      denied: ({ type, name, to }, why) => {
        const action = name === undefined ? type : `${type} ${name}`;
        const target = to.kind === "peer" || to.kind === "all" ? to.kind : `${to.kind} ${to.id}`;
        this.#doorman.denied({ actor: found.account, action, target, details: { why } });
      },
    };
  }

  /** Told of each change of a client, and when the time of this one is over. */
  #watch(found: Principal, changed: () => void): () => void {
    let timer: NodeJS.Timeout | undefined;
    const wait = (): void => {
      clearTimeout(timer);
      const endsAtMs = this.#gate.endsAtMs(found);
      if (endsAtMs === undefined) return;
      // A clock that was set meanwhile is noticed after a while.
      timer = setTimeout(look, Math.min(LONGEST_WAIT_MS, Math.max(1, endsAtMs - this.#nowMs())));
      timer.unref();
    };
    const look = (): void => {
      wait();
      changed();
    };
    const stop = this.#gate.watch(look);
    wait();
    return () => {
      clearTimeout(timer);
      stop();
    };
  }

  #ownRight({ type, name = "", to }: Deed): Right | undefined {
    return type === "COMMAND" && to.kind === "peer" ? this.#rightOfCommand(name) : undefined;
  }

  /** Messages wait under an id: who goes by another's gets what was for that one. */
  #refusalOfId(account: string, clientId: string, owner: string | undefined): string | undefined {
    if (clientId === account || account === THIS_MACHINE) return undefined;
    if (this.#book.find(clientId) !== undefined) return `${clientId} is the name of another client`;
    return owner === undefined || owner === account ? undefined : `${clientId} is the id of somebody else's client`;
  }

  /** A resume token that does not fit gives way to the client's own. */
  #whoComes({ resumeToken, authToken, clientId }: Arrival["register"], from: Whereabouts): Comer | TurnedAway {
    const again = resumeToken === undefined ? undefined : this.#gate.comeAgain(resumeToken, from.isFromHere);
    if (again !== undefined && "principal" in again && again.clientId === clientId) return again;
    if (authToken !== undefined || again === undefined) {
      const principal = this.#doorman.enter(authToken, from);
      return "why" in principal ? principal : { principal, sessionId: undefined };
    }
    return this.#doorman.stale("why" in again ? again : { why: "the resume token is another client's" }, from);
  }
}

/** The session that somebody goes on with; undefined: none. What a machine's own programs have said is no other machine's. */
function sessionOf(
  { continueSession: wanted }: Arrival["register"],
  { account }: Principal,
  own: string | undefined,
): Pass["session"] | undefined {
  if (wanted !== undefined)
    return { id: wanted, isNew: false, continues: account === THIS_MACHINE ? "machine" : "house" };
  return own === undefined ? undefined : { id: own, isNew: false };
}

function endingOf({ reason, why }: Ended): Ending {
  return reason === "unknown" ? { reason: "removed", why: "this client was taken away" } : { reason, why };
}

/** Those that take another right than to look. Whoever is in may know where else the house can be reached: a client goes on there. */
const RIGHT_FOR_QUERY: ReadonlyMap<string, Right | undefined> = new Map([
  ["get_active_nodes", undefined],
  ["recall_memory", "memory"],
  ["get_message_status", "message"],
]);

/** What one has to have the right to; undefined: nothing. */
function rightFor({ type, name = "", to }: Deed): Right | undefined {
  if (FREE.has(type)) return undefined;
  if (to.kind === "peer") return rightAtPeer(type, name);
  // To belong to a group is to be written to in it.
  if (type === "COMMAND" && name === "join") return "message";
  if (type === "COMMAND" || type === "QUERY") return "command";
  return to.kind === "all" || to.kind === "channel" ? "broadcast" : "message";
}

function rightAtPeer(type: Deed["type"], name: string): Right | undefined {
  if (type === "QUERY") return RIGHT_FOR_QUERY.has(name) ? RIGHT_FOR_QUERY.get(name) : "look";
  // An answer to whoever has asked.
  if (type === "COMMAND_RESULT" || type === "RESPONSE") return undefined;
  if (type !== "COMMAND") return "converse";
  if (FREE_COMMANDS.has(name)) return undefined;
  if (name === "join") return "message";
  return name === "status" ? "look" : "converse";
}
