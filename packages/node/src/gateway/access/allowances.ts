/**
 * What each account may send at this peer, by the minute: messages and requests, signs of life, sound, and how often its clients may
 * come in. It is the account that counts: an id costs nothing to invent. A little of it is each client's own, so that many clients of
 * one account do not silence one another: together they may send so much more as `logins` lets in. It outlasts connections.
 */
import { Allowance } from "./allowance.ts";
import { Recent } from "./recent.ts";

/** Per minute; 0: as much as comes. */
export interface SendLimits {
  readonly messagesPerMinute: number;
  readonly audioBytesPerMinute: number;
}

/** What is sent. Reports: signs of life, acknowledgements, and what belongs to work that was let in. */
export type SendCost = { readonly messages: number } | { readonly reports: number } | { readonly audioBytes: number };

/** Who sends: an account, by which of its clients; undefined where a request has none. */
export interface Sender {
  readonly account: string;
  readonly clientId?: string | undefined;
  /** How often as much as others it may. Default 1. */
  readonly factor?: number | undefined;
}

const MINUTE_MS = 60_000;
/** Of an account's messages, what each of its clients has for itself. */
const OWN_SHARE = 1 / 20;
/** So many reports for each message of an account; and for each of its clients: a heartbeat every second, at the default. */
const REPORTS = 20;
const OWN_REPORTS = 0.6;
/** A storm of logins after a peer has died brings all clients of an account at once. */
const LOGINS = 10;
/** A frame of sound costs a peer something however short it is: as many of them as if each had so many bytes, within six seconds. */
const FRAME_BYTES = 1_000;
const FRAMES_PER_MS = 6_000;
/** Accounts, and clients of each, that are remembered; those that have sent nothing for longest make room. */
const MOST_ACCOUNTS = 4_097;
const MOST_CLIENTS = 2_048;

interface OwnPurse {
  readonly messages: Allowance | undefined;
  readonly reports: Allowance | undefined;
}

interface Purse extends OwnPurse {
  readonly logins: Allowance | undefined;
  readonly audio: Allowance | undefined;
  readonly frames: Allowance | undefined;
  readonly clients: Recent<OwnPurse>;
}

export class Allowances {
  readonly #limits: SendLimits;
  readonly #nowMs: () => number;
  readonly #purses = new Recent<Purse>(MOST_ACCOUNTS);

  constructor(limits: SendLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /**
   * Takes `cost` from what `sender` may send. Messages and reports are taken if there is so much, sound is there already and taken anyway.
   * @returns undefined: all is well; or in how many milliseconds it may send what is refused now, or anything more of sound
   */
  charge(sender: Sender, cost: SendCost): number | undefined {
    const nowMs = this.#nowMs();
    const purse = this.#purseOf(sender, nowMs);
    if ("audioBytes" in cost) {
      const owedMs = [purse.audio?.spend(cost.audioBytes, nowMs) ?? 0, purse.frames?.spend(1, nowMs) ?? 0];
      const waitMs = Math.max(...owedMs);
      return waitMs === 0 ? undefined : waitMs;
    }
    const own = sender.clientId === undefined ? undefined : this.#ownOf(sender, sender.clientId, purse, nowMs);
    return "messages" in cost
      ? takeOf([purse.messages, own?.messages], cost.messages, nowMs)
      : takeOf([purse.reports, own?.reports], cost.reports, nowMs);
  }

  /** Another client of the account comes in. @returns in how many milliseconds it may, if not now; undefined: it may */
  enter(sender: Sender): number | undefined {
    const nowMs = this.#nowMs();
    return takeOf([this.#purseOf(sender, nowMs).logins], 1, nowMs);
  }

  #purseOf({ account, factor = 1 }: Sender, nowMs: number): Purse {
    return this.#purses.get(account, () => {
      const audioBytes = this.#limits.audioBytesPerMinute * factor;
      const messages = this.#limits.messagesPerMinute * factor;
      return {
        messages: allowanceOf(messages - ownMessages(messages), nowMs),
        reports: allowanceOf(messages * REPORTS, nowMs),
        logins: allowanceOf(messages * LOGINS, nowMs),
        audio: allowanceOf(audioBytes, nowMs),
        frames: allowanceOf(((audioBytes / FRAME_BYTES) * FRAMES_PER_MS) / MINUTE_MS, nowMs, FRAMES_PER_MS),
        clients: new Recent(MOST_CLIENTS),
      };
    });
  }

  #ownOf({ factor = 1 }: Sender, clientId: string, { clients }: Purse, nowMs: number): OwnPurse {
    return clients.get(clientId, () => {
      const messages = this.#limits.messagesPerMinute * factor;
      return {
        messages: allowanceOf(ownMessages(messages), nowMs),
        reports: allowanceOf(messages * OWN_REPORTS, nowMs),
      };
    });
  }
}

/** Whole ones, so that the smallest limits are what they say. */
function ownMessages(messages: number): number {
  return Math.floor(messages * OWN_SHARE);
}

function allowanceOf(amount: number, nowMs: number, perMs = MINUTE_MS): Allowance | undefined {
  return amount === 0 ? undefined : new Allowance({ amount, perMs }, nowMs);
}

/** From the first that has so much; the first of them says whether there is a limit at all. */
function takeOf(
  [first, ...others]: readonly (Allowance | undefined)[],
  amount: number,
  nowMs: number,
): number | undefined {
  if (first === undefined) return undefined;
  const all = [first, ...others.filter((each) => each !== undefined)];
  if (all.some((allowance) => allowance.take(amount, nowMs))) return undefined;
  return Math.min(...all.map((allowance) => allowance.waitMs(amount, nowMs)));
}
