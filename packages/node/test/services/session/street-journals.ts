/** Journals of a house's sessions as far as a test needs them: what is kept between turns, while its writer is not cut off. */
import type { FoundJournal, Journal, Journals } from "../../../src/cluster/journal/port.ts";
import { PeerError } from "../../../src/errors.ts";

export class StreetJournals {
  /** Peers that cannot reach the others. */
  readonly cut = new Set<string>();
  readonly #kept = new Map<string, string>();

  of(peer: string): Journals {
    const memory = { load: async () => [], add: () => Promise.resolve(), remove: () => Promise.resolve() };
    const known = (session: string): Promise<FoundJournal> => Promise.resolve(this.#found(session));
    return { isInForce: true, open: (session) => this.#open(peer, session), known, memory, all: () => [] };
  }

  #found(session: string): FoundJournal {
    const json = this.#kept.get(session);
    const value: unknown = json === undefined ? undefined : JSON.parse(json);
    const lost = { kept: undefined, turn: undefined };
    return { kept: json === undefined ? undefined : { value }, turn: undefined, lost };
  }

  #open(peer: string, session: string): Journal {
    const isCut = (): boolean => this.cut.has(peer);
    const kept = this.#kept;
    const cannot = new PeerError("no-quorum", "cut off", { nextStep: "Wait." });
    return {
      session,
      overtaken: new AbortController().signal,
      get position() {
        const counts = { turn: undefined, records: 0, bytes: 0, commits: 0 };
        return isCut()
          ? { ...counts, state: "behind" as const, why: "no-quorum" as const }
          : { ...counts, state: "written" as const, why: undefined };
      },
      found: async () => {
        if (isCut()) throw cannot;
        return this.#found(session);
      },
      begin: () => undefined,
      append: () => undefined,
      flush: () => (isCut() ? Promise.reject(cannot) : Promise.resolve()),
      settle: (value) => void (isCut() || kept.set(session, JSON.stringify(value))),
      end: () => void (isCut() || kept.delete(session)),
      close: () => undefined,
    };
  }
}
