/** What a host does with streams: it offers them, asks for them, and sends them to others, which read them. */
import type { ActorContext, ActorRef, ActorSystem, StreamRef } from "@parley/actors";
import type { Random } from "../../kit/random.ts";
import type { Life } from "../host.ts";
import type { World } from "../world.ts";
import { refIn, textIn } from "../incoming.ts";
import { drink } from "./drinking.ts";
import { type Drop, Spring } from "./spring.ts";
import type { Stream } from "./streams.ts";

type FountainMessage =
  { readonly type: "pour"; readonly id: string; readonly replyTo: ActorRef<StreamRef<Drop>> } | Trouble;

type BasinMessage =
  { readonly type: "drink"; readonly id: string; readonly from: StreamRef<Drop> } | { readonly type: "trouble" };

interface Trouble {
  readonly type: "trouble";
}

const BETWEEN_MS = 600;
const UNOPENED_MS = 3_000;
/** Longer than any run: only what is told ends a stream. */
const SILENCE_MS = 120_000;
const ASK_MS = 2_000;

interface Works {
  readonly world: World;
  readonly life: Life;
  readonly system: ActorSystem;
  readonly random: Random;
}

export function openWaterworks(world: World, life: Life, system: ActorSystem): void {
  const random = world.random.fork(`water/${life.name}`);
  const works = { world, life, system, random };
  openFountain(works);
  openBasin(works);
  const next = (): void => {
    if (world.isHealed || life.isStopping) return;
    const host = random.pick(world.hosts)?.name ?? "";
    if (random.chance(0.5)) void askForStream(works, host);
    else sendStream(works, host);
    life.clock.after(2 * BETWEEN_MS * random.next(), next);
  };
  life.clock.after(BETWEEN_MS * random.next(), next);
}

/** Asks `host` for a stream and reads it. @returns how it ended */
export function askForStream({ world, life, system, random }: Works, host: string): Promise<string> {
  const stream = drawStream(world, random, host, life.host.name);
  world.note("stream", life.name, "of", host, stream.id, stream.window, stream.length);
  const stop = new AbortController();
  const items = system
    .resolve<FountainMessage>(`parley://${host}/fountain`)
    .stream<Drop>((replyTo) => ({ type: "pour", id: stream.id, replyTo }), {
      window: stream.window,
      idleTimeoutMs: SILENCE_MS,
      timeoutMs: ASK_MS,
      signal: stop.signal,
    });
  if (!world.isHealed && random.chance(0.1)) life.clock.after(1_000 * random.next(), () => stop.abort());
  return drink(world, life, stream, items, random.fork(stream.id));
}

/** Offers a stream and sends it to `host`. */
function sendStream({ world, life, system, random }: Works, host: string): void {
  const stream = drawStream(world, random, life.host.name, host);
  world.note("stream", life.name, "to", host, stream.id, stream.window, stream.length);
  const stop = new AbortController();
  const spring = new Spring(world, life, stream);
  const from = system.offerStream(spring, { idleTimeoutMs: UNOPENED_MS, signal: stop.signal });
  system.resolve<BasinMessage>(`parley://${host}/basin`).tell({ type: "drink", id: stream.id, from });
  if (!random.chance(0.1)) return;
  life.clock.after(1_000 * random.next(), () => {
    stream.mayBreak = true;
    stop.abort();
  });
}

function drawStream({ streams }: World, random: Random, sourceHost: string, readerHost: string): Stream {
  const window = random.oneOf(1, 2, 5, 16);
  return streams.add({ sourceHost, readerHost, window, length: random.oneOf(0, 1, 10, 40) });
}

function openFountain({ world, life, system }: Works): void {
  const random = world.random.fork(`fountain/${life.name}`);
  system.spawn<FountainMessage>(
    (context) => {
      const poured: Stream[] = [];
      beTroubled(world, context);
      return (message) => {
        if (message.type === "trouble") {
          if (world.isHealed || !random.chance(0.2)) return;
          for (const stream of poured) stream.mayBreak = true;
          throw new Error("a crash that was drawn");
        }
        const stream = world.streams.get(message.id);
        if (stream === undefined) throw new TypeError(`there is no stream ${message.id}`);
        poured.push(stream);
        const spring = new Spring(world, life, stream);
        message.replyTo.tell(context.offerStream(spring, { idleTimeoutMs: UNOPENED_MS }));
      };
    },
    {
      name: "fountain",
      accepts: world.library.actors.messageKinds<FountainMessage>("a fountain", {
        pour: (message) => ({ type: "pour", id: textIn(message, "id"), replyTo: refIn(message, "replyTo") }),
        trouble: nobodyElse,
      }),
    },
  );
}

function openBasin({ world, life, system }: Works): void {
  const random = world.random.fork(`basin/${life.name}`);
  system.spawn<BasinMessage>(
    (context) => {
      beTroubled(world, context);
      return (message) => {
        if (message.type === "trouble") {
          if (world.isHealed || !random.chance(0.2)) return;
          throw new Error("a crash that was drawn");
        }
        const stream = world.streams.get(message.id);
        if (stream === undefined) throw new TypeError(`there is no stream ${message.id}`);
        const items = context.readStream(message.from, { window: stream.window, idleTimeoutMs: SILENCE_MS });
        void drink(world, life, stream, items, random.fork(stream.id));
      };
    },
    {
      name: "basin",
      accepts: world.library.actors.messageKinds<BasinMessage>("a basin", {
        drink: (message) => ({ type: "drink", id: textIn(message, "id"), from: refIn(message, "from") }),
        trouble: nobodyElse,
      }),
    },
  );
}

/** For actors that crash now and then. */
function beTroubled<Message>(world: World, { timers }: ActorContext<Message | Trouble>): void {
  if (world.plan.faults.has("crashing-streams")) timers.every("trouble", 700, { type: "trouble" });
}

function nobodyElse(): never {
  throw new TypeError("it comes from nowhere but itself");
}
