/**
 * What this peer is to write once the cluster can agree on it: kept on disk, in order, with ids of its own, until it is delivered.
 * Each command takes effect once, whatever the courier has to repeat (`state/delivery.ts`). Commands that are submitted elsewhere
 * do not wait for those here.
 */
import type { Logger } from "pino";
import { codeOf, messageOf, PeerError } from "../../errors.ts";
import { Bell } from "../consensus/bell.ts";
import { decodeCommand, encodeChecked, type RefusalReason } from "../state/codec.ts";
import { KNOWN_VERSION } from "../state/versions.ts";
import { postponed, type PostponedCommand } from "../state/schemas.ts";
import type { OutboxFile } from "./file.ts";
import { Journal, NewerFormat } from "./journal.ts";
import type { Waiting } from "./records.ts";

export interface OutboxLimits {
  readonly commands: number;
  /** Of all commands that wait. */
  readonly bytes: number;
}

export const OUTBOX_LIMITS: OutboxLimits = { commands: 4_096, bytes: 16 * 1024 * 1024 };

/**
 * What became of a command. `unknown`: it was delivered, and what became of it is not known here any more; `dropped`: this peer
 * belongs to the cluster no more that it was for.
 */
export type Delivery =
  | { readonly outcome: "done"; readonly value: number }
  | { readonly outcome: "refused"; readonly reason: RefusalReason | "too-large"; readonly detail: string }
  | { readonly outcome: "unknown" | "dropped"; readonly detail: string };

/** How much waits. */
export interface OutboxLoad {
  readonly count: number;
  readonly bytes: number;
  /** Since when the oldest waits, by the clock of the wall; undefined: nothing waits. */
  readonly oldestAtMs: number | undefined;
}

/** The outbox as the rest of the peer uses it. */
export interface Later {
  readonly load: OutboxLoad;
  /**
   * Settles when the command is durable here. It is delivered after all that were submitted before.
   * @throws PeerError `outbox-full`, `disk-full`, `home-unusable`, `not-member`, `usage` for what is no command; then it is not kept
   */
  submit(command: PostponedCommand): Promise<{ readonly id: string }>;
  /** What became of a command; undefined: it waits. @throws PeerError `usage` for an id that this outbox never gave */
  outcomeOf(id: string): Delivery | undefined;
  /** Settles when it is delivered. @throws PeerError `usage`; the reason of `signal` */
  delivered(id: string, options: { readonly signal: AbortSignal }): Promise<Delivery>;
  /** Calls `changed` when something came or went, not from within; must not throw. */
  watch(changed: () => void): () => void;
}

/** The outcomes of so many are remembered, until this peer stops. */
const REMEMBERED = 1_024;

export interface OutboxOptions {
  readonly file: OutboxFile;
  readonly log: Logger;
  readonly limits?: OutboxLimits;
  /** Default: the clock of the wall. */
  readonly nowMs?: () => number;
}

export class Outbox implements Later {
  readonly #journal: Journal;
  readonly #options: OutboxOptions;
  readonly #limits: OutboxLimits;
  readonly #bell = new Bell();
  readonly #outcomes = new Map<number, Delivery>();
  #isOver = false;

  private constructor(journal: Journal, options: OutboxOptions) {
    this.#journal = journal;
    this.#options = options;
    this.#limits = options.limits ?? OUTBOX_LIMITS;
  }

  /** @throws PeerError `home-unusable` */
  static async open(options: OutboxOptions): Promise<Outbox> {
    try {
      const { journal, found } = await Journal.open(options.file);
      if (found.isUnreadable) options.log.error(found, "the outbox could not be read: what waited in it is lost");
      else if (found.lostBytes > 0) {
        options.log.warn(found, "the end of the outbox could not be read: a write that was cut short, or damage");
      }
      return new Outbox(journal, options);
    } catch (cause) {
      if (!(cause instanceof NewerFormat)) throw unusable("read", cause);
      throw new PeerError("home-unusable", "newer software wrote this peer's outbox", {
        nextStep: "Start the newer version again until all is delivered (parley status), then this one.",
        cause,
      });
    }
  }

  /** Names this outbox: see `state/delivery.ts`. */
  get box(): string {
    return this.#journal.box;
  }

  /** In the order of their delivery. */
  get waiting(): readonly Waiting[] {
    return this.#journal.waiting;
  }

  get load(): OutboxLoad {
    const { waiting, size } = this.#journal;
    return { ...size, oldestAtMs: waiting[0]?.atMs };
  }

  async submit(command: PostponedCommand): Promise<{ readonly id: string }> {
    const encoded = postponed.safeParse(command).success ? encodeChecked(command) : undefined;
    if (!(encoded instanceof Uint8Array)) {
      throw new PeerError("usage", `this cannot be written down for later: ${encoded?.detail ?? "no such command"}`, {
        nextStep: "Check the key, and how long the value is.",
      });
    }
    if (this.#isOver) {
      throw new PeerError("not-member", "this peer belongs no more to the cluster that this was for", {
        nextStep: "See where it belongs: parley status.",
      });
    }
    const { count, bytes } = this.#journal.size;
    if (count >= this.#limits.commands || bytes + encoded.length > this.#limits.bytes) throw full(count, bytes);
    const nowMs = this.#options.nowMs ?? Date.now;
    try {
      const sequence = await this.#journal.append(encoded, Math.max(0, Math.floor(nowMs())));
      return { id: `${this.box}.${sequence}` };
    } catch (cause) {
      throw unusable("write", cause);
    } finally {
      this.#bell.ring();
    }
  }

  outcomeOf(id: string): Delivery | undefined {
    const sequence = this.#sequenceOf(id);
    if (this.#journal.waiting.some((each) => each.sequence === sequence)) return undefined;
    return this.#outcomes.get(sequence) ?? { outcome: "unknown", detail: "it was delivered a while ago" };
  }

  async delivered(id: string, { signal }: { readonly signal: AbortSignal }): Promise<Delivery> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Delivery>();
    const look = (): void => {
      const outcome = this.outcomeOf(id);
      if (outcome !== undefined) resolve(outcome);
    };
    const giveUp = (): void => reject(signal.reason);
    const stop = this.watch(look);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      look();
      return await promise;
    } finally {
      stop();
      signal.removeEventListener("abort", giveUp);
    }
  }

  watch(changed: () => void): () => void {
    return this.#bell.watch(changed);
  }

  /** The command of one that waits; undefined where this software cannot read it. */
  read({ command }: Waiting): PostponedCommand | undefined {
    const decoded = decodeCommand(command, KNOWN_VERSION);
    return "outcome" in decoded ? undefined : postponed.safeParse(decoded).data;
  }

  /** The first ones have been delivered, and this became of them. Never rejects. */
  async settle(deliveries: readonly (readonly [sequence: number, delivery: Delivery])[]): Promise<void> {
    for (const [sequence, delivery] of deliveries) this.#outcomes.set(sequence, delivery);
    for (const oldest of this.#outcomes.keys()) {
      if (this.#outcomes.size <= REMEMBERED) break;
      this.#outcomes.delete(oldest);
    }
    const sequence = deliveries.at(-1)?.[0];
    if (this.#isOver || sequence === undefined) return;
    try {
      await this.#journal.settle(sequence);
    } catch (error) {
      // Until it can be, a restart delivers it again, and the cluster passes over it.
      this.#options.log.warn({ err: error, sequence }, "that a command was delivered could not be written down");
    }
    this.#bell.ring();
  }

  /**
   * This peer belongs no more to the cluster that all of it was for.
   * @returns how many commands are dropped
   * @throws PeerError `home-unusable`
   */
  async drop(detail: string): Promise<number> {
    if (this.#isOver) return 0;
    this.#isOver = true;
    for (const { sequence } of this.#journal.waiting) this.#outcomes.set(sequence, { outcome: "dropped", detail });
    try {
      return await this.#journal.clear();
    } catch (cause) {
      throw unusable("remove", cause);
    } finally {
      this.#bell.ring();
    }
  }

  /** What waits stays on disk. */
  close(): Promise<void> {
    return this.#journal.close();
  }

  #sequenceOf(id: string): number {
    const at = id.lastIndexOf(".");
    const sequence = Number(id.slice(at + 1));
    if (id.slice(0, at) === this.box && this.#journal.hasHad(sequence)) return sequence;
    throw new PeerError("usage", "this peer's outbox never gave that id", {
      nextStep: "Use the id that the request was answered with.",
    });
  }
}

function full(count: number, bytes: number): PeerError {
  return new PeerError("outbox-full", `${count} writes wait to be delivered already, and no more fit`, {
    nextStep: "Bring back enough of the cluster's peers (parley status); then they are delivered by themselves.",
    details: { count, bytes },
  });
}

const FULL_DISK = new Set(["ENOSPC", "EDQUOT"]);

function unusable(verb: string, cause: unknown): PeerError {
  if (!FULL_DISK.has(codeOf(cause))) {
    return new PeerError("home-unusable", `cannot ${verb} this peer's outbox: ${messageOf(cause)}`, {
      nextStep: "Check the owner and permissions of the peer's home.",
      cause,
    });
  }
  return new PeerError("disk-full", "the disk is full: this cannot be written down for later", {
    nextStep: "Make room on the disk of the peer's home, and try again.",
    cause,
  });
}
