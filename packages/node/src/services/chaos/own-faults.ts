/** The faults of this peer: each is begun here, and ends by itself, whoever has ordered it and whatever becomes of them. */
import type { Logger } from "pino";
import type { Cluster } from "../../cluster/face.ts";
import { UNHINDERED } from "../../mesh/host/hindrance.ts";
import { messageOf } from "../../errors.ts";
import type { Drain } from "../drain/drain.ts";
import { SLOW_MS, type Fault, type PeerFault, type Refusal } from "./faults.ts";
import { ownFacts, restarterOf, type Restarter } from "./manager.ts";
import { killAlone, killAndStartAgain, ownStart, standStill, type StartedAs } from "./process-faults.ts";

/** What faults are done to. Tests hand in their own. */
export interface OwnFaultsOptions {
  /** `chaos.allowed` */
  readonly isAllowed: boolean;
  readonly cluster: Pick<Cluster, "hinder">;
  readonly drain: Pick<Drain, "begin" | "undo" | "isDraining">;
  readonly log: Logger;
  /** Who starts this process again. Default: as the machine says. */
  readonly restarter?: () => Promise<Restarter>;
  readonly process?: ProcessFaults;
  /** Whether somebody looks at this process in a terminal. Default: as it is. */
  readonly isAtTerminal?: boolean;
}

export interface ProcessFaults {
  standStill(started: StartedAs, holdMs: number): Promise<void>;
  killAndStartAgain(started: StartedAs, holdMs: number): Promise<void>;
  killAlone(started: StartedAs): Promise<void>;
}

/** What this peer would bear. */
export interface Bearing {
  readonly isAllowed: boolean;
  /** Why a kind cannot be done here; those that can are not in it. */
  readonly impossible: Partial<Record<PeerFault, string>>;
  /** For people: what it would mean beside what it is. */
  readonly notes: readonly string[];
}

const NOT_ALLOWED: Refusal = {
  message: "faults are not allowed there",
  nextStep:
    "On that machine set allowed = true under [chaos] in parley.toml, or PARLEY_CHAOS_ALLOWED=true, and start the peer again.",
};

export class OwnFaults {
  readonly #options: OwnFaultsOptions;
  readonly #process: ProcessFaults;
  #restarter: Promise<Restarter> | undefined;
  #running: { readonly fault: Fault; readonly undo: () => void; readonly timer: NodeJS.Timeout } | undefined;
  #isBeginning = false;

  constructor(options: OwnFaultsOptions) {
    this.#options = options;
    this.#process = options.process ?? { standStill, killAndStartAgain, killAlone };
  }

  /** The kind that is under way. */
  get running(): PeerFault | undefined {
    return this.#running?.fault.kind;
  }

  async bearing(): Promise<Bearing> {
    const { isAllowed, cluster, isAtTerminal = process.stdout.isTTY === true } = this.#options;
    const restarter = await this.#whoRestarts();
    const isWindows = process.platform === "win32";
    const impossible = {
      ...(restarter.by === "nobody" ? { kill: restarter.why } : {}),
      ...(isWindows ? { stop: "on Windows a process cannot be made to stand still" } : {}),
      ...(cluster.hinder === undefined ? { cut: NO_CLUSTER, slow: NO_CLUSTER, drain: NO_CLUSTER } : {}),
    };
    const byManager = restarter.by === "manager" ? [`after a kill ${restarter.name} starts it again`] : [];
    const atTerminal = isAtTerminal
      ? [
          "it runs in a terminal: after a kill or a stop it goes on in the background, where Ctrl-C does not reach it " +
            "(the process is in parley status; kill ends it)",
        ]
      : [];
    return { isAllowed, impossible, notes: [...byManager, ...atTerminal] };
  }

  /** Why this peer does not do that now; undefined: it would. */
  async whyNot({ kind }: Pick<Fault, "kind">): Promise<Refusal | undefined> {
    const { isAllowed, impossible } = await this.bearing();
    if (!isAllowed) return NOT_ALLOWED;
    const why = impossible[kind];
    if (why !== undefined)
      return { message: `${kind} cannot be done there: ${why}`, nextStep: "Choose other faults: --faults." };
    if (this.#running !== undefined || this.#isBeginning) {
      return { message: "another fault is under way there", nextStep: "One at a time: wait until it is over." };
    }
    if (this.#options.drain.isDraining) {
      return { message: "it drains", nextStep: "Take that back first: parley drain --undo." };
    }
    return undefined;
  }

  /** Does it; its end comes by itself. @throws the system's error where it cannot be done, and what a drain throws */
  async begin(fault: Fault): Promise<void> {
    const { kind, holdMs } = fault;
    this.#isBeginning = true;
    try {
      const undo = await this.#do(fault);
      // Of what is done to the process another process sees to the end.
      this.#running = { fault, undo, timer: setTimeout(() => this.undo(), holdMs) };
    } finally {
      this.#isBeginning = false;
    }
    this.#options.log.warn({ kind, holdMs, by: fault.by }, "a fault is done to this peer on purpose (parley chaos)");
  }

  /** Ends what is under way, before its time as well. */
  undo(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    clearTimeout(running.timer);
    running.undo();
    this.#options.log.info({ kind: running.fault.kind }, "the fault that was done on purpose is over");
  }

  async #do({ kind, holdMs }: Fault): Promise<() => void> {
    const { cluster, drain, log } = this.#options;
    const mend = (): void => cluster.hinder?.(UNHINDERED);
    switch (kind) {
      case "cut":
        // Who has ordered it is answered first.
        setTimeout(() => cluster.hinder?.({ isCut: true, holdUpMs: 0 }), ANSWER_FIRST_MS);
        return mend;
      case "slow":
        cluster.hinder?.({ isCut: false, holdUpMs: SLOW_MS });
        return mend;
      case "drain":
        drain.begin({ timeoutMs: Math.max(1_000, holdMs) });
        return () => drain.undo();
      case "stop":
        await this.#process.standStill(ownStart(), holdMs);
        return () => undefined;
      case "kill": {
        const { by } = await this.#whoRestarts();
        if (by === "self") await this.#process.killAndStartAgain(ownStart(), holdMs);
        else await this.#process.killAlone(ownStart());
        return () => log.warn("this process was to be killed on purpose, and lives");
      }
    }
  }

  #whoRestarts(): Promise<Restarter> {
    const unknown = (error: unknown): Restarter => ({ by: "nobody", why: messageOf(error) });
    const ask = this.#options.restarter ?? (async () => restarterOf(await ownFacts()));
    this.#restarter ??= ask().catch(unknown);
    return this.#restarter;
  }
}

const NO_CLUSTER = "it takes part in no cluster";
const ANSWER_FIRST_MS = 100;
