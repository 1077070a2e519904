/**
 * What a first look at a service takes, as numbers that lie side by side: among a thousand of them most of the time would go into
 * following references.
 */
import type { Entry } from "./entry.ts";
import { queueMsAt } from "./queue.ts";
import type { JobSize } from "./request.ts";

/** Numbers of a service. */
const WIDTH = 12;
const [AT, JOBS, PLACES, BACKLOG, DEMAND, USUAL, FIXED, AUDIO, CHARACTER, PROMPT, TOKEN] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
] as const;

/** Of all services of a capability, in their order. */
export class Rows {
  #numbers = new Float64Array(8 * WIDTH);

  set(place: number, entry: Entry): void {
    const from = place * WIDTH;
    if (from + WIDTH > this.#numbers.length) {
      const larger = new Float64Array(2 * (from + WIDTH));
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    const { costs, slowness } = entry;
    const numbers = this.#numbers;
    numbers[from + AT] = entry.atMs;
    numbers[from + JOBS] = entry.jobs;
    numbers[from + PLACES] = entry.concurrency;
    numbers[from + BACKLOG] = entry.backlogMs;
    numbers[from + DEMAND] = entry.demand;
    numbers[from + USUAL] = entry.usualMs;
    numbers[from + FIXED] = costs.fixedMs * slowness;
    numbers[from + AUDIO] = costs.perAudioMs * slowness;
    numbers[from + CHARACTER] = costs.perCharacterMs * slowness;
    numbers[from + PROMPT] = costs.perPromptTokenMs * slowness;
    numbers[from + TOKEN] = costs.perTokenMs * slowness;
  }

  /** When each of the first `count` would be done, from now, if the way were none and this router had sent nothing. */
  doneMs(count: number, nowMs: number, size: Required<JobSize>): Float64Array {
    const { audioMs, characters, promptTokens, tokens } = size;
    const numbers = this.#numbers;
    const done = new Float64Array(count);
    const number = (at: number): number => numbers[at] ?? 0;
    for (let place = 0; place < count; place += 1) {
      const from = place * WIDTH;
      const queueMs = queueMsAt(
        nowMs - number(from + AT),
        number(from + JOBS),
        number(from + PLACES),
        number(from + BACKLOG),
        number(from + DEMAND),
        number(from + USUAL),
        0,
        0,
      );
      done[place] =
        queueMs +
        number(from + FIXED) +
        number(from + AUDIO) * audioMs +
        number(from + CHARACTER) * characters +
        number(from + PROMPT) * promptTokens +
        number(from + TOKEN) * tokens;
    }
    return done;
  }
}
