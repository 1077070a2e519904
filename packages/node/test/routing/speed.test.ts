import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costsOf, SpeedBook } from "../../src/routing/index.ts";

/** Hears so many jobs of 1 to 9 s at `fixedMs` and `factor`, with what `spoil` makes of each. */
function heard(
  book: SpeedBook,
  jobs: number,
  [fixedMs, factor]: readonly [number, number],
  spoil = (ms: number, _job: number) => ms,
): void {
  for (let job = 0; job < jobs; job += 1) {
    const audioMs = 1_000 + ((job * 3_700) % 8_000);
    book.record("stt", "m", { size: { audioMs }, totalMs: spoil(fixedMs + factor * audioMs, job) });
  }
}

const speedOf = (book: SpeedBook): readonly [number, number] => {
  const { firstResultMs = NaN, realTimeFactor = NaN } = book.speed("stt", "m");
  return [firstResultMs, realTimeFactor];
};

describe("a measured speed", () => {
  it("is nothing before anything was measured, and a prior by model and hardware takes its place", () => {
    expect(new SpeedBook().speed("llm", "m")).toEqual({});
    const prior = (model: string, hardware: readonly string[] = []) =>
      costsOf({ capability: "llm", model, hardware, speed: {} }).perTokenMs;
    expect(prior("llama3:70b")).toBeGreaterThan(8 * prior("llama3:8b"));
    expect(prior("llama3:8b")).toBeGreaterThan(4 * prior("llama3:8b", ["GPU"]));
    expect(prior("qwen2.5-0.5b-instruct-q8_0")).toBeLessThan(prior("whatever"));
  });

  it("is told apart into what a job costs and what its size costs", () => {
    const book = new SpeedBook();
    heard(book, 12, [200, 0.05]);
    const [fixedMs, factor] = speedOf(book);
    expect(fixedMs).toBeCloseTo(200, 5);
    expect(factor).toBeCloseTo(0.05, 8);
  });

  it("of a single job is all put down to its size", () => {
    const book = new SpeedBook();
    book.record("tts", "v", { size: { characters: 50 }, totalMs: 500 });
    expect(book.speed("tts", "v")).toEqual({ firstResultMs: 0, msPerCharacter: 10 });
  });

  it("is hardly moved by one job that took a hundred times as long", () => {
    const book = new SpeedBook();
    heard(book, 20, [100, 0.1], (ms, job) => (job === 15 ? ms * 100 : ms));
    const [fixedMs, factor] = speedOf(book);
    const expectedMs = fixedMs + factor * 4_000;
    expect(expectedMs).toBeGreaterThan(400);
    expect(expectedMs).toBeLessThan(750);
  });

  it("follows a change that lasts within some jobs", () => {
    const book = new SpeedBook();
    heard(book, 20, [0, 0.1]);
    heard(book, 20, [0, 0.4]);
    const [fixedMs, factor] = speedOf(book);
    expect(fixedMs + factor * 4_000).toBeGreaterThan(1_200);
  });

  it("of a language model is what it reads and what it writes", () => {
    const book = new SpeedBook();
    for (let job = 1; job <= 8; job += 1) {
      const size = { promptTokens: 300 * job, tokens: 20 * job };
      const firstMs = 50 + 2 * size.promptTokens;
      book.record("llm", "m", { size, firstMs, totalMs: firstMs + 25 * size.tokens });
    }
    const { firstResultMs, promptTokensPerSecond, tokensPerSecond } = book.speed("llm", "m");
    expect(firstResultMs).toBeCloseTo(50, 5);
    expect(promptTokensPerSecond).toBeCloseTo(500, 5);
    expect(tokensPerSecond).toBeCloseTo(40, 5);
  });

  it("is a number that is not negative, whatever was measured", () => {
    const amount = fc.oneof(fc.double(), fc.constantFrom(0, -1, NaN, Infinity, 1e-300, 1e300), fc.nat(10_000));
    fc.assert(
      fc.property(fc.array(fc.tuple(amount, amount, amount), { maxLength: 30 }), (jobs) => {
        const book = new SpeedBook();
        for (const [size, totalMs, firstMs] of jobs) {
          book.record("stt", "m", { size: { audioMs: size }, totalMs });
          book.record("llm", "m", { size: { promptTokens: size, tokens: size }, totalMs, firstMs });
        }
        for (const speed of [book.speed("stt", "m"), book.speed("llm", "m")]) {
          for (const value of Object.values(speed)) expect(value >= 0 && Number.isFinite(value)).toBe(true);
        }
      }),
    );
  });

  it("is kept of the models that were used last, and of no more than may be", () => {
    const book = new SpeedBook();
    for (let model = 0; model < 200; model += 1)
      book.record("stt", `m${model}`, { size: { audioMs: 1_000 }, totalMs: 10 });
    expect([book.speed("stt", "m0"), book.speed("stt", "m199")]).toEqual([
      {},
      { firstResultMs: 0, realTimeFactor: 0.01 },
    ]);
  });
});
