/** A turn as its host writes it down: what waits, what is on its way, and the keys that it is written with. */
import { LIMITS } from "../state/limits.ts";
import type { BothKeys } from "./keys/ring.ts";
import { sealRecords } from "./pieces.ts";
import type { JournalOff } from "./port.ts";
import { encodeRecords, type AnyRecord } from "./records.ts";
import { drawKey, wipe } from "./sealing.ts";

/** What another host has written of a turn that goes on here. */
export interface Resumed {
  readonly keys: BothKeys;
  readonly entries: readonly Uint8Array[];
  readonly records: number;
  /** The key of what is kept after it is another than it was, and known to nobody yet. */
  readonly hasNewKey: boolean;
}

export class WrittenTurn {
  /** Why nothing of it is written. */
  off: JournalOff | undefined;
  /** Aborted when its keys are not needed any more. */
  readonly over = new AbortController();
  #keys: BothKeys | undefined;
  #entrusted: { readonly electorate: string; readonly atMs: number } | undefined;
  #hasNewKey = false;
  #waiting: AnyRecord[] = [];
  #waitingBytes = 0;
  /** On their way: as records, and as the entries that hold them. */
  #sent: readonly AnyRecord[] = [];
  #sealed: readonly Uint8Array[] = [];
  /** Entries that are safe. */
  #from = 0;
  #bytes = 0;
  #records = 0;

  constructor(resumed?: Resumed) {
    if (resumed === undefined) return;
    this.#keys = resumed.keys;
    this.#hasNewKey = resumed.hasNewKey;
    this.#from = resumed.entries.length;
    this.#bytes = bytesOf(resumed.entries);
    this.#records = resumed.records;
  }

  /** Undefined until it is written with them. */
  get keys(): BothKeys | undefined {
    return this.#keys;
  }

  /** Drawn at the first call, for the turn of this number. */
  keysFor(turn: () => number): BothKeys {
    this.#keys ??= { turn: turn(), records: drawKey(), kept: drawKey() };
    return this.#keys;
  }

  /** Who kept its keys, and since when; undefined: nobody yet. */
  get entrusted(): { readonly electorate: string; readonly atMs: number } | undefined {
    return this.#entrusted;
  }

  /** It was begun elsewhere, and has one key that nobody keeps yet. */
  get hasNewKey(): boolean {
    return this.#hasNewKey;
  }

  /** Most of this electorate have its keys. */
  wasEntrusted(to: { readonly electorate: string; readonly atMs: number }): void {
    this.#entrusted = to;
    this.#hasNewKey = false;
  }

  /** Whether the cluster has anything of it. */
  get isBegun(): boolean {
    return this.#from > 0;
  }

  /** Records that are safe. */
  get records(): number {
    return this.#records;
  }

  get isWaiting(): boolean {
    return this.off === undefined && (this.#waiting.length > 0 || this.#sealed.length > 0);
  }

  add(record: AnyRecord): void {
    if (this.off !== undefined) return;
    this.#waiting.push(record);
    this.#waitingBytes += encodeRecords([record]).length;
    // However long the cluster takes nothing.
    if (this.#waitingBytes > LIMITS.journalTurnBytes) this.turnOff("full");
  }

  /** Nothing of it is written any more. */
  turnOff(why: JournalOff): void {
    this.off = why;
    [this.#waiting, this.#sent, this.#sealed] = [[], [], []];
  }

  /** What is to be written now: all that waits, behind what may be there already. Undefined where that is more than a turn may have. */
  next(session: string): { readonly from: number; readonly entries: readonly Uint8Array[] } | undefined {
    const { keys } = this;
    if (keys !== undefined && this.#waiting.length > 0) {
      const chapter = { session, turn: keys.turn, key: keys.records };
      const more = sealRecords(chapter, this.#from + this.#sealed.length, this.#waiting);
      this.#sent = [...this.#sent, ...this.#waiting];
      this.#sealed = [...this.#sealed, ...more];
      [this.#waiting, this.#waitingBytes] = [[], 0];
    }
    const isTooLong = this.#from + this.#sealed.length > LIMITS.journalRecords;
    if (isTooLong || this.#bytes + bytesOf(this.#sealed) > LIMITS.journalTurnBytes) return undefined;
    return { from: this.#from, entries: this.#sealed };
  }

  /** These entries, as {@link next} gave them, are safe. */
  wrote(entries: readonly Uint8Array[]): void {
    // Turned off meanwhile.
    if (this.#sealed !== entries) return;
    this.#from += entries.length;
    this.#bytes += bytesOf(entries);
    this.#records += this.#sent.length;
    [this.#sent, this.#sealed] = [[], []];
  }

  /** Others are where these were to go: they go behind them. */
  moveBehind(entries: readonly Uint8Array[]): void {
    this.#waiting = [...this.#sent, ...this.#waiting];
    [this.#sent, this.#sealed] = [[], []];
    this.#from = entries.length;
    this.#bytes = bytesOf(entries);
  }

  /** Its keys are gone here. */
  forget(): void {
    this.over.abort();
    this.turnOff(this.off ?? "ended");
    wipe(this.#keys?.records);
    wipe(this.#keys?.kept);
    this.#keys = undefined;
  }
}

function bytesOf(entries: readonly Uint8Array[]): number {
  return entries.reduce((sum, { length }) => sum + length, 0);
}
