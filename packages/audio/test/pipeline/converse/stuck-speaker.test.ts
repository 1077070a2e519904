import { describe, expect, it } from "vitest";
import { plainTts, Room, VirtualClock, VirtualPlayback } from "./kit.ts";

/** A loudspeaker that stands still after so much, and goes on saying so. */
class StuckPlayback extends VirtualPlayback {
  override get heardMs(): number {
    return Math.min(super.heardMs, 700);
  }
}

describe("a loudspeaker that stands still in the middle of a reply", () => {
  it("ends the turn as failed, with what was heard, although it goes on reporting", async () => {
    const clock = new VirtualClock();
    const room = new Room(() => "This is a sentence that is long enough.", {
      clock,
      parts: { voice: { tts: plainTts(clock), playback: new StuckPlayback(clock) } },
      interaction: { mode: "open", playbackMs: 5000 },
    });
    await room.say("500 one two 12000");
    expect(room.of("turn")).toMatchObject([{ outcome: "failed", heardMs: 700 }]);
    await room.end();
  });

  it("is not what a voice is that needs long for its next sentence", async () => {
    const clock = new VirtualClock();
    const slow = plainTts(clock, 8000);
    const room = new Room(() => "This is one sentence. And this is another one.", {
      clock,
      tts: slow,
      interaction: { mode: "open", playbackMs: 5000 },
    });
    await room.say("500 one two 30000");
    expect(room.of("turn")).toMatchObject([{ outcome: "complete" }]);
    await room.end();
  });
});
