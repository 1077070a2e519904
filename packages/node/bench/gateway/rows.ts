/** What clients of one peer get, and what they cost it. */
import { setTimeout as pause } from "node:timers/promises";
import { createMessage } from "@parley/sdk";
import { below, beside, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { BareEcho, startBare } from "./bare.ts";
import { BareClient, disperse, gather, namesOf } from "./crowd.ts";
import { doorOf, openHouse } from "./house.ts";

const CLIENTS = 500;
const CONTROL_GOAL_MS = 50;
/** Each client says something so often. */
const EVERY_MS = 2_000;
const CROWD_MS = 20_000;
const PAIRS = 100;
const MESSAGES = 10;
const SETTLE_MS = 2_000;

/** All of them at once on one peer, each with a control message every two seconds. */
export async function* crowdRows(): AsyncGenerator<BenchRow> {
  const house = await openHouse(1);
  try {
    const [peer] = house.peers;
    if (peer === undefined) throw new Error("one was asked for");
    const clients = await gather(doorOf(peer), namesOf("crowd", CLIENTS));
    const times = await paced(
      clients.map((client) => () => client.beat()),
      CROWD_MS,
    );
    await disperse(clients);
    const bare = await bareTimes();
    const what = `control message, ${CLIENTS} clients with one each ${EVERY_MS / 1000} s`;
    yield beside(`${what}, p50`, quantile(times, 0.5), quantile(bare, 0.5), "ms");
    yield below(CONTROL_GOAL_MS, beside(`${what}, p95`, quantile(times, 0.95), quantile(bare, 0.95), "ms"));
    yield informs(`${what}, p99`, quantile(times, 0.99), "ms");
    yield informs(`${what}, slowest of ${times.length}`, Math.max(...times), "ms");
  } finally {
    await house.close();
  }
}

async function bareTimes(): Promise<readonly number[]> {
  const bare = await startBare();
  try {
    const echoes = await Promise.all(namesOf("e", CLIENTS).map(() => BareEcho.open(bare.url)));
    const text = JSON.stringify(
      createMessage("HEARTBEAT", { timestamp: Date.now(), status: "active" }, { from: "crowd-1" }),
    );
    const times = await paced(
      echoes.map((echo) => () => echo.beat(text)),
      CROWD_MS / 4,
    );
    for (const echo of echoes) echo.close();
    return times;
  } finally {
    await bare.close();
  }
}

/** Each of `beats` again and again, one after another of its own, spread over the time between. */
async function paced(beats: readonly (() => Promise<number>)[], forMs: number): Promise<readonly number[]> {
  const times: number[] = [];
  const untilMs = performance.now() + forMs;
  await Promise.all(
    beats.map(async (beat, number) => {
      await pause((number * EVERY_MS) / beats.length);
      while (performance.now() < untilMs) {
        const startedMs = performance.now();
        times.push(await beat());
        await pause(Math.max(0, EVERY_MS - (performance.now() - startedMs)));
      }
    }),
  );
  return times;
}

/** A hundred clients send ten messages each to another of them, who acknowledges. */
export async function* throughputRows(): AsyncGenerator<BenchRow> {
  const house = await openHouse(1);
  try {
    const [peer] = house.peers;
    if (peer === undefined) throw new Error("one was asked for");
    const clients = await gather(doorOf(peer), namesOf("pair", PAIRS));
    const due = PAIRS * MESSAGES;
    const startedAt = new Map<string, number>();
    const times: number[] = [];
    const all = Promise.withResolvers<void>();
    for (const client of clients) {
      client.onMessage = ({ messageId }) => {
        times.push(performance.now() - (startedAt.get(messageId) ?? Number.NaN));
        client.send(createMessage("MESSAGE_ACK", { messageId, success: true }, { from: client.clientId }));
        if (times.length === due) all.resolve();
      };
    }
    const startedMs = performance.now();
    for (let round = 0; round < MESSAGES; round += 1) {
      for (const [number, client] of clients.entries()) {
        const to = clients[(number + 1) % clients.length]?.clientId ?? "";
        const message = createMessage("MESSAGE", { content: `message ${round}` }, { from: client.clientId });
        startedAt.set(message.messageId, performance.now());
        client.send({ ...message, target: { clientId: to } });
      }
      await pause(1);
    }
    const late = setTimeout(() => all.reject(new Error(`${times.length} of ${due} messages came`)), 60_000);
    await all.promise.finally(() => clearTimeout(late));
    const tookMs = performance.now() - startedMs;
    await disperse(clients);
    const what = `${PAIRS} clients send ${MESSAGES} messages each to another`;
    yield informs(`${what}: all there after`, tookMs, "ms");
    yield informs(`${what}: throughput`, (due * 1000) / tookMs, "1/s");
    yield informs(`${what}: one way, p95`, quantile(times, 0.95), "ms");
  } finally {
    await house.close();
  }
}

/** After a peer has gone, all its clients are at the door of another at once. */
export async function* stormRows(): AsyncGenerator<BenchRow> {
  const house = await openHouse(1);
  try {
    const [peer] = house.peers;
    if (peer === undefined) throw new Error("one was asked for");
    const door = doorOf(peer);
    const storm = async (how: string, tokens?: ReadonlyMap<string, string>): Promise<readonly BareClient[]> => {
      const startedMs = performance.now();
      const clients = await Promise.all(
        namesOf("storm", CLIENTS).map(async (name) => {
          const client = await BareClient.enter(door, name, tokens?.get(name));
          times.push(performance.now() - startedMs);
          return client;
        }),
      );
      rows.push(
        informs(`${CLIENTS} logins at once, ${how}: all in after`, Math.max(...times), "ms"),
        informs(`${CLIENTS} logins at once, ${how}: p50`, quantile(times, 0.5), "ms"),
      );
      times.length = 0;
      return clients;
    };
    const times: number[] = [];
    const rows: BenchRow[] = [];
    const first = await storm("by token");
    const tokens = new Map(
      first.flatMap(({ clientId, welcome }) => {
        const { resumeToken } = welcome ?? {};
        return resumeToken === undefined ? [] : [[clientId, resumeToken] as const];
      }),
    );
    await disperse(first);
    if (tokens.size === CLIENTS) await disperse(await storm("by resume token", tokens));
    yield* rows;
  } finally {
    await house.close();
  }
}

/** What a client costs that is there and says nothing. */
export async function* memoryRows(): AsyncGenerator<BenchRow> {
  const house = await openHouse(1);
  try {
    const [peer] = house.peers;
    if (peer === undefined) throw new Error("one was asked for");
    // What is made once, is made by the first.
    await disperse(await gather(doorOf(peer), namesOf("first", 20)));
    await pause(SETTLE_MS);
    const { bytes: before } = await peer.tell("held");
    const clients = await gather(doorOf(peer), namesOf("idle", CLIENTS));
    await pause(SETTLE_MS);
    const { bytes: with500 } = await peer.tell("held");
    await disperse(clients);
    await pause(SETTLE_MS);
    const { bytes: after } = await peer.tell("held");
    yield informs(`memory held for each of ${CLIENTS} idle clients`, (with500 - before) / CLIENTS / 1024, "KiB");
    yield informs(`memory held for each of them after they have left`, (after - before) / CLIENTS / 1024, "KiB");
  } finally {
    await house.close();
  }
}

/** More and more of them, until one is refused or answers come late. */
export async function* limitRows(): AsyncGenerator<BenchRow> {
  const house = await openHouse(1);
  const clients: BareClient[] = [];
  try {
    const [peer] = house.peers;
    if (peer === undefined) throw new Error("one was asked for");
    let [refused, held, p95Ms] = ["", 0, 0];
    while (refused === "" && p95Ms < CONTROL_GOAL_MS) {
      const more = namesOf(`limit-${clients.length}`, 100);
      const entered = await Promise.allSettled(more.map((name) => BareClient.enter(doorOf(peer), name)));
      for (const each of entered) {
        if (each.status === "fulfilled") clients.push(each.value);
        else refused = String(each.reason);
      }
      if (clients.length % CLIENTS !== 0 || refused !== "") continue;
      const times = await paced(
        clients.map((client) => () => client.beat()),
        EVERY_MS * 2,
      );
      p95Ms = quantile(times, 0.95);
      if (p95Ms < CONTROL_GOAL_MS) held = clients.length;
      yield informs(`control message, ${clients.length} clients, p95`, p95Ms, "ms");
    }
    const why = refused === "" ? `${CONTROL_GOAL_MS} ms were taken` : "one was refused";
    yield informs(`clients at once when ${why}`, clients.length, "");
    yield informs(
      `most clients at once, in steps of ${CLIENTS}, with control messages below ${CONTROL_GOAL_MS} ms p95`,
      held,
      "",
    );
  } finally {
    await disperse(clients);
    await house.close();
  }
}
