/**
 * Clients that read, write and compare-and-swap a few registers that all of them use, through any peer: at once, or by way of its
 * outbox. What they were told, and when, must be linearizable. Registers are pairs and settings.
 */
import { Random } from "../../kit/random.ts";
import { MS } from "../../kit/timeline.ts";
import type { Call, Returned } from "../chronicle.ts";
import type { Life } from "../host.ts";
import type { World } from "../world.ts";
import { again } from "./pace.ts";

const TIMEOUT_MS = 3_000;
const DELIVERED_MS = 20_000;
const PAIRS = ["register/1", "register/2"];
const SETTINGS = ["choice/1"];
/** How soon after a write somebody else looks. */
const LOOK_WITHIN = 150 * MS;

const HAUNT_EVERY = 200 * MS;
const MAX_HAUNT = 4_000 * MS;

type Asked = Omit<Call, "number" | "cluster" | "at">;
type Shared = NonNullable<NonNullable<Life["face"]>["shared"]>;

export function useRegisters(world: World, client: number): void {
  const seen = new Map<string, string | null>();
  again(world, `register/${client}`, (random, count) => {
    const kind = random.chance(0.25) ? "setting" : "pair";
    const key = random.pick(kind === "pair" ? PAIRS : SETTINGS) ?? "";
    const value = `${client}.${count}`;
    const op = random.oneOf("put", "put", kind === "pair" ? "cas" : "put", "later");
    const life = somebody(world, random);
    const expected = seen.get(key) ?? null;
    if (life === undefined) return;
    if (op === "later") return postpone(world, life, { kind, key, op: "put", value, expected: null });
    if (op === "put") ask(world, life, { kind, key, op, value, expected: null });
    else ask(world, life, { kind, key, op, value, expected });
    // A write shows in what others read meanwhile, and soon after.
    for (let reads = random.between(1, 3); reads > 0; reads -= 1) {
      const reader = somebody(world, random);
      world.timeline.after(LOOK_WITHIN * random.next() ** 2, () => {
        if (reader === undefined || world.isHealed) return;
        ask(world, reader, { kind, key, op: "get", value: "", expected: null }, (found) => {
          if (found.ended === "ok" && typeof found.output !== "boolean") seen.set(key, found.output);
        });
      });
    }
  });
}

/**
 * A prime that is cut off, or stands still: others write meanwhile, and it is asked, until it must know better; and at once when it
 * goes on. Who has just come to lead is asked at once, too.
 */
export function haunt(world: World): void {
  const random = new Random(world.plan.seed, "haunt");
  const keys = new WeakMap<Life, string>();
  let count = 0;
  const look = (life: Life, key: string): void =>
    ask(world, life, { kind: "pair", key, op: "get", value: "", expected: null });
  world.onStruck = (struck, duration) => {
    const key = random.pick(PAIRS) ?? "";
    const until = world.timeline.now + Math.min(duration, MAX_HAUNT) + HAUNT_EVERY;
    keys.set(struck, key);
    const next = (): void => {
      if (world.isHealed || struck.isOver || world.timeline.now > until) return;
      count += 1;
      const other = random.pick(world.up().filter((life) => life !== struck));
      const value = `haunt.${count}`;
      if (other !== undefined) ask(world, other, { kind: "pair", key, op: "put", value, expected: null });
      if (!struck.isPaused) look(struck, key);
      world.timeline.after(HAUNT_EVERY * random.next(), next);
    };
    next();
  };
  world.onWoken = (woken, deafFor) => {
    const key = keys.get(woken);
    if (key === undefined) return;
    for (const share of [0, random.next(), random.next()]) {
      world.timeline.after(share * deafFor, () => {
        if (!world.isHealed && !woken.isOver) look(woken, key);
      });
    }
  };
  world.onPrime.push((life) => {
    for (const key of PAIRS) if (!world.isHealed) look(life, key);
  });
}

/** Writes a register through that peer; `done` when it was told that this is done. */
export function overwrite(world: World, life: Life, random: Random, done: () => void): void {
  const value = `over.${world.nextCall()}`;
  ask(world, life, { kind: "pair", key: random.pick(PAIRS) ?? "", op: "put", value, expected: null }, ({ ended }) => {
    if (ended === "ok") done();
  });
}

/** Every register through every peer that belongs, once; `done` when all have answered, or given up. */
export function readAll(world: World, done: () => void): void {
  let [asked, answered] = [0, 0];
  const count = (): void => {
    answered += 1;
    if (answered === asked) done();
  };
  const lives = world.up().filter(({ cluster }) => cluster?.member !== undefined);
  const registers = [
    ...PAIRS.map((key) => ["pair", key] as const),
    ...SETTINGS.map((key) => ["setting", key] as const),
  ];
  asked = lives.length * registers.length;
  if (asked === 0) return done();
  for (const life of lives) {
    for (const [kind, key] of registers) ask(world, life, { kind, key, op: "get", value: "", expected: null }, count);
  }
}

/** Whoever believes to be prime, rightly or not, is the most interesting to ask. */
function somebody(world: World, random: Random): Life | undefined {
  const primes = world.primes();
  return random.chance(0.4) && primes.length > 0 ? random.pick(primes) : random.pick(world.up());
}

/** Nothing when it belongs to no cluster; `done` hears of it also then. */
function ask(world: World, life: Life, asked: Asked, done: (returned: Returned) => void = () => undefined): void {
  const end = called(world, life, asked);
  if (end === undefined) return done({ ended: "fail" });
  life.run(() => {
    const shared = life.face?.shared;
    if (shared === undefined) return settle({ ended: "fail" });
    carryOut(shared, asked).then(settle, (error: unknown) => world.fail(error, life.name));
  });
  function settle(returned: Returned): void {
    if (life.isOver) return;
    end?.(returned);
    done(returned);
  }
}

/** By way of the outbox: it takes effect at any time after this, and before anybody says that it has. */
function postpone(world: World, life: Life, asked: Asked): void {
  const end = called(world, life, asked);
  life.run(() => {
    const later = life.face?.later;
    if (later === undefined) return end?.({ ended: "fail" });
    const run = async (): Promise<Returned> => {
      const { id } = await later.submit(commandOf(asked));
      const delivery = await later.delivered(id, { signal: AbortSignal.timeout(DELIVERED_MS) });
      if (delivery.outcome === "done") return { ended: "ok", output: null };
      return { ended: delivery.outcome === "refused" ? "fail" : "unknown" };
    };
    run().then(
      (returned) => life.isOver || end?.(returned),
      (error: unknown) => {
        if (life.isOver) return;
        // What was not taken is not kept, says the outbox.
        if (world.library.isPeerError(error)) end?.({ ended: "fail" });
        else if (!isTimeout(error)) world.fail(error, life.name);
      },
    );
  });
}

/** Tells of the call; the result tells how it ended. Undefined when there is nobody to ask. */
function called(world: World, life: Life, asked: Asked): ((returned: Returned) => void) | undefined {
  const cluster = life.cluster?.member?.roster.cluster;
  if (cluster === undefined) return undefined;
  const number = world.nextCall();
  world.note("call", life.name, asked.op, asked.key, asked.value);
  world.see({ type: "called", call: { ...asked, number, cluster, at: world.timeline.now } });
  return (returned) => {
    const told = returned.ended === "ok" ? String(returned.output) : returned.ended;
    world.note("return", life.name, asked.op, asked.key, asked.value, told);
    world.see({ type: "returned", number, at: world.timeline.now, returned });
  };
}

async function carryOut(shared: Shared, asked: Asked): Promise<Returned> {
  const { kind, op, key } = asked;
  if (op === "get") {
    const read = await shared.read({ timeoutMs: TIMEOUT_MS });
    if (read.outcome !== "readable") return { ended: "fail" };
    const { settings, pairs } = shared.now;
    if (kind === "setting") return { ended: "ok", output: settings.get(key) ?? null };
    const pair = pairs.get(key);
    return { ended: "ok", output: pair === undefined ? null : new TextDecoder().decode(pair.value) };
  }
  const submitted = await shared.submit(commandOf(asked), { timeoutMs: TIMEOUT_MS });
  if (submitted.outcome === "unknown") return { ended: "unknown" };
  if (submitted.outcome === "done") return { ended: "ok", output: op === "cas" ? true : null };
  return op === "cas" && submitted.reason === "mismatch" ? { ended: "ok", output: false } : { ended: "fail" };
}

function commandOf({ kind, op, key, value, expected }: Asked) {
  if (kind === "setting") return { type: "set", key, value } as const;
  const put = { type: "put", key, value: bytes(value) } as const;
  if (op !== "cas") return put;
  const when = expected === null ? { revision: 0 } : { value: bytes(expected) };
  return { ...put, when };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}
