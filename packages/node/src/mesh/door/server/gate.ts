/** Who may try to prove what now: the window of a code, the pauses of the join secret, and what all of it may cost. */
import {
  claimTry,
  closeWindow,
  endOf,
  expiresAtMs,
  openWindow,
  proveWindow,
  type PairingWindow,
  type WindowEnd,
} from "../code/window.ts";
import { newPairingCode } from "../code/pairing-code.ts";
import { TryLimiter } from "../code/limiter.ts";
import type { PairingMethod, PairingState } from "../protocol/messages.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What a try of a proof needs; `proven` and `admitted` tell the gate how it went. */
export interface Pass {
  readonly secret: string;
  /** The newcomer has proven it. False when another was first: then it must not be let in. */
  readonly proven: () => boolean;
  readonly admitted: () => void;
}

/** Why there is no pass. */
export interface NoPass {
  readonly code: "pairing-closed" | "pairing-paused";
  /** For the other side's log. */
  readonly reason: string;
  readonly retryAfterMs?: number;
}

/** The open window, for the person who opened it. */
export interface OpenWindow {
  readonly code: string;
  readonly expiresAtMs: number;
  readonly triesLeft: number;
}

/** Attempts at once. Of one source there are fewer: a window has five tries, and the join secret's run out as well. */
const MAX_AT_ONCE = 32;

/** A proof costs the member some 3 ms of a core: this bounds strangers to a tenth of it. */
const PROOFS_PER_SECOND = 30;

export class Gate {
  readonly #nowMs: () => number;
  readonly #joinSecret: string | undefined;
  readonly #admitsBySecret: () => boolean;
  readonly #closed: (why: WindowEnd) => void;
  readonly #limiter = new TryLimiter();
  readonly #bucket: TokenBucket;
  #window: PairingWindow | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #atOnce = 0;

  constructor(options: {
    readonly nowMs: () => number;
    readonly joinSecret: string | undefined;
    readonly admitsBySecret: () => boolean;
    /** The window has closed. */
    readonly closed: (why: WindowEnd) => void;
  }) {
    this.#nowMs = options.nowMs;
    this.#joinSecret = options.joinSecret;
    this.#admitsBySecret = options.admitsBySecret;
    this.#closed = options.closed;
    this.#bucket = new TokenBucket(PROOFS_PER_SECOND, PROOFS_PER_SECOND, options.nowMs());
  }

  /** As everybody sees it. */
  get state(): PairingState {
    if (this.window !== undefined) return "open";
    return this.#joinSecret === undefined ? "closed" : "secret";
  }

  /** Undefined while no code counts. */
  get window(): OpenWindow | undefined {
    const window = this.#window;
    if (window === undefined || endOf(window, this.#nowMs()) !== undefined) return undefined;
    return { code: window.code, expiresAtMs: expiresAtMs(window), triesLeft: window.triesLeft };
  }

  /** A person opens a window; one that was open is closed. */
  open(): OpenWindow {
    this.close();
    const nowMs = this.#nowMs();
    const window = openWindow(newPairingCode(), nowMs);
    this.#window = window;
    this.#expiry = setTimeout(() => this.#end("expired"), expiresAtMs(window) - nowMs);
    this.#expiry.unref();
    return { code: window.code, expiresAtMs: expiresAtMs(window), triesLeft: window.triesLeft };
  }

  /** A person closes the window. */
  close(): void {
    if (this.#window === undefined) return;
    this.#window = closeWindow(this.#window, "closed");
    this.#end("closed");
  }

  /** Claims a try for `peerId`, which connects from `source`. To be given back by `release`. */
  enter(method: PairingMethod, peerId: string, source: string): Pass | NoPass {
    if (this.#atOnce >= MAX_AT_ONCE)
      return { code: "pairing-paused", reason: "many others try now", retryAfterMs: 1000 };
    const pass = method === "code" ? this.#enterByCode(peerId) : this.#enterBySecret(source);
    if (isPass(pass)) this.#atOnce += 1;
    return pass;
  }

  /** An attempt is over, however it ended. */
  release(): void {
    this.#atOnce -= 1;
    const window = this.#window;
    if (window !== undefined && endOf(window, this.#nowMs()) === "too-many-failures" && this.#atOnce === 0) {
      this.#end("too-many-failures");
    }
  }

  #enterByCode(peerId: string): Pass | NoPass {
    const opened = this.#window;
    const claimed = opened && claimTry(opened, peerId, this.#nowMs());
    if (claimed === undefined) return CLOSED;
    // What is refused anyway costs nothing, so it does not use up what others may need.
    const waitMs = this.#bucket.take(this.#nowMs());
    if (waitMs > 0) return tooMany(waitMs);
    this.#window = claimed;
    const { code } = claimed;
    return {
      secret: code,
      proven: () => {
        // Another window may have been opened since: a proof of the old code is worth nothing.
        const current = this.#window?.code === code ? proveWindow(this.#window, peerId) : undefined;
        if (current !== undefined) this.#window = current;
        return current !== undefined;
      },
      admitted: () => {
        if (this.#window?.code === code) this.#end("used");
      },
    };
  }

  #enterBySecret(source: string): Pass | NoPass {
    if (this.#joinSecret === undefined) return CLOSED;
    if (!this.#admitsBySecret()) return NOT_YET;
    const nowMs = this.#nowMs();
    const waitMs =
      this.#limiter.waitMs(source, nowMs) || this.#bucket.take(nowMs) || this.#limiter.claim(source, nowMs);
    if (waitMs > 0) return tooMany(waitMs);
    return {
      secret: this.#joinSecret,
      proven: () => {
        this.#limiter.succeeded(source);
        return true;
      },
      admitted: () => undefined,
    };
  }

  #end(why: WindowEnd): void {
    clearTimeout(this.#expiry);
    this.#window = undefined;
    this.#closed(why);
  }
}

const CLOSED: NoPass = { code: "pairing-closed", reason: "nobody may pair at this peer now" };
/** It has just founded its cluster, or is about to join another. */
const NOT_YET: NoPass = { code: "pairing-paused", reason: "this peer lets nobody in by secret yet", retryAfterMs: 250 };

function tooMany(retryAfterMs: number): NoPass {
  return { code: "pairing-paused", reason: "too many tries", retryAfterMs };
}

/** True when a try may be made. */
export function isPass(entered: Pass | NoPass): entered is Pass {
  return "secret" in entered;
}
