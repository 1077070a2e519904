/**
 * Hours of conversation in simulated time: memory stays flat, and places in the sound stay exact. `PARLEY_SESSION_HOURS=8` for a
 * whole day of work; half an hour otherwise.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { FRAME_MS, Room } from "./kit.ts";

const HOURS = Number(process.env["PARLEY_SESSION_HOURS"] ?? 0.5);
const BYTES_PER_MIB = 1 << 20;
/** From the first half of the session to the second. A minute of sound alone is 3.7 MiB. */
const MOST_GROWTH_MIB = 2;
/**
 * The heap is weighed so often. The recorder of the last two minutes grows and is cut, so that single weights tell little: the
 * least and the most of each half are compared.
 */
const WEIGHINGS = 64;

const STORY =
  "Once there was a ship on the sea. It sailed for a long time and saw no land at all. Then, one day, it came home.";
const ANSWER = "You said something, and it was heard.";

/** Minutes of a household: scripts, and what becomes of them. */
const SCENES: readonly (readonly [script: string, outcomes: readonly string[]])[] = [
  ["500 what time is it 6000", ["complete"]],
  ["i would like 1500 tea please 6000", ["complete"]],
  ["~ 3000 ~ 9000", []],
  ["tell me a long story about the sea 4000 stop 6000", ["interrupted", "complete"]],
  ["tea please 500 no wait coffee 1900 ~ 8000", ["complete"]],
  ["45000", []],
];

/** MiB in use once all that can be is given back. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("there is no garbage collector to be called");
  for (let n = 0; n < 3; n += 1) collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / BYTES_PER_MIB;
}

describe("a long session", () => {
  it(
    `of ${HOURS} hours holds no more memory in its second half than in its first, and no place in the sound has moved`,
    async () => {
      const room = new Room((question) => (question.includes("story") ? STORY : ANSWER));
      const heaps: number[] = [];
      const offsetsMs = new Set<number>();
      let [turns, words] = [0, 0];
      const partMs = (HOURS * 3_600_000) / WEIGHINGS;
      for (let part = 1; part <= WEIGHINGS; part += 1) {
        for (let scene = 0; room.clock.now() < part * partMs; scene += 1) {
          const [script, outcomes] = SCENES[scene % SCENES.length] ?? ["", []];
          const startMs = room.clock.now();
          await room.say(script);
          await room.untilQuiet();
          const ended = room.of("turn");
          expect(ended.map(({ outcome }) => outcome)).toEqual(outcomes);
          expect(ended.map(({ turn }) => turn)).toEqual(outcomes.map((_, n) => turns + n + 1));
          turns += outcomes.length;
          words += ended.reduce((sum, { question }) => sum + question.split(" ").length, 0);
          // Where the first word of a scene was heard, from where it was said: always the same.
          const begun = room.of("state").find(({ state }) => state === "listening_for_command");
          if (begun !== undefined && /^[a-z]/u.test(script)) offsetsMs.add((room.atMs.get(begun) ?? 0) - startMs);
          forget(room);
        }
        heaps.push(heapInUse());
      }
      expect(await room.end()).toBeUndefined();

      expect(offsetsMs.size).toBe(1);
      // The clock counts frames: an hour of sound is an hour.
      expect(room.clock.now() % FRAME_MS).toBe(0);
      expect(words).toBeGreaterThan(turns);
      // Before the first is weighed the recorder has been filled.
      const halves = [heaps.slice(WEIGHINGS / 8, WEIGHINGS / 2), heaps.slice(WEIGHINGS / 2)] as const;
      const [first, second] = halves.map((half) => ({ least: Math.min(...half), most: Math.max(...half) }));
      console.log(`${HOURS} h, ${turns} turns; MiB in use: ${JSON.stringify({ first, second })}`);
      expect((second?.least ?? Infinity) - (first?.least ?? 0)).toBeLessThan(MOST_GROWTH_MIB);
      expect((second?.most ?? Infinity) - (first?.most ?? 0)).toBeLessThan(MOST_GROWTH_MIB);
    },
    Math.max(60_000, HOURS * 600_000),
  );
});

/** What a test keeps is not what a conversation keeps. */
function forget(room: Room): void {
  room.events.length = 0;
  room.atMs.clear();
  room.asked.length = 0;
  room.playback.gains.length = 0;
  room.playback.stops.length = 0;
}
