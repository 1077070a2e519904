/** The discrete Fourier transform of a power of two, in place: radix 2 (Cooley and Tukey, 1965), decimation in time. */

/** One length; its tables are made once. */
export class Fft {
  readonly #size: number;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;

  /** @throws RangeError when `size` is no power of two from 2 to 65,536 */
  constructor(size: number) {
    if (!(size >= 2 && size <= 65_536 && Number.isInteger(Math.log2(size)))) {
      throw new RangeError(`a transform has a power of two from 2 to 65536 points, not ${size}`);
    }
    this.#size = size;
    this.#cos = Float64Array.from({ length: size / 2 }, (_, n) => Math.cos((2 * Math.PI * n) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, n) => -Math.sin((2 * Math.PI * n) / size));
  }

  /** Real and imaginary parts, `size` of each. Swapping the two arrays gives the inverse, `size` times too large. */
  transform(real: Float64Array, imaginary: Float64Array): void {
    this.#shuffle(real, imaginary);
    const size = this.#size;
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let from = 0; from < size; from += 2 * half) {
        for (let n = 0; n < half; n += 1) {
          const cos = this.#cos[n * step] ?? 0;
          const sin = this.#sin[n * step] ?? 0;
          const a = from + n;
          const b = a + half;
          const re = (real[b] ?? 0) * cos - (imaginary[b] ?? 0) * sin;
          const im = (real[b] ?? 0) * sin + (imaginary[b] ?? 0) * cos;
          real[b] = (real[a] ?? 0) - re;
          imaginary[b] = (imaginary[a] ?? 0) - im;
          real[a] = (real[a] ?? 0) + re;
          imaginary[a] = (imaginary[a] ?? 0) + im;
        }
      }
    }
  }

  /** Each sample to the place whose number has its bits in the opposite order. */
  #shuffle(real: Float64Array, imaginary: Float64Array): void {
    for (let n = 1, mirrored = 0; n < this.#size; n += 1) {
      let bit = this.#size / 2;
      for (; (mirrored & bit) !== 0; bit /= 2) mirrored -= bit;
      mirrored += bit;
      if (n >= mirrored) continue;
      const re = real[n] ?? 0;
      const im = imaginary[n] ?? 0;
      real[n] = real[mirrored] ?? 0;
      imaginary[n] = imaginary[mirrored] ?? 0;
      real[mirrored] = re;
      imaginary[mirrored] = im;
    }
  }
}
