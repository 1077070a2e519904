/**
 * Engines of fixed delay in a live conversation at a real peer: all that is above their delays, and above the pause that ends a
 * turn, is ours. `--turns N` says how many questions are asked.
 */
import { endOfTurnScore, endpointOptions, silenceFor } from "@parley/audio/turn";
import type { ParleyClient, TalkSession } from "@parley/sdk";
import { below, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { fixedDelaySources, LiveMicrophone, LiveSpeaker, TalkListener } from "../../src/testing/index.ts";
import { besideIdleTimers } from "./idle-timers.ts";
import type { PartOptions } from "./part.ts";
import { withPeer } from "./peer.ts";

/** The delays of the named test engines, in milliseconds, and what of ours may come on top. */
const DELAYS = { stt: 150, llm: 200, tts: 100 };
const ENGINES_MS = DELAYS.stt + DELAYS.llm + DELAYS.tts;
const OVERHEAD_GOAL_MS = 30;
/** PT-1. */
const LOOP_GOAL_MS = 100;
const QUESTION = "what time is it";
const WARM_UP = 3;
/** So long nobody speaks between two turns. */
const REST_MS = 150;

/** From the moment that `mark` gives, so long until the first sound of each turn's answer. */
type Ask = (talk: LiveTalk) => Promise<number>;

interface LiveTalk {
  readonly microphone: LiveMicrophone;
  readonly session: TalkSession;
  readonly listener: TalkListener;
}

export async function* overheadRows({ isQuick, number }: PartOptions): AsyncGenerator<BenchRow> {
  const turns = number("--turns", isQuick ? 15 : 60);
  const noDelay = { sttMs: 0, llmMs: 0, ttsMs: 0 };
  const keys = await delays("keys", turns, {}, askedWithKey);
  yield* rowsOf("talk, push-to-talk: our overhead, key up to first audio", keys, ENGINES_MS, OVERHEAD_GOAL_MS);
  const open = await delays("open", turns, {}, askedFreely);
  yield* rowsOf(
    "talk, open: our overhead, end of speech to first audio, beyond engines and pause",
    open,
    expectedMs(),
    OVERHEAD_GOAL_MS,
  );
  const loop = await delays("keys", turns, noDelay, askedWithKey);
  yield* rowsOf("loop through a peer: last sample in to first sample out, engines of no delay", loop, 0, LOOP_GOAL_MS);
}

/** What engines and the pause take alone: work begins early, and waits for the pause only where it is done before. */
function expectedMs(): number {
  const options = endpointOptions();
  const score = endOfTurnScore(QUESTION, { language: "en", mode: "command" });
  return Math.max(options.earlyMs + ENGINES_MS, silenceFor(score, options));
}

function* rowsOf(what: string, { value, lateMs }: Waits, lessMs: number, goalMs: number): Generator<BenchRow> {
  const ours = value.map((waitedMs) => waitedMs - lessMs);
  yield informs(`${what}, p50`, quantile(ours, 0.5), "ms");
  yield below(goalMs, informs(`${what}, p95`, quantile(ours, 0.95), "ms"));
  yield informs(`${what}, max of ${ours.length}`, Math.max(...ours), "ms");
  yield informs(`${what}: a process that only waits so long beside it is late by, p95`, quantile(lateMs, 0.95), "ms");
}

/** What was waited for each answer, and how late a process was that only waits so long. */
type Waits = Awaited<ReturnType<typeof besideIdleTimers<readonly number[]>>>;

function delays(...how: Parameters<typeof answerDelays>): Promise<Waits> {
  return besideIdleTimers([DELAYS.stt, DELAYS.llm, DELAYS.tts], () => answerDelays(...how));
}

/** Milliseconds from the end of each question to its answer's first sound, as the client hears them. */
async function answerDelays(
  mode: "open" | "keys",
  turns: number,
  engines: { readonly sttMs?: number; readonly llmMs?: number; readonly ttsMs?: number },
  ask: Ask,
): Promise<readonly number[]> {
  const sources = fixedDelaySources({ ...engines, texts: [QUESTION], replies: ["Ten."] });
  const values: number[] = [];
  await withPeer({}, sources, async (client: ParleyClient) => {
    const microphone = new LiveMicrophone({ blockMs: 10 });
    const speaker = new LiveSpeaker();
    const session = client.talk(microphone.blocks, { speaker, mode });
    const listener = new TalkListener(session);
    await listener.until("open ears", () => listener.of("state")[0]);
    for (let turn = 1; turn <= WARM_UP + turns; turn += 1) {
      const endedMs = await ask({ microphone, session, listener });
      await listener.turn(turn);
      const heard = speaker.replies[turn - 1];
      if (heard === undefined) throw new Error(`turn ${turn} was not answered in sound`);
      if (turn > WARM_UP) values.push(heard.startedMs - endedMs);
      await microphone.say(new Float32Array(16 * REST_MS));
    }
    microphone.end();
    const error = await listener.over;
    if (error !== undefined) throw error;
  });
  return values;
}

async function askedFreely({ microphone }: LiveTalk): Promise<number> {
  return microphone.say(tone());
}

async function askedWithKey({ microphone, session, listener }: LiveTalk): Promise<number> {
  const before = listener.of("state").length;
  session.key("press");
  await listener.until("open ears", () => listener.of("state")[before]);
  await microphone.say(tone());
  // Before the key goes up: what takes time until the peer knows of it is ours.
  const upMs = performance.now();
  session.key("release");
  return upMs;
}

/** Half a second that the energy detector takes for speech. */
function tone(): Float32Array {
  return Float32Array.from({ length: 8000 }, (_, n) => 0.4 * Math.sin(n / 5));
}
