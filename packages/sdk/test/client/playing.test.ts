import { expect, it } from "vitest";
import { Playing, type Speaker } from "../../src/client/work/playing.ts";

it.each(["finished", "silenced"])(
  "the rest of an answer of which nothing was given is counted from its beginning, whatever was %s before it",
  async (how) => {
    const speaker: Speaker = {
      heardMs: 30,
      play: () => Promise.resolve(true),
      finished: () => Promise.resolve(30),
      stop: () => ({ heardMs: 30 }),
      duck: () => undefined,
      restore: () => undefined,
    };
    const told: unknown[] = [];
    const playing = new Playing(
      speaker,
      (report) => told.push(report),
      (error) => expect.fail(String(error)),
    );
    const sound = { sampleRateHz: 1_000, samples: new Float32Array(100) };
    playing.begin(1);
    playing.sound(sound);
    if (how === "finished") await playing.finish(1);
    else playing.silence();
    playing.goOn(2);
    playing.sound(sound);
    await playing.finish(2);
    expect(told.at(-1)).toEqual({ reply: 2, heardMs: 30, state: "finished" });
  },
);
