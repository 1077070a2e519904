/** Small models fall into saying the same for ever: this notices, so that the answer ends there. */

/** What stands so often in a row, and nothing between, is no style any more. */
const TIMES = 3;
/** The shortest stretch, in characters: shorter ones ("ha ha ha", "1, 1, 1") are told by how much of them there is. */
const SHORTEST = 12;
/** Stretches of which an answer may consist, in characters, that are looked for. */
const LONGEST = 400;
/** So much of the shortest stretches, down to a single character, is a loop all the same. */
const MUCH = 60;

/** An answer as it is written. */
export class LoopWatch {
  #tail = " ";
  #isLoop = false;

  /** @param begun what stands of it already */
  constructor(begun = "") {
    this.add(begun);
  }

  /** It goes in circles: nothing more of it is wanted. */
  get isLoop(): boolean {
    return this.#isLoop;
  }

  /** @returns whether the answer goes in circles, now that `text` has come */
  add(text: string): boolean {
    // Marks and spaces vary where words do not.
    this.#tail = (this.#tail + text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " "))
      .replace(/ {2,}/g, " ")
      .slice(-TIMES * LONGEST);
    this.#isLoop ||= endsInLoop(this.#tail.trimEnd());
    return this.#isLoop;
  }
}

/** Whether `text` ends with a stretch that stands there {@link TIMES} times, or much of a short one. At most some 100,000 steps. */
function endsInLoop(text: string): boolean {
  const end = text.length;
  for (let length = 1; length * TIMES <= end && length <= LONGEST; length += 1) {
    const needed = length >= SHORTEST ? length * TIMES : Math.max(MUCH, length * TIMES);
    if (needed <= end && repeats(text, length, needed)) return true;
  }
  return false;
}

/** Whether the last `of` characters are one stretch of `length` again and again. */
function repeats(text: string, length: number, of: number): boolean {
  for (let at = text.length - 1; at >= text.length - of + length; at -= 1) {
    if (text[at] !== text[at - length]) return false;
  }
  return true;
}
