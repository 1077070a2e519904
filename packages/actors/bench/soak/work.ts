/** What a host of the soak does all the time, with each of the others and with itself. */
import type { ActorRef, ActorSystem, JobAnswer, JobMessage, Listing, Refused, Service } from "../../src/index.ts";
import type { Household, WorkMessage } from "./household.ts";
import type { Tally } from "./tally.ts";

const PAUSE_MS = 40;
const TELLS = 40;
const ASKS = 10;
const OFFERS = 10;
const SMALL_BYTES = 100;
const LARGE_BYTES = 20_000;
const SOUNDS = 50;
const SOUND_BYTES = 1_920;
const ENTITIES = 400;
const TIMEOUT_MS = 3_000;

export interface Place {
  readonly system: ActorSystem;
  readonly household: Household;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

/** Round after round until the signal; the rarer kinds of work take turns. */
export async function keepBusy(place: Place, peers: readonly string[]): Promise<void> {
  await Promise.all([...peers.map((peer) => withPeer(place, peer)), atHome(place)]);
}

async function withPeer(place: Place, peer: string): Promise<void> {
  const { system, tally, signal } = place;
  const worker = system.resolve<WorkMessage>(`parley://${peer}/worker`);
  const jobs = system.resolve<JobMessage>(`parley://${peer}/jobs`);
  const rare: readonly (readonly [string, () => Promise<number>])[] = [
    ["stream items", () => listen(worker, SOUNDS)],
    ["streams cancelled", () => listen(worker, SOUNDS / 5).then(() => 1)],
    ["crashes", () => worker.offer({ type: "crash" }).then(() => 1)],
    ["watches", () => outlive(system, worker)],
    ["asks that nobody answers", () => askNobody(worker)],
    ["jobs", () => haveDone(jobs)],
  ];
  for (let round = 0; !signal.aborted; round += 1) {
    await tally.attempt("tells", () => Promise.resolve(tells(worker, round)));
    await tally.attempt("asks", () => asks(worker));
    await tally.attempt("acknowledged", () => offers(worker));
    const [kind, work] = rare[round % (2 * rare.length)] ?? [];
    if (kind !== undefined && work !== undefined) await tally.attempt(kind, work);
    await pause();
  }
}

async function atHome({ system, household, tally, signal }: Place): Promise<void> {
  const { entities, bus } = household;
  for (let n = 0; !signal.aborted; n += 1) {
    const message = { n, payload: new Uint8Array(SMALL_BYTES) };
    await tally.attempt("entity messages", async () => {
      await entities.entity(`e${n % ENTITIES}`).offer(message, { timeoutMs: TIMEOUT_MS });
      for (let i = 1; i <= 5; i += 1) entities.entity(`e${(n + 7 * i) % ENTITIES}`).tell(message);
      return 6;
    });
    await tally.attempt("events", () => publish(system, bus));
    if (n % 5 === 0) await tally.attempt("services", () => offerService(system, household));
    await pause();
  }
}

function tells(worker: ActorRef<WorkMessage>, round: number): number {
  for (let i = 0; i < TELLS; i += 1) {
    const payload = new Uint8Array(i === 0 && round % 4 === 0 ? LARGE_BYTES : SMALL_BYTES);
    const refused = worker.tell({ type: "count", payload });
    if (refused !== undefined) throw refused;
  }
  return TELLS;
}

async function asks(worker: ActorRef<WorkMessage>): Promise<number> {
  const ask = (): Promise<Uint8Array> =>
    worker.ask<Uint8Array>((replyTo) => ({ type: "echo", payload: new Uint8Array(SMALL_BYTES), replyTo }), {
      timeoutMs: TIMEOUT_MS,
    });
  return settledAll(Array.from({ length: ASKS }, ask));
}

async function offers(worker: ActorRef<WorkMessage>): Promise<number> {
  const { signal } = new AbortController();
  const offer = (): Promise<void> =>
    worker.offer(
      { type: "count", payload: new Uint8Array(SMALL_BYTES) },
      { acknowledged: true, timeoutMs: TIMEOUT_MS, signal },
    );
  return settledAll(Array.from({ length: OFFERS }, offer));
}

/** Reads so many items of a stream, and leaves it then. */
async function listen(worker: ActorRef<WorkMessage>, wanted: number): Promise<number> {
  let count = 0;
  const items = worker.stream<Uint8Array>(
    (replyTo) => ({ type: "sounds", count: SOUNDS, bytes: SOUND_BYTES, replyTo }),
    { timeoutMs: TIMEOUT_MS, idleTimeoutMs: TIMEOUT_MS },
  );
  for await (const _ of items) {
    count += 1;
    if (count === wanted) break;
  }
  return count;
}

/** Has a child made, watches it, has it ended, and waits until that is known. */
async function outlive(system: ActorSystem, worker: ActorRef<WorkMessage>): Promise<number> {
  const child = await worker.ask<ActorRef<"end">>((replyTo) => ({ type: "child", replyTo }), { timeoutMs: TIMEOUT_MS });
  const ended = new Promise((resolve) => {
    system.watch(child, resolve);
  });
  // Watched in vain: it does not end meanwhile.
  const unwatch = system.watch(worker, () => undefined);
  child.tell("end");
  await ended;
  unwatch();
  return 1;
}

async function askNobody(worker: ActorRef<WorkMessage>): Promise<number> {
  const ended = worker
    .ask<never>(() => ({ type: "count", payload: new Uint8Array(1) }), { timeoutMs: 100 })
    .then(() => "answered")
    .catch(() => "given up");
  return (await ended) === "given up" ? 1 : 0;
}

async function haveDone(jobs: ActorRef<JobMessage>): Promise<number> {
  const answer = await jobs.ask<JobAnswer>((replyTo) => ({ type: "start", kind: "sum", input: 1, replyTo }), {
    timeoutMs: TIMEOUT_MS,
  });
  if (answer.type === "refused") return 0;
  const { id } = answer.job;
  await jobs.ask<JobAnswer>((to) => ({ type: "follow", id, to }), { timeoutMs: TIMEOUT_MS });
  await jobs.ask<JobAnswer>((replyTo) => ({ type: "cancel", id, replyTo }), { timeoutMs: TIMEOUT_MS });
  return 1;
}

/** To a subscriber that comes and goes. */
async function publish(system: ActorSystem, bus: Household["bus"]): Promise<number> {
  const all = Promise.withResolvers<number>();
  let left = 6;
  const subscriber = system.spawn<string>(() => () => {
    left -= 1;
    if (left === 0) all.resolve(6);
  });
  const leave = bus.subscribe(["heard", "said"], subscriber, ({ event }) => event.text);
  for (const text of ["one", "two", "three"]) {
    bus.publish("heard", { text });
    bus.publish("said", { text });
  }
  const count = await all.promise;
  // One that was not left ends with its subscriber.
  if (Math.random() < 0.5) leave();
  await system.stopActor(subscriber);
  return count;
}

/** Of a service that comes and goes, until its subscriber has heard of it. */
async function offerService(system: ActorSystem, { receptionist }: Household): Promise<number> {
  const heard = Promise.withResolvers<number>();
  const service = system.spawn<never>(() => () => undefined);
  const subscriber = system.spawn<Listing | Refused>(() => (listing) => {
    if ("services" in listing && listing.services.some(({ ref }) => ref.equals(service))) heard.resolve(1);
  });
  receptionist.tell({ type: "subscribe", query: { key: "voice" }, to: subscriber });
  await receptionist.ask<Service | Refused>((replyTo) => ({
    type: "register",
    key: "voice",
    capabilities: { host: system.peer },
    ref: service,
    replyTo,
  }));
  const count = await heard.promise;
  await system.stopActor(service);
  await system.stopActor(subscriber);
  return count;
}

/** How many there were. All have ended, also when one has failed. */
async function settledAll(work: readonly Promise<unknown>[]): Promise<number> {
  const failed = (await Promise.allSettled(work)).find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return work.length;
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PAUSE_MS);
  });
}
