/**
 * Client sessions: which commands were carried out already, and with what result, so that a retry is answered instead of
 * carried out again (dissertation, section 6.3). Part of the replicated state: the same on every node at one index.
 */
import { RaftError } from "../errors.ts";
import type { SessionTag } from "./node.ts";

/** Results of one session that are kept while the client does not say that it has them. */
const MAX_RESULTS = 1_024;
const PENDING = new Uint8Array();

interface Session {
  /** Everything up to here was answered, and the client knows. */
  acknowledged: number;
  readonly results: Map<number, Uint8Array>;
}

/** What a command of a session is to be met with. */
export type Standing =
  | { readonly kind: "new" }
  | { readonly kind: "done"; readonly result: Uint8Array }
  | { readonly kind: "acknowledged" }
  | { readonly kind: "no-session" };

export class SessionTable {
  /** In order of use: the first is the one unused for longest. */
  readonly #sessions = new Map<number, Session>();

  get size(): number {
    return this.#sessions.size;
  }

  /** Opens the session named `index`, and gives up the least recently used beyond `limit`. */
  open(index: number, limit: number): void {
    this.#sessions.set(index, { acknowledged: 0, results: new Map() });
    for (const id of this.#sessions.keys()) {
      if (this.#sessions.size <= Math.max(1, limit)) break;
      this.#sessions.delete(id);
    }
  }

  /** Looks a command up, and forgets the results that its client has. */
  look({ session: id, sequence, acknowledged }: SessionTag): Standing {
    const session = this.#sessions.get(id);
    if (session === undefined) return { kind: "no-session" };
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    if (acknowledged > session.acknowledged) {
      session.acknowledged = acknowledged;
      for (const each of session.results.keys()) if (each <= acknowledged) session.results.delete(each);
    }
    if (sequence <= session.acknowledged) return { kind: "acknowledged" };
    const result = session.results.get(sequence);
    if (result !== undefined) return { kind: "done", result };
    this.#reserve(session, sequence);
    return { kind: "new" };
  }

  /** Keeps the result of a command that was new. */
  record({ session: id, sequence }: SessionTag, result: Uint8Array): void {
    const results = this.#sessions.get(id)?.results;
    if (results?.has(sequence) === true) results.set(sequence, result);
  }

  /** Makes room when a command is looked up, not when its result is there: nodes apply in batches of different sizes. */
  #reserve(session: Session, sequence: number): void {
    session.results.set(sequence, PENDING);
    if (session.results.size <= MAX_RESULTS) return;
    // A client that acknowledges nothing may not fill the memory. What is forgotten counts as acknowledged, so that it is
    // refused rather than done twice.
    const lowest = Math.min(...session.results.keys());
    session.acknowledged = Math.max(session.acknowledged, lowest);
    session.results.delete(lowest);
  }

  encode(): Uint8Array {
    let bytes = 4;
    for (const { results } of this.#sessions.values()) {
      bytes += 20;
      for (const result of results.values()) bytes += 12 + result.length;
    }
    const out = new Uint8Array(bytes);
    const view = new DataView(out.buffer);
    view.setUint32(0, this.#sessions.size, true);
    let at = 4;
    for (const [id, { acknowledged, results }] of this.#sessions) {
      view.setFloat64(at, id, true);
      view.setFloat64(at + 8, acknowledged, true);
      view.setUint32(at + 16, results.size, true);
      at += 20;
      for (const [sequence, result] of results) {
        view.setFloat64(at, sequence, true);
        view.setUint32(at + 8, result.length, true);
        out.set(result, at + 12);
        at += 12 + result.length;
      }
    }
    return out;
  }

  /** @throws RaftError `corrupt`. */
  static decode(bytes: Uint8Array): SessionTable {
    const table = new SessionTable();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    const take = (length: number): number => {
      if (at + length > bytes.length) throw new RaftError("corrupt", "the sessions of a snapshot end too early");
      at += length;
      return at - length;
    };
    const count = view.getUint32(take(4), true);
    for (let i = 0; i < count; i += 1) {
      const start = take(20);
      const results = new Map<number, Uint8Array>();
      const kept = view.getUint32(start + 16, true);
      for (let j = 0; j < kept; j += 1) {
        const head = take(12);
        const length = view.getUint32(head + 8, true);
        const from = take(length);
        results.set(view.getFloat64(head, true), bytes.slice(from, from + length));
      }
      table.#sessions.set(view.getFloat64(start, true), {
        acknowledged: view.getFloat64(start + 8, true),
        results,
      });
    }
    if (at !== bytes.length) throw new RaftError("corrupt", "bytes follow the sessions of a snapshot");
    return table;
  }
}
