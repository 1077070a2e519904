/**
 * How soon it is settled who answers, once a wake word is heard: whole peers as processes, over their mesh on loopback, beside a
 * bare round trip on the same links.
 */
import { chanceOf } from "@parley/audio/testing";
import { below, beside, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { Household, untilUnited, type BidAnswer, type LivePeer } from "../../src/testing/index.ts";
import type { PartOptions } from "./part.ts";

const SECRET = "a secret of more than sixteen characters";
const GOAL_MS = 150;
const ALONE_GOAL_MS = 5;
/** Two words so far apart are two. */
const APART_MS = 500;
const SEATED_WITHIN_MS = 15_000;

export async function* arbitrationRows({ isQuick, number }: PartOptions): AsyncGenerator<BenchRow> {
  const words = number("--turns", isQuick ? 20 : 60);
  for (const count of [1, 2, 3, 5]) {
    const household = await Household.open({ joinSecret: SECRET });
    try {
      const hosts = await household.addAll(count);
      await Promise.all(hosts.map((host) => host.start()));
      await untilUnited(hosts);
      await seatAll(hosts);
      yield* heardByAll(hosts, words);
      if (count === 3) {
        yield* heardByOne(hosts, words);
        yield* oneStandsStill(hosts, Math.ceil(words / 4));
      }
    } finally {
      await household.close();
    }
  }
}

/** All of them listen, and know of each other. */
async function seatAll(hosts: readonly LivePeer[]): Promise<void> {
  for (const untilMs = performance.now() + SEATED_WITHIN_MS; performance.now() < untilMs;) {
    const seats = await Promise.all(hosts.map((host) => host.tell("seat")));
    if (seats.every(({ others }) => others === hosts.length - 1)) return;
    await pause(50);
  }
  throw new Error(`${hosts.length} hosts did not hear of each other's ears`);
}

async function* heardByAll(hosts: readonly LivePeer[], words: number): AsyncGenerator<BenchRow> {
  const tookMs: number[] = [];
  let [single, best, takenBack] = [0, 0, 0];
  const chance = chanceOf(hosts.length);
  for (let word = 0; word < words; word += 1) {
    const scores = hosts.map(() => 10 + 3 * chance());
    const answers = await Promise.all(hosts.map((host, index) => hears(host, scores[index] ?? 0, chance())));
    const winners = answers.flatMap(({ last }, index) => (last === "won" ? [index] : []));
    if (answers.some(({ first, last }) => first !== last)) takenBack += 1;
    if (winners.length === 1) single += 1;
    if (winners.length === 1 && scores[winners[0] ?? 0] === Math.max(...scores)) best += 1;
    tookMs.push(...answers.filter(({ last }) => last === "won").map((answer) => answer.tookMs));
    await pause(APART_MS);
  }
  const what = hosts.length === 1 ? "wake word heard alone" : `wake word heard by ${hosts.length} hosts`;
  const goalMs = hosts.length === 1 ? ALONE_GOAL_MS : GOAL_MS;
  const roundTripMs = await roundTrip(hosts);
  const row = (metric: string, value: number): BenchRow =>
    roundTripMs === undefined ? informs(metric, value, "ms") : beside(metric, value, roundTripMs, "ms");
  yield row(`${what}: to the decision, p50`, quantile(tookMs, 0.5));
  yield below(goalMs, row(`${what}: to the decision, p95`, quantile(tookMs, 0.95)));
  if (hosts.length === 1) return;
  yield exactly(100, informs(`${what}: exactly one answers`, (100 * single) / words, "%"));
  yield informs(`${what}: the best of them answers`, (100 * best) / words, "%");
  yield informs(`${what}: two answered, and one took it back`, (100 * takenBack) / words, "%");
}

/** The others have ears as well, but in other rooms. */
async function* heardByOne([host]: readonly LivePeer[], words: number): AsyncGenerator<BenchRow> {
  if (host === undefined) return;
  const tookMs: number[] = [];
  for (let word = 0; word < words; word += 1) {
    tookMs.push((await hears(host, 12, 0.5)).tookMs);
    await pause(APART_MS);
  }
  const what = "wake word heard by one of 3 hosts with ears: to the decision";
  yield informs(`${what}, p50`, quantile(tookMs, 0.5), "ms");
  yield below(GOAL_MS, informs(`${what}, p95`, quantile(tookMs, 0.95), "ms"));
}

/** The best of three is stopped just before, and goes on afterwards. */
async function* oneStandsStill(hosts: readonly LivePeer[], words: number): AsyncGenerator<BenchRow> {
  const [stopped, ...others] = hosts;
  if (stopped === undefined) return;
  const tookMs: number[] = [];
  let single = 0;
  for (let word = 0; word < words; word += 1) {
    stopped.pause();
    const answers = await Promise.all(others.map((host, index) => hears(host, 11 + index, 0.5)));
    stopped.resume();
    const winners = answers.filter(({ last }) => last === "won");
    if (winners.length === 1) single += 1;
    tookMs.push(...winners.map((answer) => answer.tookMs));
    await pause(APART_MS);
    await seatAll(hosts);
  }
  const what = "wake word heard by 2 of 3 hosts, the third stands still";
  yield informs(`${what}: to the decision, p50`, quantile(tookMs, 0.5), "ms");
  yield below(GOAL_MS, informs(`${what}: to the decision, p95`, quantile(tookMs, 0.95), "ms"));
  yield exactly(100, informs(`${what}: exactly one answers`, (100 * single) / words, "%"));
}

/** Detectors take between one and two steps of 80 ms. */
function hears(host: LivePeer, score: number, lateness: number): Promise<BidAnswer> {
  return host.bid(score, 80 + 80 * lateness);
}

/** As the links' own pings measure it; undefined where there is nobody to ping. */
async function roundTrip([host]: readonly LivePeer[]): Promise<number | undefined> {
  const times = ((await host?.peers()) ?? []).flatMap(({ roundTripMs }) => roundTripMs ?? []);
  return times.length === 0 ? undefined : quantile(times, 0.5);
}

function exactly(goal: number, row: BenchRow): BenchRow {
  return { ...row, goal: `= ${goal}`, met: row.value === goal };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
