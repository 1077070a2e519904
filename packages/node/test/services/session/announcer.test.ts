import { describe, expect, it } from "vitest";
import type { Pcm } from "@parley/audio";
import { Announcer } from "../../../src/services/session/announcer.ts";

const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** A loudspeaker that a test holds, and what was said through it. */
function room() {
  const over = new AbortController();
  const played: string[] = [];
  const failures: unknown[] = [];
  let heard = Promise.withResolvers<number>();
  const announcer = new Announcer({
    playback: {
      play: async (pcm) => {
        played.push(`${pcm.sampleRateHz}`);
        return true;
      },
      finished: () => heard.promise,
      stop: () => {
        played.push("stop");
        return { heardMs: 0 };
      },
    },
    async *speak(text): AsyncGenerator<Pcm> {
      if (text === "broken") throw new Error("no voice");
      // The rate tells which text it is.
      yield { samples: new Float32Array(1), sampleRateHz: Number(text) };
    },
    signal: over.signal,
    onFailure: (error) => failures.push(error),
  });
  const isHeard = async (): Promise<void> => {
    heard.resolve(1);
    heard = Promise.withResolvers();
    await turns();
  };
  return { announcer, played, failures, over, isHeard };
}

describe("announcements", () => {
  it("wait until nothing is being said, and come one after another", async () => {
    const { announcer, played, isHeard } = room();
    expect(announcer.say("1")).toBe(true);
    announcer.say("2");
    await turns();
    expect(played).toEqual([]);
    announcer.note(true);
    await turns();
    expect(played).toEqual(["1"]);
    await isHeard();
    expect(played).toEqual(["1", "2"]);
  });

  it("give way to who begins to speak, and are said again afterwards", async () => {
    const { announcer, played, isHeard } = room();
    announcer.note(true);
    announcer.say("1");
    await turns();
    announcer.note(false);
    await turns();
    expect(played).toEqual(["1", "stop"]);
    announcer.note(false);
    announcer.note(true);
    await turns();
    await isHeard();
    await turns();
    expect(played).toEqual(["1", "stop", "1"]);
  });

  it("that cannot be said are told, and the next is said", async () => {
    const { announcer, played, failures } = room();
    announcer.note(true);
    announcer.say("broken");
    announcer.say("2");
    await turns();
    expect(failures).toMatchObject([{ message: "no voice" }]);
    expect(played).toEqual(["2"]);
  });

  it("are refused when too many wait, and when the conversation is over", async () => {
    const { announcer, played, over } = room();
    expect(Array.from({ length: 10 }, () => announcer.say("1")).filter(Boolean)).toHaveLength(8);
    over.abort();
    expect(announcer.say("1")).toBe(false);
    announcer.note(true);
    await turns();
    expect(played).toEqual([]);
  });
});
