/** Samples between two threads, or between a device's callback and the event loop, without locks. */
import { abortError } from "../abort.ts";

const WRITE = 0;
const READ = 1;
const OVERRUN = 2;
const UNDERRUN = 3;
const CLOSED = 4;
const HEADER_INTS = 16;
const HEADER_BYTES = HEADER_INTS * Int32Array.BYTES_PER_ELEMENT;
const MAX_CAPACITY = 2 ** 28;
/** A waiter looks again after this long by itself: a notification from a thread that died would never come. */
const LOOK_AGAIN_MS = 100;

/**
 * A ring of 32-bit floats for one writer and one reader, each on any thread: hand `buffer` over and `attach` there.
 * `write` and `read` are wait-free: no lock, no loop that the other side can prolong (L. Lamport, "Specifying concurrent
 * program modules", 1983). What does not fit is dropped and counted, never waited for; who must not lose anything looks
 * at `writable` or awaits `untilWritable` first.
 */
export class SampleRing {
  /** Header and samples; what another thread attaches to. */
  readonly buffer: SharedArrayBuffer;
  readonly #header: Int32Array<SharedArrayBuffer>;
  readonly #samples: Float32Array<SharedArrayBuffer>;
  /** Positions run through all 32 bits and wrap: with a power of two they wrap together with the index. */
  readonly #mask: number;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#header = new Int32Array(buffer, 0, HEADER_INTS);
    this.#samples = new Float32Array(buffer, HEADER_BYTES);
    this.#mask = this.#samples.length - 1;
  }

  /** A ring for at least `minSamples` (1 to 2^28), rounded up to a power of two. */
  static create(minSamples: number): SampleRing {
    if (!Number.isInteger(minSamples) || minSamples < 1 || minSamples > MAX_CAPACITY) {
      throw new RangeError(`a ring holds 1 to ${MAX_CAPACITY} samples, not ${minSamples}`);
    }
    const capacity = 2 ** Math.ceil(Math.log2(minSamples));
    return new SampleRing(new SharedArrayBuffer(HEADER_BYTES + capacity * Float32Array.BYTES_PER_ELEMENT));
  }

  /** The other end of a ring made by {@link create}. */
  static attach(buffer: SharedArrayBuffer): SampleRing {
    const capacity = (buffer.byteLength - HEADER_BYTES) / Float32Array.BYTES_PER_ELEMENT;
    if (!Number.isInteger(capacity) || capacity < 1 || (capacity & (capacity - 1)) !== 0) {
      throw new RangeError(`a shared buffer of ${buffer.byteLength} bytes is no sample ring`);
    }
    return new SampleRing(buffer);
  }

  get capacity(): number {
    return this.#samples.length;
  }

  /** Samples that can be read now. Never too many, whoever asks. */
  get readable(): number {
    return (Atomics.load(this.#header, WRITE) - Atomics.load(this.#header, READ)) >>> 0;
  }

  /** Samples that can be written now. Never too many when the writer asks. */
  get writable(): number {
    return this.capacity - this.readable;
  }

  /** Samples that came while the ring was full, and were dropped. Wraps at 2^32. */
  get overrunSamples(): number {
    return Atomics.load(this.#header, OVERRUN) >>> 0;
  }

  /** Samples that were asked for while the ring was empty, and were given as silence. Wraps at 2^32. */
  get underrunSamples(): number {
    return Atomics.load(this.#header, UNDERRUN) >>> 0;
  }

  /** True once no more will be written; what is in it can still be read. */
  get closed(): boolean {
    return Atomics.load(this.#header, CLOSED) === 1;
  }

  /** Writer: puts in what fits and counts the rest as overrun. The number put in. */
  write(samples: Float32Array): number {
    const at = Atomics.load(this.#header, WRITE);
    const count = this.closed ? 0 : Math.min(samples.length, this.writable);
    const start = at & this.#mask;
    const first = Math.min(count, this.capacity - start);
    this.#samples.set(samples.subarray(0, first), start);
    this.#samples.set(samples.subarray(first, count), 0);
    // The position is published after the samples: a reader that sees it sees them (sequential consistency).
    Atomics.store(this.#header, WRITE, (at + count) | 0);
    if (count < samples.length) Atomics.add(this.#header, OVERRUN, samples.length - count);
    if (count > 0) Atomics.notify(this.#header, WRITE);
    return count;
  }

  /** Reader: fills `target`; what is missing is silence and counts as underrun. The number of samples that were there. */
  read(target: Float32Array): number {
    const at = Atomics.load(this.#header, READ);
    const count = Math.min(target.length, this.readable);
    const start = at & this.#mask;
    const first = Math.min(count, this.capacity - start);
    target.set(this.#samples.subarray(start, start + first));
    target.set(this.#samples.subarray(0, count - first), first);
    target.fill(0, count);
    // Given back only after they were copied: the writer may overwrite them from here on.
    Atomics.store(this.#header, READ, (at + count) | 0);
    if (count < target.length) Atomics.add(this.#header, UNDERRUN, target.length - count);
    if (count > 0) Atomics.notify(this.#header, READ);
    return count;
  }

  /** Either side: no more will come, or no more is wanted. Wakes the other. */
  close(): void {
    Atomics.store(this.#header, CLOSED, 1);
    Atomics.notify(this.#header, WRITE);
    Atomics.notify(this.#header, READ);
  }

  /**
   * Reader: waits for `samples` to be readable (at most the capacity); false when the ring was closed with fewer.
   * @throws AudioError `job-cancelled`, `job-timed-out` when `signal` aborts.
   */
  async untilReadable(samples: number, signal: AbortSignal): Promise<boolean> {
    const wanted = Math.min(samples, this.capacity);
    const look = (): boolean | undefined => (this.readable >= wanted ? true : this.closed ? false : undefined);
    return await this.#until(WRITE, look, signal, "waiting for sound to come");
  }

  /**
   * Writer: waits for room for `samples` (at most the capacity); false when the ring is closed.
   * @throws AudioError `job-cancelled`, `job-timed-out` when `signal` aborts.
   */
  async untilWritable(samples: number, signal: AbortSignal): Promise<boolean> {
    const wanted = Math.min(samples, this.capacity);
    const look = (): boolean | undefined => (this.closed ? false : this.writable >= wanted ? true : undefined);
    return await this.#until(READ, look, signal, "waiting for sound to be taken");
  }

  async #until(
    position: number,
    look: () => boolean | undefined,
    signal: AbortSignal,
    doing: string,
  ): Promise<boolean> {
    for (;;) {
      if (signal.aborted) throw abortError(signal, doing);
      // Read before looking: a change in between makes the wait return at once.
      const seen = Atomics.load(this.#header, position);
      const answer = look();
      if (answer !== undefined) return answer;
      await this.#changed(position, seen, signal);
    }
  }

  async #changed(position: number, seen: number, signal: AbortSignal): Promise<void> {
    const change = Atomics.waitAsync(this.#header, position, seen, LOOK_AGAIN_MS);
    if (!change.async) return;
    const woken = Promise.withResolvers<undefined>();
    const wake = (): void => woken.resolve(undefined);
    // A wait on shared memory does not keep a thread alive; a timer does.
    const timer = setTimeout(wake, LOOK_AGAIN_MS);
    signal.addEventListener("abort", wake, { once: true });
    try {
      await Promise.race([change.value, woken.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
    }
  }
}
