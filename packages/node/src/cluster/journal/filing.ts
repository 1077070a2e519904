/** The way of a session's journal to the cluster: shows the stamp, numbers the turns, gives their keys away, submits, counts. */
import { ActorError, type ActorSystem, type Stamp } from "@parley/actors";
import { invariant } from "../../errors.ts";
import type { SharedState, Submitted } from "../consensus/shared-state.ts";
import type { SessionJournal } from "../state/model.ts";
import type { ClusterCommand } from "../state/schemas.ts";
import { textOf, type Electorate } from "./keys/electorate.ts";
import type { BothKeys, KeyRing } from "./keys/ring.ts";
import { GRACE_MS } from "./keys/store.ts";
import type { WrittenTurn } from "./turn.ts";

export interface FilingOptions {
  readonly session: string;
  readonly stamp: () => Stamp;
  readonly system: ActorSystem;
  readonly shared: Pick<SharedState, "now" | "submit">;
  readonly ring: Pick<KeyRing, "entrust" | "find">;
  readonly electorate: () => Electorate;
  /** For people, and for the numbers of turns. */
  readonly wallMs: () => number;
  /** The same session's journal of an earlier stay here: settles once that writes nothing any more. */
  readonly earlier: Promise<void>;
}

const SUBMIT_MS = 2_000;
/** Keys are younger than that when the first is written with them. */
const FRESH_MS = GRACE_MS / 2;

export class Filing {
  readonly #options: FilingOptions;
  readonly #over: AbortSignal;
  #opening: Promise<boolean> | undefined;
  #before: SessionJournal | undefined;
  /** The last turn that was begun here or before. */
  #lastTurn = 0;
  #bytes = 0;
  #commits = 0;

  /** @param over aborted once nothing is written any more */
  constructor(options: FilingOptions, over: AbortSignal) {
    this.#options = options;
    this.#over = over;
  }

  /** Bytes and writes that the cluster has taken. */
  get taken(): { readonly bytes: number; readonly commits: number } {
    return { bytes: this.#bytes, commits: this.#commits };
  }

  /** What was there when the stamp was shown. */
  get before(): SessionJournal | undefined {
    return this.#before;
  }

  /** What is there, as far as it is known here. */
  get now(): SessionJournal | undefined {
    return this.#options.shared.now.journals.get(this.#options.session);
  }

  get atMs(): number {
    return Math.floor(this.#options.wallMs());
  }

  /**
   * Shows the stamp, and looks what is there; once. False: nobody can agree now.
   * @throws ActorError `stale-epoch`, `stale-term`
   */
  async open(stamp: () => Stamp): Promise<boolean> {
    this.#opening ??= this.#showStamp(stamp).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    const isOpen = await this.#opening;
    if (!isOpen) this.#opening = undefined;
    return isOpen;
  }

  /** As `SharedState.submit`. @throws ActorError `stale-epoch`, `stale-term` */
  async submit(command: ClusterCommand): Promise<Submitted> {
    const submitted = await this.#options.shared.submit(command, { timeoutMs: SUBMIT_MS });
    if (submitted.outcome !== "refused") return submitted;
    const { reason, detail } = submitted;
    if (reason === "stale-epoch" || reason === "stale-term") throw new ActorError(reason, detail);
    invariant(reason !== "malformed", `what a journal writes can be written: ${detail}`);
    return submitted;
  }

  /** The keys of a turn; drawn, and its number given, at the first call. */
  keysOf(turn: WrittenTurn): BothKeys {
    return turn.keysFor(() => this.#nextTurn());
  }

  /** True once most voters have the turn's keys; false where that takes too long, or the turn is over. */
  async entrust(turn: WrittenTurn): Promise<boolean> {
    const { system, ring, electorate, session } = this.#options;
    const keys = this.keysOf(turn);
    if (turn.isBegun && !turn.hasNewKey) return true;
    const now = { electorate: textOf(electorate()), atMs: system.clock.nowMs() };
    const { entrusted } = turn;
    if (entrusted?.electorate === now.electorate && now.atMs - entrusted.atMs < FRESH_MS) return true;
    const late = new AbortController();
    const timer = system.clock.after(SUBMIT_MS, () => late.abort());
    const signal = AbortSignal.any([late.signal, turn.over.signal, this.#over]);
    try {
      await ring.entrust(session, keys, signal);
      turn.wasEntrusted(now);
      return true;
    } catch (error) {
      if (!signal.aborted) throw error;
      return false;
    } finally {
      timer.cancel();
    }
  }

  /** The cluster has taken these. */
  count(entries: readonly Uint8Array[]): void {
    this.#commits += 1;
    for (const { length } of entries) this.#bytes += length;
  }

  async #showStamp(stamp: () => Stamp): Promise<boolean> {
    if (!(await this.#isEarlierOver())) return false;
    const submitted = await this.submit({ type: "fence", stamp: stamp() });
    if (submitted.outcome !== "done") return false;
    this.#before = this.now;
    this.#lastTurn = this.#before?.turn ?? 0;
    return true;
  }

  /** What an earlier stay has under way, and what ends the session, would come between. */
  async #isEarlierOver(): Promise<boolean> {
    const { earlier, system } = this.#options;
    const late = Promise.withResolvers<boolean>();
    const timer = system.clock.after(SUBMIT_MS, () => late.resolve(false));
    const isOver = await Promise.race([earlier.then(() => true), late.promise]);
    timer.cancel();
    return isOver;
  }

  /** By the clock, so that it is greater than any that an earlier journal of the session had. */
  #nextTurn(): number {
    this.#lastTurn = Math.max(this.#lastTurn + 1, this.atMs);
    return this.#lastTurn;
  }
}
