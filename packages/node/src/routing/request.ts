/** What is asked of a router: one job, and where it may go. */
import type { Capability, Mode } from "./advert.ts";

/** `host`: nothing of it leaves this machine. `house`: nothing of it leaves the machines of the cluster's owner. */
export type Privacy = "host" | "house";

/** What keeps to all of them; undefined: nothing was asked. */
export function strictest(...all: readonly (Privacy | undefined)[]): Privacy | undefined {
  return all.includes("host") ? "host" : all.find((each) => each !== undefined);
}

/** Whether what was said under `kept` may be part of what is said under `asked`. */
export function mayBePartOf(asked: Privacy | undefined, kept: Privacy | undefined): boolean {
  return strictest(asked, kept) === asked;
}

/** How large a job is, as far as it is known before; what is absent is taken to be usual. */
export interface JobSize {
  /** Sound that is to be heard. */
  readonly audioMs?: number;
  /** Text that is to be spoken. */
  readonly characters?: number;
  /** Read by a model before it writes, and written. */
  readonly promptTokens?: number;
  readonly tokens?: number;
}

/** Who has done the work so far. */
export interface Stick {
  readonly peer: string;
  /** `turn`: it goes on there as long as it can. `session`: another takes over once it is clearly better. */
  readonly within: "turn" | "session";
}

export interface RouteRequest {
  readonly capability: Capability;
  /** BCP 47; absent: any. */
  readonly language?: string;
  readonly voice?: string;
  /** `llama3` asks for any `llama3:…`. */
  readonly model?: string;
  /** Absent: interactive. */
  readonly mode?: Mode;
  /** What it is for: "chat", "planning", …. */
  readonly class?: string;
  /** Better, but not needed: a class as in {@link class}. */
  readonly prefersClass?: string;
  /** Absent: wherever the policy allows. */
  readonly privacy?: Privacy;
  /** Hardware without which it cannot be done, and hardware that it is better done on. */
  readonly needs?: readonly string[];
  readonly prefers?: readonly string[];
  readonly size?: JobSize;
  /** When it has to have begun; absent: as long as people wait (interactive) or files (batch). */
  readonly patienceMs?: number;
  readonly stickTo?: Stick;
  /** Peers that are not asked: they have just failed at this. */
  readonly exclude?: readonly string[];
  /** Peers that are not asked: they have just had no room for it, or not in time. */
  readonly refusedBy?: readonly string[];
}
