/**
 * When a host runs a singleton. Pure. A host runs it in a term in which it leads, after all others that can be reached have
 * ended theirs; those that cannot be reached are shut out by their older term wherever an effect is to be accepted.
 */
import { invariant } from "../errors.ts";
import type { LeadershipNow } from "./ports.ts";

export type SingletonEffect<Asker> =
  /** Ask `hosts` to end theirs, for the sake of `term`; {@link SingletonPlan.settled} says what became of it. */
  | { readonly type: "ask"; readonly hosts: readonly string[]; readonly term: number }
  | { readonly type: "start"; readonly term: number }
  /** Stop what was started; {@link SingletonPlan.ended} says when that is done. */
  | { readonly type: "end" }
  /** Tell who asked that nothing older than its term runs here any more, or that it is too late itself. */
  | { readonly type: "answer"; readonly to: Asker; readonly staleBehind: number | undefined };

/** What another host said when it was asked to end its own. */
export type SettledOutcome =
  | { readonly type: "released" }
  | { readonly type: "unreachable" }
  /** It knows of a newer term than the one it was asked for. */
  | { readonly type: "stale"; readonly term: number };

type Phase =
  | { readonly type: "idle" }
  | { readonly type: "taking"; readonly term: number; readonly waitsFor: ReadonlySet<string> }
  | { readonly type: "running"; readonly term: number }
  | { readonly type: "ending"; readonly term: number };

export class SingletonPlan<Asker> {
  readonly #self: string;
  readonly #others: () => readonly string[];
  #leadership: LeadershipNow = { leader: undefined, term: 0 };
  /** The newest term that is known to be: nothing older is begun. */
  #seen = -1;
  #phase: Phase = { type: "idle" };
  #askers: Asker[] = [];

  /** @param others all other hosts, at the time */
  constructor(self: string, others: () => readonly string[]) {
    this.#self = self;
    this.#others = others;
  }

  get phase(): Phase["type"] {
    return this.#phase.type;
  }

  /** The term in which it runs here. */
  get runningTerm(): number | undefined {
    return this.#phase.type === "running" ? this.#phase.term : undefined;
  }

  leadership(now: LeadershipNow): readonly SingletonEffect<Asker>[] {
    if (now.term < this.#leadership.term) return [];
    this.#leadership = now;
    this.#seen = Math.max(this.#seen, now.term);
    return this.#advance();
  }

  /** Another host wants to run it in `term`. */
  asked(term: number, asker: Asker): readonly SingletonEffect<Asker>[] {
    const own = this.#phase.type === "idle" ? -1 : this.#phase.term;
    if (term < this.#seen || term <= own) {
      return [{ type: "answer", to: asker, staleBehind: Math.max(this.#seen, own) }];
    }
    this.#seen = term;
    const effects = this.#advance();
    if (this.#phase.type !== "ending") return [...effects, { type: "answer", to: asker, staleBehind: undefined }];
    this.#askers.push(asker);
    return effects;
  }

  /** What became of asking `host` for the sake of `term`. */
  settled(host: string, term: number, outcome: SettledOutcome): readonly SingletonEffect<Asker>[] {
    if (outcome.type === "stale") this.#seen = Math.max(this.#seen, outcome.term);
    if (this.#phase.type === "taking" && this.#phase.term === term) {
      const waitsFor = new Set(this.#phase.waitsFor);
      // One who is too late waits on: the news of its end as a leader is on the way.
      if (outcome.type !== "stale") waitsFor.delete(host);
      this.#phase = { ...this.#phase, waitsFor };
    }
    return this.#advance();
  }

  /** Enough waited for the others: who does not answer is shut out by its term. */
  impatient(term: number): readonly SingletonEffect<Asker>[] {
    if (this.#phase.type !== "taking" || this.#phase.term !== term) return [];
    this.#phase = { ...this.#phase, waitsFor: new Set() };
    return this.#advance();
  }

  /** What was started has ended, asked to or by itself. */
  ended(): readonly SingletonEffect<Asker>[] {
    invariant(this.#phase.type === "running" || this.#phase.type === "ending", "what has ended was not started");
    this.#phase = { type: "idle" };
    const askers = this.#askers;
    this.#askers = [];
    const answers = askers.map((to): SingletonEffect<Asker> => ({ type: "answer", to, staleBehind: undefined }));
    return [...answers, ...this.#advance()];
  }

  #wanted(): number | undefined {
    const { leader, term } = this.#leadership;
    return leader === this.#self && term >= this.#seen ? term : undefined;
  }

  #advance(): readonly SingletonEffect<Asker>[] {
    const wanted = this.#wanted();
    if (this.#phase.type === "running" && this.#phase.term !== wanted) {
      this.#phase = { type: "ending", term: this.#phase.term };
      return [{ type: "end" }];
    }
    if (this.#phase.type === "taking" && this.#phase.term !== wanted) this.#phase = { type: "idle" };
    const effects: SingletonEffect<Asker>[] = [];
    if (this.#phase.type === "idle" && wanted !== undefined) {
      const hosts = this.#others();
      this.#phase = { type: "taking", term: wanted, waitsFor: new Set(hosts) };
      if (hosts.length > 0) effects.push({ type: "ask", hosts, term: wanted });
    }
    if (this.#phase.type === "taking" && this.#phase.waitsFor.size === 0) {
      this.#phase = { type: "running", term: this.#phase.term };
      effects.push({ type: "start", term: this.#phase.term });
    }
    return effects;
  }
}
