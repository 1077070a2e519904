/** A scripted talker holds a conversation of ten turns with a real peer, over its real socket, through the SDK, in real time. */
import { cough, withRms } from "@parley/audio/testing";
import { describe, expect, it } from "vitest";
import { hasRealEngines, realPeer, spoken, talkWith, type Line, type Talk } from "./real-peer.ts";

/** Short sentences: what is synthesised when somebody interrupts is soon done. */
const STORY =
  "Once there was a ship. It sailed across the sea. The captain was old. She knew every star. One night the wind slept. " +
  "The ship stood still. It was very quiet. Then the wind woke up.";
const SONG =
  "Row, row, row your boat. Gently down the stream. Merrily we go along. Life is but a dream. We sing it once again. " +
  "Row, row, row your boat.";

/** The scripted test LLM: what is asked decides what it answers. */
const ANSWERS = [
  { asked: "stop", reply: "All right." },
  { asked: "enough", reply: "All right." },
  { asked: "time", reply: "It is ten past nine." },
  { asked: "tea", reply: "A cup of tea is on its way." },
  { asked: "timer", reply: "The timer is set." },
  { asked: "story", reply: STORY },
  {
    asked: "weather",
    reply: "It will be cloudy. Later the sun comes out. Tomorrow it rains.",
  },
  { asked: "song", reply: SONG },
];

/** What is said, by turn, and words that must be in the question. */
const LINES: readonly { readonly line: Line; readonly words: readonly string[] }[] = [
  { line: ["What time is it?"], words: ["what", "time"] },
  { line: ["I would like", 1100, "a cup of tea, please."], words: ["would", "tea"] },
  { line: ["Set the alarm for Monday.", 350, "No, wait, for Friday."], words: ["alarm", "monday", "friday"] },
  { line: ["Tell me a story about the sea."], words: ["story", "sea"] },
  { line: ["That is enough, thank you."], words: ["enough"] },
  { line: ["What is the weather like today?"], words: ["weather"] },
  { line: ["Can you sing a song for me?"], words: ["song"] },
  { line: ["Stop it, please."], words: ["stop"] },
];
/** Too much for one turn. */
const WITHOUT_END: Line = [
  "When I was young we lived in a small house by the river, and every morning my brother and I walked to the village " +
    "to buy bread and milk, and on the way back we always sat on the old wall and looked at the boats going by",
];
const TURN_SECONDS = 6;

const ready = hasRealEngines();

describe.skipIf(!ready)("a conversation of ten turns with real engines", { timeout: 400_000 }, () => {
  it("answers each turn once and in order, and keeps of what was interrupted what was heard", async () => {
    const sounds = await spoken("af_bella", [...LINES.map(({ line }) => line), WITHOUT_END]);
    const clip = (turn: number): Float32Array => sounds[turn - 1] ?? new Float32Array(0);
    await using real = await realPeer(
      { delayMs: 50, answers: ANSWERS, replies: ["I have heard you."] },
      { "limits.turn_seconds": String(TURN_SECONDS) },
    );
    const talk = await talkWith(real.client);
    const { microphone, speaker, listener } = talk;
    await talk.rest(800);

    // A question; a pause within a turn; a correction.
    for (const turn of [1, 2, 3]) await said(talk, clip(turn), turn);
    // A story, interrupted while it is told.
    await microphone.say(clip(4));
    await heardOf(talk, 4, 2500);
    await microphone.say(clip(5));
    await listener.turn(5);
    await talk.rest(700);
    // A cough into an answer.
    await microphone.say(clip(6));
    await heardOf(talk, 6, 1000);
    await microphone.say(withRms(cough(7), 0.15));
    await listener.turn(6);
    // Nobody speaks, and somebody coughs.
    const before = listener.of("turn").length;
    await talk.rest(1500);
    await microphone.say(withRms(cough(8), 0.15));
    await talk.rest(2500);
    const unasked = listener.of("turn").slice(before);
    expect(unasked.filter(({ outcome }) => outcome !== "unheard")).toEqual([]);
    expect(speaker.replies).toHaveLength(6);
    const first = 7 + unasked.length;
    // A song, and "stop".
    await microphone.say(clip(7));
    await heardOf(talk, 7, 2000);
    await microphone.say(clip(8));
    await listener.turn(first + 1);
    await talk.rest(700);
    // Somebody who does not stop.
    await microphone.say(sounds.at(-1) ?? new Float32Array(0));
    await listener.turn(first + 3);
    await talk.end();

    const turns = listener.of("turn");
    expect(turns.map(({ turn }) => turn)).toEqual(turns.map((_, n) => n + 1));
    const asked = turns.filter(({ outcome }) => outcome !== "unheard");
    expect(asked).toHaveLength(10);
    const cut = new Set([4, 7, 9]);
    expect(asked.map(({ outcome }) => outcome)).toEqual(
      asked.map((_, n) => (cut.has(n + 1) ? "interrupted" : "complete")),
    );
    for (const [n, { words }] of LINES.entries()) {
      const question = asked[n]?.question.toLowerCase() ?? "";
      for (const word of words) expect(question).toContain(word);
      expect(asked[n]?.reply).toBe(replyTo(question));
    }
    for (const { outcome, heard, reply } of asked) if (outcome === "complete") expect(heard).toBe(reply);

    // Once each: the person heard one reply to every turn but the one that did not end, and two of them were stopped.
    expect(speaker.replies.map(({ stopped }) => stopped !== undefined)).toEqual(
      asked.filter(({ reply }) => reply !== "").map(({ outcome }) => outcome === "interrupted"),
    );
    // As much of the interrupted replies is kept as had been played: at the pace at which this voice says whole replies.
    let [characters, playedMs] = [0, 0];
    for (const [n, { isFinished, lengthMs }] of speaker.replies.entries()) {
      const whole = asked.filter(({ reply }) => reply !== "")[n];
      if (!isFinished || whole === undefined) continue;
      characters += whole.reply.length;
      playedMs += lengthMs;
    }
    for (const n of [4, 7]) {
      const turn = asked[n - 1];
      const { heardMs = 0 } = speaker.replies[n - 1]?.stopped ?? {};
      expect(turn?.reply.startsWith(turn.heard)).toBe(true);
      expect(turn?.heardMs).toBeCloseTo(heardMs, -1);
      expect(heardMs).toBeGreaterThan(1000);
      const expected = heardMs * (characters / playedMs);
      expect(Math.abs((turn?.heard.length ?? 0) - expected)).toBeLessThan(12 + 0.3 * expected);
    }

    // What was said without end is all there, in two turns, of which the second is answered.
    const [spill, rest] = asked.slice(8);
    expect(spill).toMatchObject({ reply: "", heard: "" });
    const heard = `${spill?.question} ${rest?.question}`.toLowerCase();
    const landmarks = ["young", "river", "village", "bread", "milk", "wall", "boats"];
    // A word may be misheard where it was cut.
    expect(landmarks.filter((word) => heard.includes(word)).length).toBeGreaterThanOrEqual(landmarks.length - 1);
    expect(rest?.reply).toBe("I have heard you.");
  });
});

function replyTo(question: string): string {
  return ANSWERS.find(({ asked }) => question.includes(asked))?.reply ?? "I have heard you.";
}

/** Says a line and waits until turn `number` is over. */
async function said(talk: Talk, sound: Float32Array, number: number): Promise<void> {
  await talk.microphone.say(sound);
  await talk.listener.turn(number);
  await talk.rest(700);
}

/** Waits until so much of reply `number` was heard. */
async function heardOf({ listener, speaker }: Talk, number: number, ms: number): Promise<void> {
  await listener.until(`${ms} ms of reply ${number}`, () =>
    speaker.replies.length === number && speaker.heardMs >= ms ? true : undefined,
  );
}
