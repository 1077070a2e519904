/** The children of one actor, or of the root: what their supervisor does when one ends. Decisions are in `supervision/`. */
import { ActorError } from "../errors.ts";
import { pauseMs } from "../supervision/back-off.ts";
import { RestartIntensity } from "../supervision/intensity.ts";
import type { SupervisionSpec } from "../supervision/spec.ts";
import { concerned, isRestarted } from "../supervision/strategy.ts";
import { parseAddress } from "./address.ts";
import type { StopChildOptions } from "./behavior.ts";
import type { Child } from "./child.ts";
import type { ActorRef } from "./ref.ts";
import { RestartGroup } from "./restart-group.ts";
import type { Runtime } from "./runtime.ts";

/** The supervisor. */
export interface Supervisor {
  /** It cannot go on: its restarts are used up. */
  escalate(error: ActorError): void;
  /** A child has ended for good. */
  childGone(): void;
}

interface Streak {
  attempts: number;
  lastMs: number;
}

export class Children<Kind extends Child> {
  readonly #runtime: Runtime;
  readonly #spec: SupervisionSpec;
  readonly #supervisor: Supervisor;
  readonly #intensity: RestartIntensity;
  /** By name, in the order of their first start. */
  readonly #children = new Map<string, Kind>();
  readonly #groups = new Map<Child, RestartGroup>();
  readonly #streaks = new Map<Child, Streak>();
  #isStopping = false;
  #isStoppingOne = false;
  /** Of those that are to stop, who has not yet, in the order of their first start. */
  #toStop: Kind[] = [];

  constructor(runtime: Runtime, spec: SupervisionSpec, supervisor: Supervisor) {
    this.#runtime = runtime;
    this.#spec = spec;
    this.#supervisor = supervisor;
    this.#intensity = new RestartIntensity(spec);
  }

  get size(): number {
    return this.#children.size;
  }

  get(name: string): Kind | undefined {
    return this.#children.get(name);
  }

  all(): readonly Kind[] {
    return [...this.#children.values()];
  }

  /** @throws ActorError `name-taken`, `actor-stopped` */
  add(child: Kind): void {
    if (this.#isStopping) throw new ActorError("actor-stopped", `${child.path} cannot start: its parent is stopping`);
    if (this.#children.has(child.name)) throw new ActorError("name-taken", `there is a ${child.path} already`);
    this.#children.set(child.name, child);
  }

  /** A child crashed, or wants to stop by itself when `error` is undefined. */
  ended(child: Kind, error: ActorError | undefined): void {
    // One that waits for its turn in a restart has nothing more to decide.
    if (this.#isStopping || this.#groups.has(child)) return;
    if (!isRestarted(child.restart, error !== undefined)) {
      child.stop(error === undefined ? "stopped" : "failed", error);
    } else if (this.#intensity.allows(this.#runtime.clock.nowMs())) {
      this.#restart(child);
    } else {
      const limit = `${this.#spec.maxRestarts} restarts within ${this.#spec.withinMs} ms`;
      const message = `${child.path} ended once more after ${limit}`;
      this.#supervisor.escalate(new ActorError("restart-limit", message, { cause: error }));
    }
  }

  /** A child's old life is put away. */
  cleared(child: Child): void {
    this.#groups.get(child)?.advance();
  }

  /** A child has ended for good. */
  gone(child: Child): void {
    this.#children.delete(child.name);
    this.#streaks.delete(child);
    const group = this.#groups.get(child);
    this.#groups.delete(child);
    group?.advance();
    if (this.#isStopping) this.#stopNext();
    this.#supervisor.childGone();
  }

  /** Stops one for good; fulfilled when it has ended. Rejects with ActorError `no-such-actor`. */
  stop(ref: ActorRef<never>, { finishWithinMs = 0 }: StopChildOptions = {}): Promise<void> {
    const child = this.#children.get(parseAddress(ref.address).path.at(-1) ?? "");
    if (child === undefined || !child.ref.equals(ref)) return Promise.reject(notAChild(ref));
    const { promise, resolve } = Promise.withResolvers<undefined>();
    child.watch({ terminated: () => resolve(undefined) });
    child.stop("stopped", undefined, finishWithinMs);
    return promise;
  }

  /** Stops all, the youngest first and each one after the other. May be called again. */
  stopAll(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#dissolveGroups();
    this.#toStop = [...this.#children.values()];
    this.#stopNext();
  }

  abandonAll(error: ActorError): void {
    this.#isStopping = true;
    this.#dissolveGroups();
    for (const child of this.all().toReversed()) child.abandon(error);
  }

  #restart(ended: Kind): void {
    const members = concerned(this.#spec.strategy, this.#children.values(), ended);
    // Those that wait for their restart already depend on this one, and begin after it.
    for (const group of new Set(members.map((member) => this.#groups.get(member)))) group?.dissolve();
    const pause = this.#pauseMs(ended);
    const group = new RestartGroup(this.#runtime.clock, members, pause, () => {
      for (const member of members) this.#groups.delete(member);
    });
    for (const member of members) this.#groups.set(member, group);
    group.advance();
  }

  #pauseMs(child: Child): number {
    const nowMs = this.#runtime.clock.nowMs();
    const streak = this.#streaks.get(child);
    const attempts = streak !== undefined && nowMs - streak.lastMs < this.#spec.withinMs ? streak.attempts + 1 : 1;
    this.#streaks.set(child, { attempts, lastMs: nowMs });
    return pauseMs(this.#spec.backOff, attempts, this.#runtime.random());
  }

  /** Goes on with the youngest until one takes its time; its end calls this again. A loop, for there may be many. */
  #stopNext(): void {
    if (this.#isStoppingOne) return;
    this.#isStoppingOne = true;
    for (;;) {
      const youngest = this.#toStop.at(-1);
      if (youngest === undefined) break;
      youngest.stop("stopped", undefined);
      if (youngest.state !== "stopped") break;
      this.#toStop.pop();
    }
    this.#isStoppingOne = false;
  }

  #dissolveGroups(): void {
    for (const group of new Set(this.#groups.values())) group.dissolve();
    this.#groups.clear();
  }
}

export function notAChild(ref: ActorRef<never>): ActorError {
  return new ActorError("no-such-actor", `${ref.address} is no child that could be stopped`);
}
