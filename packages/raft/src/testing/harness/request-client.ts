/** A client of the cluster, whatever its state machine: finds the leader, retries what may be retried, says what is certain. */
import { ClientSession } from "../../driver/client-session.ts";
import type { ProposeOptions } from "../../driver/node.ts";
import type { ProposalOutcome, RefusalReason, Unknown } from "../../driver/outcome.ts";
import type { NodeId } from "../../core/types.ts";
import type { Consistency } from "./protocol.ts";
import { Router, type ClientPorts } from "./router.ts";

export interface ClientOptions {
  readonly ports: ClientPorts;
  /**
   * Whether writes go through a client session: they are then retried until certain, and carried out once. Default true.
   * Without, a write whose answer is lost is `unknown` at once.
   */
  readonly useSession?: boolean;
  /** Default for every operation: 5,000. */
  readonly timeoutMs?: number;
  /** A node that is silent for so long is given up for another one, where asking twice is safe. Default 500. */
  readonly attemptMs?: number;
}

export interface OperationOptions {
  readonly timeoutMs?: number;
  /** Asked first; default: who leads, as far as the client knows. */
  readonly node?: NodeId;
  /** Nobody but `node` is asked. */
  readonly pinned?: boolean;
}

export interface ReadOptions extends OperationOptions {
  /** Default `linearizable`. */
  readonly consistency?: Consistency;
}

/** How an operation ended. */
export type KvOutcome<T> =
  | { readonly outcome: "done"; readonly result: T; readonly index: number }
  /** Nothing was done, and nothing will be. */
  | { readonly outcome: "refused"; readonly reason: RefusalReason | "not-leader"; readonly detail: string }
  /** A write that may have been carried out, may still be, or never. Reads do not end so: they are refused. */
  | Unknown;

const TIMEOUT_MS = 5_000;
const ATTEMPT_MS = 500;
const NOBODY = { outcome: "refused", reason: "deadline", detail: "no node could be reached in time" } as const;

export class RequestClient {
  readonly router: Router;
  readonly #useSession: boolean;
  readonly #timeoutMs: number;
  readonly #attemptMs: number;
  #session: Promise<ClientSession | Exclude<KvOutcome<never>, { outcome: "done" }>> | undefined;

  constructor({ ports, useSession = true, timeoutMs = TIMEOUT_MS, attemptMs = ATTEMPT_MS }: ClientOptions) {
    this.router = new Router(ports);
    this.#useSession = useSession;
    this.#timeoutMs = timeoutMs;
    this.#attemptMs = attemptMs;
  }

  /** Carries out a command. */
  async execute(command: Uint8Array, options: OperationOptions = {}): Promise<KvOutcome<Uint8Array>> {
    const deadline = performance.now() + (options.timeoutMs ?? this.#timeoutMs);
    if (!this.#useSession) return told(await this.#submit(command, undefined, deadline, options));
    const session = await this.#openSession(deadline);
    if (!(session instanceof ClientSession)) return session;
    const outcome = await session.propose(command, { timeoutMs: Math.max(1, deadline - performance.now()) });
    // It was given up for newer ones: the next command gets a new session. This one was refused, or is unknown already.
    if (outcome.outcome === "refused" && outcome.reason === "session-expired") this.#session = undefined;
    return told(outcome);
  }

  /** Asks about the state. */
  async query(query: Uint8Array, options: ReadOptions = {}): Promise<KvOutcome<Uint8Array>> {
    const { timeoutMs = this.#timeoutMs, consistency = "linearizable", node, pinned } = options;
    const route = { deadline: performance.now() + timeoutMs, attemptMs: this.#attemptMs, node, pinned };
    const answer = await this.router.route(route, (connection, tryMs) => connection.read(query, consistency, tryMs));
    if (answer === undefined || answer.outcome === "lost") return NOBODY;
    if (answer.outcome === "value") return { outcome: "done", result: answer.value, index: answer.index };
    return answer.outcome === "not-leader" ? notLeader(answer.leader) : answer;
  }

  close(): void {
    this.router.close();
  }

  /** One try, which is over once anything may have been done. Without a session it takes all the time there is. */
  async #submit(
    command: Uint8Array,
    session: ProposeOptions["session"],
    deadline: number,
    { node, pinned }: OperationOptions,
  ): Promise<ProposalOutcome> {
    const route = { deadline, attemptMs: Infinity, node, pinned };
    const outcome = await this.router.route(route, (connection, timeoutMs) =>
      connection.propose(command, { timeoutMs, session }),
    );
    return outcome ?? NOBODY;
  }

  async #openSession(deadline: number): Promise<ClientSession | Exclude<KvOutcome<never>, { outcome: "done" }>> {
    this.#session ??= this.#tryOpenSession(deadline);
    const session = await this.#session;
    if (!(session instanceof ClientSession)) this.#session = undefined;
    return session;
  }

  /** An answer that was lost leaves a session nobody uses behind: another one is opened. */
  async #tryOpenSession(deadline: number): Promise<ClientSession | Exclude<KvOutcome<never>, { outcome: "done" }>> {
    do {
      const route = { deadline, attemptMs: this.#attemptMs };
      const answer = await this.router.route(route, (connection, timeoutMs) => connection.openSession(timeoutMs));
      if (answer?.outcome === "opened") {
        return new ClientSession({
          session: answer.session,
          tryMs: this.#attemptMs,
          submit: (command, tag, timeoutMs) => this.#submit(command, tag, performance.now() + timeoutMs, {}),
        });
      }
      if (answer?.outcome === "refused") return answer;
    } while (performance.now() < deadline);
    // The command itself was never sent.
    return { outcome: "refused", reason: "deadline", detail: "no session could be opened in time" };
  }
}

function told(outcome: ProposalOutcome): KvOutcome<Uint8Array> {
  switch (outcome.outcome) {
    case "committed":
      return { outcome: "done", result: outcome.result, index: outcome.index };
    case "not-leader":
      return notLeader(outcome.leader);
    case "refused":
    case "unknown":
      return outcome;
    default:
      return outcome satisfies never;
  }
}

function notLeader(leader: NodeId | undefined): KvOutcome<never> {
  return { outcome: "refused", reason: "not-leader", detail: `node ${leader ?? "?"} was named as leader to the end` };
}
