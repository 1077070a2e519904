/** What is written in one turn of the event loop, gathered so that it leaves in few pieces: each costs a cipher's call. */

/** Shorter pieces are joined. */
const LARGE_BYTES = 4 * 1024;
const JOINED_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

export class SendBuffer {
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  /** Short ones, from `#from` to `#to`. */
  #joined = NOTHING;
  #from = 0;
  #to = 0;

  get bytes(): number {
    return this.#pieceBytes + this.#to - this.#from;
  }

  add(piece: Uint8Array): void {
    if (piece.length >= LARGE_BYTES) {
      this.#cut();
      this.#pieces.push(piece);
      this.#pieceBytes += piece.length;
      return;
    }
    if (this.#joined.length - this.#to < piece.length) {
      this.#cut();
      this.#joined = Buffer.allocUnsafeSlow(JOINED_BYTES);
      this.#from = this.#to = 0;
    }
    this.#joined.set(piece, this.#to);
    this.#to += piece.length;
  }

  /** All of it, in order; it is empty then. */
  take(): readonly Uint8Array[] {
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pieceBytes = 0;
    return pieces;
  }

  /** What is joined so far is a piece; the rest of its memory may still be used. */
  #cut(): void {
    if (this.#from === this.#to) return;
    this.#pieces.push(this.#joined.subarray(this.#from, this.#to));
    this.#pieceBytes += this.#to - this.#from;
    this.#from = this.#to;
  }
}
