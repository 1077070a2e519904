/**
 * Is there an order of the steps of one register that respects real time and in which every answer is right?
 *
 * Wing and Gong's search ("Testing and verifying concurrent objects", JPDC 17, 1993): next may be any step called before
 * the first return among those left; try one, go on, come back. With Lowe's memory of configurations that were tried
 * ("Testing for linearizability", Concurrency and Computation 29, 2017). Keys are apart because linearizability is local
 * (Herlihy and Wing, TOPLAS 12, 1990, theorem 1).
 *
 * What a register allows beyond that, to try less. Each follows from: a step that may be next can be moved to the front
 * of any linearization if what comes between does not notice.
 * - A read of the present value, or a swap that failed and would fail now, is taken at once.
 * - The present value must not be given up while it has readers left and nobody left to write it again.
 * - A write whose readers may all be next is taken with them at once when nobody needs the present value any more.
 *   (So are writes that nobody reads.)
 * - Of writes of values that nobody looks for, the one that returned first can stand for all.
 * - An open step is tried only where somebody who may be next needs its value, or the change.
 */
import { at, Configuration, type Mark } from "./configuration.ts";
import { DIFFER, READ, SWAP, WRITE, type RegisterHistory } from "./register-history.ts";

export interface SearchResult {
  /** `gave-up`: the work allowed did not suffice. */
  readonly found: "yes" | "no" | "gave-up";
  readonly work: number;
}

interface Branch {
  readonly mark: Mark;
  readonly choices: readonly number[];
  next: number;
}

/** What a remembered configuration costs, counted in steps looked at: it bounds the memory as well. */
const MEMORY_WORK = 500;

/** Searches, looking at not many more than `maxWork` steps. */
export function search(history: RegisterHistory, maxWork: number): SearchResult {
  return new Search(history, maxWork).run();
}

class Search {
  readonly #now: Configuration;
  readonly #maxWork: number;
  readonly #tried = new Set<string>();
  readonly #branches: Branch[] = [];
  /** Of each value: reads that may be next, in the survey of that number. */
  readonly #readable: Int32Array;
  readonly #readableAt: Int32Array;
  #survey = 0;
  /** Open steps by the value they write, by call. */
  readonly #openWriting: readonly (readonly number[])[];
  /** Open steps that write what a failed swap must not find. */
  readonly #openWatched: readonly number[];
  #work = 0;

  constructor(history: RegisterHistory, maxWork: number) {
    this.#now = new Configuration(history);
    this.#maxWork = maxWork;
    this.#readable = new Int32Array(history.valueCount);
    this.#readableAt = new Int32Array(history.valueCount);
    const { open, differs } = this.#now;
    const all = Array.from({ length: open.size }, (_, i) => i);
    const byValue = Map.groupBy(all, (i) => at(open.writes, i));
    this.#openWriting = Array.from({ length: history.valueCount }, (_, value) => byValue.get(value) ?? []);
    this.#openWatched = all.filter((i) => at(differs, at(open.writes, i)) > 0);
  }

  run(): SearchResult {
    const now = this.#now;
    for (;;) {
      this.#takeWhatIsFree();
      if (now.mostUrgent === now.certain.size) return { found: "yes", work: this.#work };
      this.#pushBranch();
      if (!this.#takeNextChoice()) return { found: "no", work: this.#work };
      if (this.#work > this.#maxWork) return { found: "gave-up", work: this.#work };
    }
  }

  #pushBranch(): void {
    const key = this.#now.key();
    if (this.#tried.has(key)) return;
    this.#tried.add(key);
    this.#work += MEMORY_WORK + key.length;
    const choices = this.#choices();
    if (choices.length > 0) this.#branches.push({ mark: this.#now.mark(), choices, next: 0 });
  }

  #takeNextChoice(): boolean {
    for (;;) {
      const branch = this.#branches.at(-1);
      if (branch === undefined) return false;
      this.#now.rewind(branch.mark);
      const choice = branch.choices[branch.next];
      branch.next += 1;
      if (choice !== undefined) {
        this.#now.take(choice);
        return true;
      }
      this.#branches.pop();
    }
  }

  /** Takes steps that cannot be wrong. */
  #takeWhatIsFree(): void {
    do this.#takeReads();
    while (this.#takeWholeWrite());
  }

  /** One pass is enough: a step that becomes possible meanwhile was called later than those passed. */
  #takeReads(): void {
    const { certain, byCall } = this.#now;
    for (let i = byCall.first(); i < certain.size && at(certain.call, i) <= this.#now.horizon; i = byCall.after(i)) {
      this.#work += 1;
      const isNeeded = at(certain.needs, i) === this.#now.value;
      const kind = at(certain.kind, i);
      if ((kind === READ && isNeeded) || (kind === DIFFER && !isNeeded)) this.#now.take(i);
    }
  }

  /** Takes a write all of whose readers may be next, if neither the value before nor the order can matter to anybody. */
  #takeWholeWrite(): boolean {
    const now = this.#now;
    const { certain, byCall, horizon } = now;
    if (at(now.readers, now.value) > 0 || at(now.openSwaps, now.value) > 0) return false;
    this.#surveyReads();
    for (let i = byCall.first(); i < certain.size && at(certain.call, i) <= horizon; i = byCall.after(i)) {
      this.#work += 1;
      if (at(certain.kind, i) !== WRITE || !this.#isWhole(at(certain.writes, i))) continue;
      if (now.differsLeft > 0 && this.#mayBeToldFrom(i)) continue;
      now.take(i);
      return true;
    }
    return false;
  }

  #surveyReads(): void {
    const { certain, byCall, horizon } = this.#now;
    this.#survey += 1;
    for (let i = byCall.first(); i < certain.size && at(certain.call, i) <= horizon; i = byCall.after(i)) {
      this.#work += 1;
      if (at(certain.kind, i) !== READ) continue;
      const value = at(certain.needs, i);
      this.#readable[value] = this.#readableReads(value) + 1;
      this.#readableAt[value] = this.#survey;
    }
  }

  #readableReads(value: number): number {
    return at(this.#readableAt, value) === this.#survey ? at(this.#readable, value) : 0;
  }

  #isWhole(value: number): boolean {
    const { readers, openSwaps, differs } = this.#now;
    const isReadLater = at(readers, value) > this.#readableReads(value);
    return !isReadLater && at(openSwaps, value) === 0 && at(differs, value) === 0;
  }

  /**
   * Whether a failed swap may need this write where it stood: between a value that the swap must not find, and the swap.
   * That value would be written before this write returned.
   */
  #mayBeToldFrom(write: number): boolean {
    const { certain, open, differs, byCall } = this.#now;
    const end = at(certain.end, write);
    const isWatched = (value: number): boolean => value >= 0 && at(differs, value) > 0;
    for (let i = byCall.first(); i < certain.size && at(certain.call, i) <= end; i = byCall.after(i)) {
      this.#work += 1;
      if (i !== write && isWatched(at(certain.writes, i))) return true;
    }
    this.#work += this.#openWatched.length;
    return this.#openWatched.some(
      (i) => at(open.call, i) <= end && !this.#now.isUsed(i) && isWatched(at(open.writes, i)),
    );
  }

  /** Writes and swaps that may be next, the likeliest first. */
  #choices(): number[] {
    const now = this.#now;
    const { certain, byCall, horizon } = now;
    const choices: number[] = [];
    for (let i = byCall.first(); i < certain.size && at(certain.call, i) <= horizon; i = byCall.after(i)) {
      this.#work += 1;
      const kind = at(certain.kind, i);
      const isPossible = kind === WRITE || (kind === SWAP && at(certain.needs, i) === now.value);
      if (isPossible && this.#mayLeave(kind === SWAP ? 1 : 0, at(certain.writes, i))) choices.push(i);
    }
    const [urgent, { size }] = [now.mostUrgent, certain];
    const wanted = at(certain.needs, urgent);
    const rank = (step: number): number => (step === urgent || now.writesOf(step) === wanted ? 0 : 1);
    choices.sort((a, b) => rank(a) - rank(b) || at(certain.end, a) - at(certain.end, b));
    const unseen = choices.find((step) => now.isUnseenWrite(step));
    const distinct = choices.filter((step) => step === unseen || !now.isUnseenWrite(step));
    const opened = this.#openChoices().map((step) => step + size);
    return [...opened.filter((step) => rank(step) === 0), ...distinct, ...opened.filter((step) => rank(step) === 1)];
  }

  /** Whether the present value may be given up for `next` by a step that is itself `own` of its readers. */
  #mayLeave(own: number, next: number): boolean {
    const { value, readers, writers } = this.#now;
    return next === value || at(readers, value) === own || at(writers, value) > 0;
  }

  #openChoices(): number[] {
    const now = this.#now;
    const { open, horizon } = now;
    if (open.size === 0) return [];
    const wanted = this.#wantedValues();
    return [...(wanted === "any" ? this.#openWriting.keys() : wanted)].flatMap((value) =>
      value === now.value || !this.#mayLeave(0, value) ? [] : this.#openStepsTo(value, horizon),
    );
  }

  /** Unused open steps that may be next and write `value`. Of plain writes the one called first can stand for all. */
  #openStepsTo(value: number, horizon: number): number[] {
    const { open, value: present } = this.#now;
    const steps: number[] = [];
    let hasWrite = false;
    for (const i of this.#openWriting[value] ?? []) {
      this.#work += 1;
      if (at(open.call, i) > horizon) break;
      if (this.#now.isUsed(i)) continue;
      const isSwap = at(open.kind, i) === SWAP;
      if (isSwap ? at(open.needs, i) !== present : hasWrite) continue;
      hasWrite ||= !isSwap;
      steps.push(i);
    }
    return steps;
  }

  /** Values that a step which may be next needs, or an open swap on the way to such a value. */
  #wantedValues(): ReadonlySet<number> | "any" {
    const now = this.#now;
    const { certain, open, byCall, horizon } = now;
    const wanted = new Set<number>();
    for (let i = byCall.first(); i < certain.size && at(certain.call, i) <= horizon; i = byCall.after(i)) {
      this.#work += 1;
      const [kind, needs] = [at(certain.kind, i), at(certain.needs, i)];
      if (kind === DIFFER && needs === now.value) return "any";
      if (kind === READ || kind === SWAP) wanted.add(needs);
    }
    // A set also visits what is added to it meanwhile.
    for (const value of wanted) {
      for (const i of this.#openWriting[value] ?? []) {
        this.#work += 1;
        if (at(open.call, i) > horizon) break;
        if (at(open.kind, i) === SWAP && !now.isUsed(i)) wanted.add(at(open.needs, i));
      }
    }
    return wanted;
  }
}
