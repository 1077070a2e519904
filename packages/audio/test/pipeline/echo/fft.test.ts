import { expect, test } from "vitest";
import { Fft } from "../../../src/pipeline/echo/fft.ts";
import { noise } from "./acoustics.ts";

test("a transform is the sum that it stands for, and swapping the parts gives the sound back", () => {
  const size = 64;
  const random = noise(5);
  const real = Float64Array.from({ length: size }, random);
  const imaginary = Float64Array.from({ length: size }, random);
  const [re, im] = [real.slice(), imaginary.slice()];
  new Fft(size).transform(re, im);
  for (let bin = 0; bin < size; bin += 1) {
    let [sumRe, sumIm] = [0, 0];
    for (let n = 0; n < size; n += 1) {
      const angle = (-2 * Math.PI * bin * n) / size;
      const [a, b] = [real[n] ?? 0, imaginary[n] ?? 0];
      sumRe += a * Math.cos(angle) - b * Math.sin(angle);
      sumIm += a * Math.sin(angle) + b * Math.cos(angle);
    }
    expect(re[bin]).toBeCloseTo(sumRe, 9);
    expect(im[bin]).toBeCloseTo(sumIm, 9);
  }
  new Fft(size).transform(im, re);
  for (let n = 0; n < size; n += 1) expect((re[n] ?? 0) / size).toBeCloseTo(real[n] ?? 0, 9);
});

test.each([0, 1, 3, 1000, 131_072, Number.NaN])("of %d points there is none", (size) => {
  expect(() => new Fft(size)).toThrow(RangeError);
});
