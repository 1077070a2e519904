/**
 * What it costs that another peer does the work. Two peers as processes: one without an engine, that a client talks to, and one that
 * does all of it; and the same client at that one itself.
 *
 * One way: from the moment that a client hands over a frame of sound, to when an engine of the peer that works has it; both clocks are
 * the machine's monotonic one. So it is more than the hop: the client's own socket, the peer's gateway and session are in it, as they
 * are in what it is measured beside in words, the same frame at the peer that has the engine. The baseline is a bare socket.
 *
 * A whole turn: a question in sound, answered in sound to its end, with engines of fixed delay. With and without a hop in turn, in
 * pairs; what is judged is the median of the differences within the pairs. Their p95 says how busy the machine was, too.
 */
import { whiteNoise, withRms } from "@parley/audio/testing";
import type { ParleyClient } from "@parley/sdk";
import { below, beside, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import {
  arrivalsIn,
  clientOf,
  given,
  Household,
  machineMs,
  untilUnited,
  type LivePeer,
  type TestEngines,
} from "../../src/testing/index.ts";
import { BareEcho, startBare } from "./bare.ts";

const ONE_WAY_GOAL_MS = 10;
const TURN_GOAL_MS = 60;
const FRAME_MS = 20;
const SAMPLES_PER_MS = 16;
const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS;
const SPOKEN_FRAMES = 100;
const QUIET_FRAMES = 60;
const UTTERANCES = 5;
const PAIRS = 40;
const ENGINES: TestEngines = {
  fixed: ["vad", "stt", "llm", "tts"],
  isStarted: true,
  replies: ["The kettle is on, and the cat is out."],
};
const FLAGS = { "voice.cache_mib": "0" };
const SECRET = "a secret of more than sixteen characters";
const OFFERED_MS = 60_000;

interface Doors {
  /** At the peer that has no engine, and at the one that works. */
  readonly far: ParleyClient;
  readonly near: ParleyClient;
}

export async function* hopRows(): AsyncGenerator<BenchRow> {
  yield* await withDoors({ ...ENGINES, notesArrivals: true }, oneWayRows);
  yield* await withDoors(ENGINES, turnRows);
}

async function withDoors<T>(engines: TestEngines, body: (doors: Doors) => Promise<T>): Promise<T> {
  const household = await Household.open({ joinSecret: SECRET, flags: FLAGS });
  const clients: ParleyClient[] = [];
  try {
    const working = await household.add({ engines });
    const entry = await household.add({ engines: undefined, flags: { ...FLAGS, "cluster.roles": "client" } });
    await working.start();
    await entry.start();
    await untilUnited([working, entry]);
    await untilOffered(entry);
    const [far, near] = [await clientOf(entry), await clientOf(working)];
    clients.push(far, near);
    return await body({ far, near });
  } finally {
    for (const client of clients) client.close();
    await household.close();
  }
}

/** Until a turn goes through. */
async function untilOffered(entry: LivePeer): Promise<void> {
  const client = await clientOf(entry);
  try {
    for (const untilMs = performance.now() + OFFERED_MS; ;) {
      try {
        await given(client.ask({ audio: atOnce() }, { speak: true }));
        return;
      } catch (error) {
        if (performance.now() > untilMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  } finally {
    client.close();
  }
}

async function oneWayRows({ far, near }: Doors): Promise<readonly BenchRow[]> {
  const ways = { far: [] as number[], near: [] as number[] };
  for (let utterance = 0; utterance < UTTERANCES; utterance += 1) {
    ways.near.push(...(await waysOf(near)));
    ways.far.push(...(await waysOf(far)));
  }
  const bare = await bareWays(UTTERANCES * SPOKEN_FRAMES);
  const what = `frame of ${FRAME_MS} ms, client to engine, one way`;
  const rows = [0.5, 0.95].flatMap((share) => {
    const name = share === 0.5 ? "p50" : "p95";
    const base = quantile(bare, share);
    const through = beside(`${what}, through a peer without it, ${name}`, quantile(ways.far, share), base, "ms");
    return [
      beside(`${what}, at the peer that has it, ${name}`, quantile(ways.near, share), base, "ms"),
      share === 0.5 ? through : below(ONE_WAY_GOAL_MS, through),
    ];
  });
  return [
    ...rows,
    informs(`${what}, through a peer without it, slowest of ${ways.far.length}`, Math.max(...ways.far), "ms"),
  ];
}

/** Of each frame of one utterance. */
async function waysOf(client: ParleyClient): Promise<readonly number[]> {
  const sentMs = new Map<number, number>();
  const { text } = await given(
    client.listen(
      paced((samples) => sentMs.set(samples, machineMs())),
      { partials: "off" },
    ),
  );
  const ways: number[] = [];
  for (const { samples, atMs } of arrivalsIn(text)) {
    const sent = sentMs.get(samples);
    if (sent !== undefined) ways.push(atMs - sent);
  }
  if (ways.length < SPOKEN_FRAMES)
    throw new Error(`of ${SPOKEN_FRAMES} frames ${ways.length} were noted: ${text.slice(0, 200)}`);
  return ways;
}

async function bareWays(frames: number): Promise<readonly number[]> {
  const bare = await startBare();
  try {
    const echo = await BareEcho.open(bare.url);
    const ways: number[] = [];
    for (let frame = 0; frame < frames; frame += 1) {
      ways.push(await echo.oneWay(new Uint8Array(2 * FRAME_SAMPLES)));
      await new Promise((resolve) => setTimeout(resolve, FRAME_MS / 4));
    }
    echo.close();
    return ways;
  } finally {
    await bare.close();
  }
}

async function turnRows({ far, near }: Doors): Promise<readonly BenchRow[]> {
  const differences: number[] = [];
  const [with_, without]: [number[], number[]] = [[], []];
  for (let pair = -1; pair < PAIRS; pair += 1) {
    // Each is the first of its pair as often as the other.
    const isFarFirst = pair % 2 === 0;
    const first = await turnMs(isFarFirst ? far : near);
    const second = await turnMs(isFarFirst ? near : far);
    // The first pair warms up.
    if (pair < 0) continue;
    const [hop, plain] = isFarFirst ? [first, second] : [second, first];
    with_.push(hop);
    without.push(plain);
    differences.push(hop - plain);
  }
  const what = "whole turn, in sound and out of sound";
  return [
    beside(`${what}, with a hop beside without, p50`, quantile(with_, 0.5), quantile(without, 0.5), "ms"),
    below(TURN_GOAL_MS, informs(`${what}: a hop adds, p50 of ${PAIRS} pairs`, quantile(differences, 0.5), "ms")),
    informs(`${what}: a hop adds, p95 of ${PAIRS} pairs`, quantile(differences, 0.95), "ms"),
  ];
}

async function turnMs(client: ParleyClient): Promise<number> {
  const { startedMs, endedMs, sound } = await given(client.ask({ audio: atOnce() }, { speak: true }));
  if (sound.length === 0) throw new Error("a turn was not answered in sound");
  return endedMs - startedMs;
}

const SPEECH = withRms(whiteNoise(SPOKEN_FRAMES * FRAME_SAMPLES, 3), 0.05);

async function* atOnce(): AsyncGenerator<Float32Array> {
  yield SPEECH.subarray(0, SPEECH.length / 2);
  yield new Float32Array(16_000);
}

/** In real time; `handed` is told how many samples there were with each frame. */
async function* paced(handed: (samples: number) => void): AsyncGenerator<Float32Array> {
  const startedMs = performance.now();
  for (let frame = 0; frame < SPOKEN_FRAMES + QUIET_FRAMES; frame += 1) {
    const waitMs = startedMs + frame * FRAME_MS - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const at = frame * FRAME_SAMPLES;
    handed(at + FRAME_SAMPLES);
    yield frame < SPOKEN_FRAMES ? SPEECH.slice(at, at + FRAME_SAMPLES) : new Float32Array(FRAME_SAMPLES);
  }
}
