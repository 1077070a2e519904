import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Keys, type PlacedKey } from "../../../src/pipeline/converse/keys.ts";
import type { InteractionEvent } from "../../../src/turn/interaction/index.ts";
import { Room, VirtualClock } from "./kit.ts";

const BLOCK_MS = 32;

/** A stream of `blocks` through keys; what was dealt, and how much had come in by then. */
function keysOver(blocks: number) {
  const clock = new VirtualClock();
  const dealt: { readonly event: InteractionEvent; readonly endMs: number }[] = [];
  let endMs = 0;
  const keys = new Keys(
    () => endMs,
    (event) => dealt.push({ event, endMs }),
    clock,
  );
  async function* sound(): AsyncGenerator<Float32Array> {
    for (let n = 0; n < blocks; n += 1) yield new Float32Array(16 * BLOCK_MS);
  }
  const blocksIn = keys.through(sound())[Symbol.asyncIterator]();
  const hear = async (): Promise<boolean> => {
    const next = await blocksIn.next();
    if (next.done !== true) endMs += BLOCK_MS;
    return next.done !== true;
  };
  return { keys, dealt, clock, hear, endMs: () => endMs };
}

const placeOf = (event: InteractionEvent): number =>
  event.type === "press" || event.type === "hotkey" ? event.fromMs : event.type === "release" ? event.toMs : -1;

describe("keys at places of the sound", () => {
  it("come in their order, each once, none before its place, none more than a block behind it", async () => {
    const struck = fc.record({ key: fc.constantFrom<PlacedKey>("press", "release", "strike"), ahead: fc.nat(600) });
    await fc.assert(
      fc.asyncProperty(fc.array(struck, { maxLength: 20 }), async (all) => {
        const it = keysOver(60);
        const wanted: number[] = [];
        for (const { key, ahead } of all) {
          await it.hear();
          // A client's places go forward.
          const atMs = Math.max(wanted.at(-1) ?? 0, it.endMs() + ahead);
          wanted.push(atMs);
          it.keys.strike(key, atMs);
        }
        while (await it.hear());
        expect(it.dealt.map(({ event }) => placeOf(event))).toEqual(wanted.map((atMs) => Math.min(atMs, it.endMs())));
        for (const { event, endMs } of it.dealt) {
          expect(endMs).toBeGreaterThanOrEqual(placeOf(event));
          expect(endMs - placeOf(event)).toBeLessThanOrEqual(2 * BLOCK_MS);
        }
      }),
    );
  });

  it("do not wait for sound that does not come, and are few", async () => {
    const it = keysOver(5);
    await it.hear();
    for (let n = 0; n < 100; n += 1) it.keys.strike("strike", 10_000);
    expect(it.dealt).toEqual([]);
    await it.clock.advance(2000);
    expect(it.dealt).toHaveLength(32);
    expect(it.dealt[0]?.event).toEqual({ type: "hotkey", fromMs: BLOCK_MS });
  });

  it("that are not wanted any more do nothing", async () => {
    const it = keysOver(5);
    it.keys.strike("press", 50);
    it.keys.forget();
    while (await it.hear());
    await it.clock.advance(4000);
    expect(it.dealt).toEqual([]);
  });

  it("that claim to be of long ago do not open what is over", async () => {
    const it = keysOver(300);
    while (await it.hear());
    it.keys.strike("press", 0);
    expect(it.dealt[0]?.event).toEqual({ type: "press", fromMs: 300 * BLOCK_MS - 5000 });
  });
});

describe("push-to-talk over a slow connection", () => {
  it("hears what was said between the places of press and release, whenever they are told", async () => {
    const room = new Room((question) => `You said ${question}.`, {
      interaction: { mode: "wake", interruptions: "never", followUpMs: 0 },
    });
    // A word takes 288 ms. The keys overtake the sound that lies between them.
    await room.say("320 no 320");
    room.conversation.press(1000);
    room.conversation.release(2000);
    await room.say("320 what time is 320 wait 3000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn")).toMatchObject([{ outcome: "complete", question: "What time is" }]);
  });
});
