/** The way of a session's host to those who keep its keys. */
import type { ActorRef, ActorSystem } from "@parley/actors";
import { PeerError } from "../../../errors.ts";
import { nameOf, wipe } from "../sealing.ts";
import { isMajority, votersOf, type Electorate } from "./electorate.ts";
import { foundAnswer, KEEPER, keptAnswer, type Found, type KeeperMessage, type Kept } from "./protocol.ts";
import type { TurnKeys } from "./store.ts";

export interface KeyRingOptions {
  readonly system: ActorSystem;
  readonly electorate: () => Electorate;
  /** Who belongs; also those who voted before may have keys. */
  readonly members: () => readonly string[];
}

/** Both keys of a turn. */
export interface BothKeys {
  readonly turn: number;
  readonly records: Uint8Array;
  readonly kept: Uint8Array;
}

const ASK_MS = 1_000;
const PAUSE_MS = 100;
const FIND_MS = 4_000;

export class KeyRing {
  readonly #options: KeyRingOptions;

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  /** Settles once most voters have them. @throws the reason of `signal` */
  async entrust(session: string, keys: BothKeys, signal: AbortSignal): Promise<void> {
    const { electorate, system } = this.#options;
    const keeping = new Set<string>();
    for (;;) {
      signal.throwIfAborted();
      const enough = Promise.withResolvers<void>();
      const lacking = votersOf(electorate()).filter((peer) => !keeping.has(peer));
      const all = lacking.map(async (peer) => {
        if (!(await this.#give(peer, session, keys, signal))) return;
        keeping.add(peer);
        if (isMajority(electorate(), keeping)) enough.resolve();
      });
      await Promise.race([enough.promise, Promise.all(all)]);
      if (isMajority(electorate(), keeping)) return;
      signal.throwIfAborted();
      await pause(system, PAUSE_MS, signal);
    }
  }

  /**
   * The keys of these names: each with those of its turn. One that is not among them is lost: all voters have said that they have it
   * not; or most, and the others cannot be asked. @throws PeerError `no-quorum` when that is not to be known in time
   */
  async find(session: string, names: readonly string[]): Promise<ReadonlyMap<string, TurnKeys>> {
    const { electorate, system, members } = this.#options;
    const found = new Map<string, TurnKeys>();
    const heard = new Set<string>();
    const untilMs = system.clock.nowMs() + FIND_MS;
    while (found.size < names.length) {
      const enough = Promise.withResolvers<void>();
      const asked = new Set([...votersOf(electorate()), ...members()]);
      const all = [...asked].map(async (peer) => {
        const answer = await this.#find(peer, session, names);
        for (const keys of answer?.turns ?? []) gather(found, names, keys);
        if (answer?.isWhole === true) heard.add(peer);
        if (found.size === names.length) enough.resolve();
      });
      await Promise.race([enough.promise, Promise.all(all)]);
      const isKnown = isMajority(electorate(), heard);
      const isHeardOfAll = isKnown && votersOf(electorate()).every((peer) => heard.has(peer));
      if (found.size === names.length || isHeardOfAll) break;
      if (system.clock.nowMs() < untilMs) {
        await pause(system, PAUSE_MS);
        continue;
      }
      if (isKnown) break;
      throw new PeerError("no-quorum", "too few of those who keep a session's keys can be asked", {
        nextStep: "See what would restore the quorum: parley status.",
      });
    }
    return found;
  }

  async #give(peer: string, session: string, { turn, records, kept }: BothKeys, signal: AbortSignal): Promise<boolean> {
    const make = (replyTo: ActorRef<Kept>): KeeperMessage => ({ type: "keep", session, turn, records, kept, replyTo });
    try {
      return keptAnswer(await this.#keeper(peer).ask<Kept>(make, { timeoutMs: ASK_MS, signal })).isKept;
    } catch (error) {
      this.#unanswered(peer, error);
      return false;
    }
  }

  async #find(peer: string, session: string, names: readonly string[]): Promise<Found | undefined> {
    const make = (replyTo: ActorRef<Found>): KeeperMessage => ({ type: "find", session, names, replyTo });
    try {
      return foundAnswer(await this.#keeper(peer).ask<Found>(make, { timeoutMs: ASK_MS }));
    } catch (error) {
      this.#unanswered(peer, error);
      return undefined;
    }
  }

  #keeper(peer: string): ActorRef<KeeperMessage> {
    return this.#options.system.resolve<KeeperMessage>(`parley://${peer}/${KEEPER}`);
  }

  #unanswered(peer: string, error: unknown): void {
    this.#options.system.log.debug("a keeper of keys did not answer", { peer, error });
  }
}

/** Of these keys, those that have one of the names, by it. */
export function gathered(names: readonly string[], turns: readonly TurnKeys[]): ReadonlyMap<string, TurnKeys> {
  const found = new Map<string, TurnKeys>();
  for (const keys of turns) gather(found, names, keys);
  return found;
}

/** Takes of an answer what was asked for and is not there yet; whoever answered may have given anything. */
function gather(found: Map<string, TurnKeys>, names: readonly string[], keys: TurnKeys): void {
  let isTaken = false;
  for (const key of [keys.records, keys.kept]) {
    const name = key === undefined ? undefined : nameOf(key);
    if (name === undefined || !names.includes(name) || found.has(name)) continue;
    found.set(name, keys);
    isTaken = true;
  }
  if (isTaken) return;
  wipe(keys.records);
  wipe(keys.kept);
}

/** @throws the reason of `signal`, soon after it is aborted */
async function pause({ clock }: ActorSystem, delayMs: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => void clock.after(delayMs, resolve));
  signal?.throwIfAborted();
}
