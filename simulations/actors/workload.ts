/** What a host does: it tells, offers and asks ledgers anywhere, and watches actors that come and go. */
import type { ActorRef, ActorSystem, SingletonSend } from "@parley/actors";
import type { Random } from "../kit/random.ts";
import { MS } from "../kit/timeline.ts";
import type { Manner, Sent } from "./chronicle.ts";
import type { Life } from "./host.ts";
import type { LedgerMessage, Placed } from "./messages.ts";
import { bearMortal, watchEnd } from "./watching.ts";
import type { World } from "./world.ts";

/** How much later than its deadline a wait may end: timers and turns of who waits. */
const GRACE_MS = 20;
export const ENTITIES = 8;

interface Worker {
  readonly world: World;
  readonly life: Life;
  readonly system: ActorSystem;
  readonly placed: Placed;
  readonly random: Random;
  /** By receiver. */
  readonly sequences: Map<string, number>;
  /** Where all of it goes, when it does much at once. */
  burstTo: string | undefined;
}

export function work(world: World, life: Life, system: ActorSystem, placed: Placed): void {
  const random = world.random.fork(`work/${life.name}`);
  const worker: Worker = {
    world,
    life,
    system,
    placed,
    random,
    sequences: new Map<string, number>(),
    burstTo: undefined,
  };
  const acts = [...WITH_LEDGERS, ...WITH_LEDGERS, ...WITH_PLACED, offerOne, watchOne, bear];
  const thinkMs = world.plan.thinkTime / MS;
  const next = (): void => {
    if (world.isHealed || life.isStopping) return;
    // Now and then much at once, as far as bounds and beyond.
    const isBurst = random.chance(0.1);
    const times = isBurst ? 10 : 1;
    const act = random.pick(acts);
    worker.burstTo = isBurst ? addressIn({ ...worker, burstTo: undefined }) : undefined;
    for (let i = 0; i < times; i += 1) act?.(worker);
    life.clock.after(2 * thinkMs * random.next(), next);
  };
  life.clock.after(thinkMs * random.next(), next);
}

function addressIn({ world, random, burstTo }: Worker): string {
  if (burstTo !== undefined) return burstTo;
  const host = random.pick(world.hosts)?.name ?? "nobody";
  return `parley://${host}/ledger-${random.between(0, world.plan.ledgers - 1)}`;
}

function nextTo({ life, sequences, world }: Worker, to: string, manner: Manner): Sent {
  const sequence = (sequences.get(to) ?? 0) + 1;
  sequences.set(to, sequence);
  world.note(manner, life.name, to, sequence);
  return { manner, from: life.name, to, sequence };
}

function entityIn(worker: Worker): ReturnType<Placed["sharding"]["entity"]> {
  const { placed, random, burstTo } = worker;
  // Much at once is for one of them, whichever host it is on.
  const id = burstTo === undefined ? random.between(1, ENTITIES) : 1 + (burstTo.length % ENTITIES);
  return placed.sharding.entity(`e${id}`);
}

function tellEntity(worker: Worker): void {
  const entity = entityIn(worker);
  entity.tell({ type: "note", sent: nextTo(worker, `entity/${entity.id}`, "tell") });
}

function offerEntity(worker: Worker): void {
  const { world, life, random } = worker;
  const entity = entityIn(worker);
  const to = `entity/${entity.id}`;
  const sent = nextTo(worker, to, "acknowledged");
  const timeoutMs = random.oneOf(500, 3_000, 8_000);
  const offered = entity.offer({ type: "note", sent }, { timeoutMs });
  world.placement.count(life, offered);
  mustEnd(worker, `an acknowledged ${sent.sequence} to ${to}`, timeoutMs, offered, () => {
    world.note("acknowledged", life.name, to, sent.sequence);
    world.see({ type: "acknowledged", sent });
  });
}

function askEntity(worker: Worker): void {
  const entity = entityIn(worker);
  askAndCheck(worker, (make, timeoutMs) => entity.ask<string>(make, { timeoutMs }));
}

function askChief(worker: Worker): void {
  askAndCheck(worker, (make, timeoutMs) => askSingleton(worker.world, worker.placed.chief, make, timeoutMs));
}

/** A question to the singleton, by way of this host's manager. */
export function askSingleton(
  world: World,
  chief: Placed["chief"],
  make: (replyTo: ActorRef<string>) => LedgerMessage,
  timeoutMs: number,
): Promise<string> {
  return world.library.actors.askBeyond<SingletonSend<LedgerMessage>, string>(
    chief,
    (replyTo) => ({ type: "send", message: make(replyTo), refusedTo: replyTo }),
    { timeoutMs },
  );
}

function tellOne(worker: Worker): void {
  const to = addressIn(worker);
  worker.system.resolve<LedgerMessage>(to).tell({ type: "note", sent: nextTo(worker, to, "tell") });
}

function offerOne(worker: Worker): void {
  const to = addressIn(worker);
  const sent = nextTo(worker, to, "offer");
  const timeoutMs = worker.random.oneOf(300, 3_000);
  const offered = worker.system.resolve<LedgerMessage>(to).offer({ type: "note", sent }, { timeoutMs });
  mustEnd(worker, `an offer ${sent.sequence} to ${to}`, timeoutMs, offered);
}

function offerAcknowledged(worker: Worker): void {
  const to = addressIn(worker);
  const { world, life } = worker;
  const sent = nextTo(worker, to, "acknowledged");
  const timeoutMs = worker.random.oneOf(300, 3_000, 8_000);
  const ref = worker.system.resolve<LedgerMessage>(to);
  const offered = ref.offer({ type: "note", sent }, { acknowledged: true, timeoutMs });
  mustEnd(worker, `an acknowledged ${sent.sequence} to ${to}`, timeoutMs, offered, () => {
    world.note("acknowledged", life.name, to, sent.sequence);
    world.see({ type: "acknowledged", sent });
  });
}

function askOne(worker: Worker): void {
  const to = addressIn(worker);
  askAndCheck(worker, (make, timeoutMs) => worker.system.resolve<LedgerMessage>(to).ask<string>(make, { timeoutMs }));
}

type Ask = (make: (replyTo: ActorRef<string>) => LedgerMessage, timeoutMs: number) => Promise<string>;

function askAndCheck(worker: Worker, ask: Ask): void {
  const { world, life, random } = worker;
  const name = `question ${life.name} ${world.timeline.now} ${random.next()}`;
  const timeoutMs = random.oneOf(100, 1_000, 4_000);
  const asked = ask((replyTo) => ({ type: "question", name, replyTo }), timeoutMs);
  mustEnd(worker, name, timeoutMs, asked, (reply) => world.see({ type: "answered", asked: name, reply }));
}

/** Looks whether `promise` is settled in time, by the clock of who waits; one that waits in a life that is over is not. */
function mustEnd<Value>(
  { world, life }: Worker,
  what: string,
  timeoutMs: number,
  promise: Promise<Value>,
  then?: (value: Value) => void,
): void {
  let isLate = true;
  promise.then(
    (value) => {
      isLate = false;
      if (!life.isOver) then?.(value);
    },
    (error: unknown) => {
      isLate = false;
      if (!world.library.actors.isActorError(error)) world.fail(error, life.name);
      else world.note("refused", what, error.code);
    },
  );
  const look = (): void => world.see({ type: "wait-ended", what: `${life.name}: ${what}`, isLate });
  // Twice, as after a pause of the host what is overdue by then comes in any order.
  life.clock.after(timeoutMs + GRACE_MS, () => (isLate ? life.clock.after(GRACE_MS, look) : look()));
}

function watchOne({ world, life, system, random }: Worker): void {
  const of = random.pick(world.mortals.known);
  if (of === undefined) return;
  const unwatch = watchEnd(world, life, system, of);
  if (random.chance(0.1)) life.clock.after(1_000 * random.next(), unwatch);
}

function bear({ world, life, system, random }: Worker): void {
  bearMortal(world, life, system, 3_000 * random.next(), random.chance(0.5));
}

const WITH_LEDGERS = [tellOne, offerAcknowledged, askOne];
const WITH_PLACED = [tellEntity, offerEntity, offerEntity, askEntity, askChief];
