/** A client's connection to one node of the harness: requests out, answers back, in any order. */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { RaftError } from "../../errors.ts";
import type { SessionTag } from "../../driver/node.ts";
import type { NotLeader, ProposalOutcome, Refused, SessionOutcome, Unknown } from "../../driver/outcome.ts";
import { LOOPBACK, type ControlAction, type ControlResults } from "./control.ts";
import { FrameReader, FrameWriter } from "./frames.ts";
import { readAnswer, writeRequest, type Answer, type Consistency, type Request, type WireOutcome } from "./protocol.ts";

/** No answer came: whether the request was carried out is not known. */
interface Lost {
  readonly kind: "lost";
  readonly reason: "closed" | "deadline";
}

/** A value was read, or nothing was; `lost`: no answer came. */
export type WireReadOutcome =
  | { readonly outcome: "value"; readonly index: number; readonly value: Uint8Array }
  | Refused
  | NotLeader
  | { readonly outcome: "lost"; readonly reason: Lost["reason"] };

export interface WireProposal {
  readonly timeoutMs: number;
  readonly session?: SessionTag | undefined;
  readonly forward?: boolean;
}

const CONNECT_TIMEOUT_MS = 1_000;
/** A node answers when the time of a request is over; one that does not even say that is given up this much later. */
const GRACE_MS = 50;
const CONTROL_TIMEOUT_MS = 10_000;

interface Pending {
  readonly settle: (answer: Answer | Lost) => void;
  readonly timer: NodeJS.Timeout;
}

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

export class NodeConnection {
  readonly port: number;
  /** Fulfilled when it is closed, by either side. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #writer: FrameWriter;
  readonly #pending = new Map<number, Pending>();
  readonly #watches = new Map<number, (event: Uint8Array) => void>();
  #nextId = 1;
  #isClosed = false;

  private constructor(port: number, socket: Socket) {
    this.port = port;
    this.#socket = socket;
    this.#writer = new FrameWriter((bytes) => socket.write(bytes));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.on("data", (chunk) => this.#receive(chunk));
    // What went wrong is told by the end of all that is pending.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#end();
      resolve();
    });
  }

  /** @throws RaftError `unreachable`. */
  static async open(port: number, { host = LOOPBACK, timeoutMs = CONNECT_TIMEOUT_MS } = {}): Promise<NodeConnection> {
    const socket = connect({ host, port, noDelay: true });
    const late = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    try {
      await once(socket, "connect");
    } catch (error) {
      throw new RaftError("unreachable", `nobody listens on port ${port}`, { cause: error });
    } finally {
      clearTimeout(late);
    }
    return new NodeConnection(port, socket);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Proposes a command. What was sent and not answered is `unknown`. */
  async propose(command: Uint8Array, { timeoutMs, session, forward = false }: WireProposal): Promise<ProposalOutcome> {
    const answer = await this.#ask({ kind: "propose", timeoutMs, forward, session, command }, timeoutMs + GRACE_MS);
    const outcome = outcomeOf(answer);
    return outcome.outcome === "opened" ? unexpected(outcome.outcome) : outcome;
  }

  async openSession(timeoutMs: number): Promise<SessionOutcome> {
    const answer = await this.#ask({ kind: "open-session", timeoutMs }, timeoutMs + GRACE_MS);
    const outcome = outcomeOf(answer);
    return outcome.outcome === "committed" ? unexpected(outcome.outcome) : outcome;
  }

  async read(query: Uint8Array, consistency: Consistency, timeoutMs: number): Promise<WireReadOutcome> {
    const answer = await this.#ask({ kind: "read", timeoutMs, consistency, query }, timeoutMs + GRACE_MS);
    if (answer.kind === "lost") return { outcome: "lost", reason: answer.reason };
    if (answer.kind === "value") return { outcome: "value", index: answer.index, value: answer.value };
    const outcome = outcomeOf(answer);
    if (outcome.outcome === "refused" || outcome.outcome === "not-leader") return outcome;
    return unexpected(outcome.outcome);
  }

  /**
   * Hears of changes from now on, until the returned function is called or the connection ends.
   * @throws RaftError `unreachable`.
   */
  async watch(watch: Uint8Array, onEvent: (event: Uint8Array) => void, timeoutMs: number): Promise<() => void> {
    const id = this.#nextId;
    this.#watches.set(id, onEvent);
    const answer = await this.#ask({ kind: "watch", watch }, timeoutMs);
    if (answer.kind !== "watching") {
      this.#watches.delete(id);
      if (answer.kind === "lost") throw new RaftError("unreachable", `no watch on port ${this.port}: ${answer.reason}`);
      throw failed(answer);
    }
    return () => {
      if (this.#watches.delete(id) && !this.#isClosed) writeRequest(this.#writer, { kind: "unwatch", id });
    };
  }

  /** @throws RaftError `unreachable` when no answer comes, `closed` when the node says that it failed. */
  async control<A extends ControlAction["action"]>(
    action: Extract<ControlAction, { readonly action: A }>,
    timeoutMs = CONTROL_TIMEOUT_MS,
  ): Promise<ControlResults[A]> {
    const answer = await this.#ask({ kind: "control", body: Buffer.from(JSON.stringify(action)) }, timeoutMs);
    if (answer.kind === "lost") {
      throw new RaftError("unreachable", `port ${this.port} does not answer ${action.action}: ${answer.reason}`);
    }
    if (answer.kind !== "control") throw failed(answer);
    // The other end is the same program, and is believed.
    const result: ControlResults[A] = JSON.parse(Buffer.from(answer.body).toString());
    return result;
  }

  /** Ends it; what is pending is lost. */
  close(): void {
    this.#writer.flush();
    this.#socket.destroy();
    this.#end();
  }

  async #ask(request: WithoutId<Request>, timeoutMs: number): Promise<Answer | Lost> {
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 0xffff_ffff) + 1;
    if (this.#isClosed) return { kind: "lost", reason: "closed" };
    return new Promise((settle) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        settle({ kind: "lost", reason: "deadline" });
      }, timeoutMs);
      this.#pending.set(id, { settle, timer });
      writeRequest(this.#writer, { ...request, id });
    });
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.read(chunk)) this.#take(readAnswer(frame));
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #take(answer: Answer): void {
    if (answer.kind === "event") {
      this.#watches.get(answer.id)?.(answer.event);
      return;
    }
    const pending = this.#pending.get(answer.id);
    // An answer to what was given up before.
    if (pending === undefined) return;
    this.#pending.delete(answer.id);
    clearTimeout(pending.timer);
    pending.settle(answer);
  }

  #end(): void {
    this.#isClosed = true;
    for (const { settle, timer } of this.#pending.values()) {
      clearTimeout(timer);
      settle({ kind: "lost", reason: "closed" });
    }
    this.#pending.clear();
    this.#watches.clear();
  }
}

function outcomeOf(answer: Answer | Lost): WireOutcome {
  if (answer.kind === "outcome") return answer.outcome;
  if (answer.kind === "lost") {
    const isLate = answer.reason === "deadline";
    const detail = isLate ? "no answer came in time" : "the connection ended before the answer";
    return { outcome: "unknown", reason: isLate ? "deadline" : "stopped", detail } satisfies Unknown;
  }
  throw failed(answer);
}

function failed(answer: Answer): RaftError {
  if (answer.kind === "error") return new RaftError("closed", `the node failed: ${answer.message}`);
  return new RaftError("corrupt", `an answer of kind ${answer.kind} was not asked for`);
}

function unexpected(outcome: string): never {
  throw new RaftError("corrupt", `an outcome ${outcome} was not asked for`);
}
