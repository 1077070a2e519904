/** The journals of sessions, in one membership: puts together who keeps keys, who finds them, and each session's writer. */
import type { ActorSystem, EntityMemory, Stamp } from "@parley/actors";
import type { SharedState } from "../consensus/shared-state.ts";
import { refusalOf, unlessCancelled } from "../placement/outcomes.ts";
import { journalBytesOf, sessionsIn } from "../state/journals.ts";
import { JOURNALS_VERSION } from "../state/versions.ts";
import type { Electorate } from "./keys/electorate.ts";
import { startKeeper } from "./keys/keeper.ts";
import { gathered, KeyRing } from "./keys/ring.ts";
import type { KeyStore } from "./keys/store.ts";
import type { FoundJournal, Journal, Journals, JournalSummary } from "./port.ts";
import { readJournal } from "./reading.ts";
import { wipe } from "./sealing.ts";
import { JournalWriter } from "./writer.ts";

export interface JournalsOptions {
  readonly shared: Pick<SharedState, "now" | "submit" | "watch">;
  /** Who votes now, as far as it is known here. */
  readonly electorate: () => Electorate;
  /** Default: the machine's clock. */
  readonly wallMs?: () => number;
}

const LOAD_MS = 5_000;

/** Starts this member's keeper of keys as well. */
export function startJournals(system: ActorSystem, options: JournalsOptions): SessionJournals {
  return new SessionJournals(system, startKeeper(system, options), options);
}

export class SessionJournals implements Journals {
  readonly memory: EntityMemory;
  readonly #system: ActorSystem;
  readonly #options: JournalsOptions;
  readonly #ring: KeyRing;
  readonly #keys: KeyStore;
  readonly #writers = new Map<string, JournalWriter>();
  #isClosed = false;

  /** @param keys those that this member keeps */
  constructor(system: ActorSystem, keys: KeyStore, options: JournalsOptions) {
    this.#system = system;
    this.#keys = keys;
    this.#options = options;
    const { shared, electorate } = options;
    this.#ring = new KeyRing({ system, electorate, members: () => [...shared.now.members.keys()] });
    this.memory = {
      load: (stamp, { signal }) => unlessCancelled(this.#load(stamp), signal),
      // What a session has written tells by itself that it is there.
      add: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    };
  }

  get isInForce(): boolean {
    return this.#options.shared.now.version >= JOURNALS_VERSION;
  }

  open(session: string, stamp: () => Stamp): Journal {
    const before = this.#writers.get(session);
    // One that ends the session may finish that; another's stay is over.
    if (before?.isEnding !== true) before?.close();
    const { shared, electorate, wallMs = () => Date.now() } = this.#options;
    const writer: JournalWriter = new JournalWriter({
      session,
      stamp,
      system: this.#system,
      shared,
      ring: this.#ring,
      electorate,
      wallMs,
      earlier: before?.idle ?? Promise.resolve(),
      ended: () => {
        if (this.#writers.get(session) === writer) this.#writers.delete(session);
      },
    });
    this.#writers.set(session, writer);
    if (this.#isClosed) writer.close();
    return writer;
  }

  async known(session: string): Promise<FoundJournal> {
    const own = { find: async (of: string, names: readonly string[]) => gathered(names, this.#keys.find(of, names)) };
    const { found, resumed } = await readJournal(own, session, this.#options.shared.now.journals.get(session));
    // Nothing is gone on with here.
    wipe(resumed?.keys.records);
    wipe(resumed?.keys.kept);
    return found;
  }

  all(): readonly JournalSummary[] {
    return [...this.#options.shared.now.journals.range()].map(([session, journal]) => {
      const { scope, turn, records, atMs } = journal;
      const bytes = journalBytesOf(session, journal);
      return { session, scope, turn, isInTurn: records !== undefined, entries: records?.length ?? 0, bytes, atMs };
    });
  }

  /** Nothing is written any more. */
  close(): void {
    this.#isClosed = true;
    for (const writer of this.#writers.values()) writer.close();
  }

  /** The stamp is shown first: from then on an older owner writes nothing, so that what is read stays true. */
  async #load(stamp: Stamp): Promise<readonly string[]> {
    if (!this.isInForce) return [];
    const { shared } = this.#options;
    const refusal = refusalOf(await shared.submit({ type: "fence", stamp }, { timeoutMs: LOAD_MS }));
    if (refusal !== undefined) throw refusal;
    return sessionsIn(shared.now, stamp.scope);
  }
}
