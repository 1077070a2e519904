/** A fingerprint of a run: two runs are the same if everything that happened in them was. */

/** A 64-bit running hash of numbers and strings (two FNV-like lanes; not for secrets). */
export class Digest {
  #high = 0x811c9dc5;
  #low = 0x1b873593;

  add(value: number): void {
    this.#mix(value | 0);
    this.#mix(Math.floor(value / 2 ** 32) | 0);
  }

  addText(text: string): void {
    for (let i = 0; i < text.length; i += 1) this.#mix(text.charCodeAt(i));
    this.#mix(-1);
  }

  toString(): string {
    return [this.#high, this.#low].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x01000193);
    this.#high ^= this.#high >>> 15;
    this.#low = Math.imul(this.#low ^ (value + this.#high), 0x85ebca6b);
    this.#low ^= this.#low >>> 13;
  }
}
