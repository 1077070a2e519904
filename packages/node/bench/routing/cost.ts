/** What a decision costs a processor, among so many peers. */
import { below, informs } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import {
  Breakers,
  decide,
  Directory,
  explain,
  SentJobs,
  type Advert,
  type Fleet,
  type RouteRequest,
} from "../../src/routing/index.ts";

const GOAL_US = 50;
const ROUNDS = 7;

export async function* costRows(isQuick: boolean): AsyncGenerator<BenchRow> {
  const times = isQuick ? 300 : 3_000;
  for (const peers of [10, 100, 1_000]) {
    const adverts = advertsOf(peers);
    const known = fleetOf(adverts);
    const policy = { stt: { prefer: ["peer-3", "tag:gpu"], weights: { "peer-4": 2, elsewhere: 1.1 } } };
    const cases: readonly (readonly [string, RouteRequest, Fleet])[] = [
      ["any recogniser", { capability: "stt" }, known],
      ["one for German", { capability: "stt", language: "de" }, known],
      ["with a policy", { capability: "stt" }, { ...known, policy }],
    ];
    for (const [what, request, fleet] of cases) {
      const row = informs(
        `decision among ${peers} peers, ${what}`,
        leastMicros(times, () => chosen(request, fleet)),
        "us",
      );
      yield peers === 1_000 ? below(GOAL_US, row) : row;
    }
    const whole = leastMicros(times / 100, () => explain(decide({ capability: "stt" }, known)).candidates.length);
    yield informs(`the same explained, ${peers} peers`, whole, "us");
  }
  const adverts = advertsOf(1_000);
  const directory = Directory.of(adverts);
  let at = 0;
  const put = (): number => {
    const advert = adverts[(at += 1) % adverts.length];
    if (advert !== undefined) directory.put({ ...advert, running: at % 3 }, at);
    return at;
  };
  yield informs("a new report taken in, among 1000 peers", leastMicros(times * 10, put), "us");
}

function chosen(request: RouteRequest, fleet: Fleet): number {
  const decision = decide(request, fleet);
  return (decision.best?.score ?? 0) + (decision.terms()?.workMs ?? 0);
}

/** Processor time of one run: the least of some rounds, each of `times` runs. */
function leastMicros(times: number, run: () => number): number {
  let least = Infinity;
  let kept = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let time = 0; time < times; time += 1) kept += run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / Math.ceil(times));
  }
  // What is thrown away may be optimised away.
  if (Number.isNaN(kept)) throw new Error("a score is no number");
  return least;
}

function advertsOf(count: number): readonly Advert[] {
  return Array.from({ length: count }, (_, n) => ({
    peer: `12D3KooW${"x".repeat(38)}${n}`,
    name: `peer-${n}`,
    capability: "stt",
    model: `model-${n % 7}`,
    languages: n % 3 === 0 ? ["en", "de"] : ["en"],
    voices: [],
    modes: [],
    classes: [],
    concurrency: 1 + (n % 4),
    running: n % 5,
    queued: n % 3,
    backlogMs: (n * 37) % 3_000,
    demand: (n % 10) / 10,
    speed: { realTimeFactor: 0.05 + (n % 50) / 100, firstResultMs: 20 },
    hardware: n % 10 === 0 ? ["gpu"] : [],
    power: "mains",
  }));
}

/** With some jobs on their way, and some peers that have failed. */
function fleetOf(adverts: readonly Advert[]): Fleet {
  const trips = new Map(adverts.map(({ peer }, n) => [peer, 1 + (n % 20)]));
  const [breakers, sent] = [new Breakers(), new SentJobs()];
  for (const { peer } of adverts.slice(0, 5)) breakers.failed(peer, "stt", "gone", 0);
  for (const { peer } of adverts.slice(5, 10)) sent.began(peer, "stt", { workMs: 100, arrivesMs: 5 });
  let turn = 0;
  return {
    self: adverts[Math.floor(adverts.length / 2)]?.peer ?? "",
    nowMs: 100,
    services: Directory.of(adverts),
    roundTripMs: (peer) => trips.get(peer),
    breaker: (peer, capability) => breakers.view(peer, capability, 100),
    inFlight: (peer, capability) => sent.unseen(peer, capability),
    random: () => ((turn += 7) % 100) / 100,
  };
}
