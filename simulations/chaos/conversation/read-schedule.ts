/** A schedule that was written out, read again. */
import {
  FAULT_KINDS,
  MOMENTS,
  momentsOf,
  TARGETS,
  TURN_KINDS,
  type PlannedFault,
  type PlannedTurn,
  type Schedule,
} from "./schedule.ts";
import { MOST_TURNS, nameOf, WORDS } from "./words.ts";

export const MOST_CLIENTS = 16;
const LONGEST_HOLD_MS = 60_000;

/** @throws TypeError that says where it is none */
export function scheduleIn(text: string): Schedule {
  const { seed, clients, netns, turns } = fieldsOf(JSON.parse(text), "it");
  if (typeof netns !== "boolean") throw new TypeError("netns must be true or false");
  if (!Array.isArray(turns) || turns.length === 0 || turns.length > MOST_TURNS)
    throw new TypeError(`turns must be a list of 1 to ${MOST_TURNS}`);
  const count = whole(clients, "clients", 1, MOST_CLIENTS);
  const planned = turns.map((turn: unknown, n) => turnIn(turn, `turns[${n}]`, count));
  if (new Set(planned.map(({ number }) => number)).size < planned.length)
    throw new TypeError("two turns have one number");
  return { seed: whole(seed, "seed", 0, Number.MAX_SAFE_INTEGER), clients: count, netns, turns: planned };
}

function turnIn(given: unknown, where: string, clients: number): PlannedTurn {
  const { number, client, kind, text, fault } = fieldsOf(given, where);
  const planned = {
    number: whole(number, `${where}.number`, 0, MOST_TURNS - 1),
    client: whole(client, `${where}.client`, 0, clients - 1),
    kind: oneOf(kind, `${where}.kind`, TURN_KINDS),
    text: textIn(text, `${where}.text`),
  };
  if (!planned.text.endsWith(` ${nameOf(planned.number)}`))
    throw new TypeError(`${where}.text must end with ${nameOf(planned.number)}, the name of its turn`);
  return fault === undefined ? planned : { ...planned, fault: faultIn(fault, `${where}.fault`, planned) };
}

function faultIn(given: unknown, where: string, turn: PlannedTurn): PlannedFault {
  const { kind, target, moment, share, holdMs } = fieldsOf(given, where);
  if (typeof share !== "number" || !(share >= 0 && share <= 1))
    throw new TypeError(`${where}.share must be from 0 to 1`);
  const planned = oneOf(moment, `${where}.moment`, MOMENTS);
  if (!momentsOf(turn).includes(planned)) throw new TypeError(`${where}.moment: a turn of this kind has no ${planned}`);
  return {
    kind: oneOf(kind, `${where}.kind`, FAULT_KINDS),
    target: oneOf(target, `${where}.target`, TARGETS),
    moment: planned,
    share,
    holdMs: whole(holdMs, `${where}.holdMs`, 0, LONGEST_HOLD_MS),
  };
}

function fieldsOf(given: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return { ...given };
  throw new TypeError(`${where} must be an object`);
}

function whole(given: unknown, where: string, low: number, high: number): number {
  if (typeof given === "number" && Number.isSafeInteger(given) && given >= low && given <= high) return given;
  throw new TypeError(`${where} must be a whole number from ${low} to ${high}`);
}

function oneOf<T extends string>(given: unknown, where: string, all: readonly T[]): T {
  const found = all.find((each) => each === given);
  if (found === undefined) throw new TypeError(`${where} must be one of ${[...new Set(all)].join(", ")}`);
  return found;
}

function textIn(given: unknown, where: string): string {
  if (typeof given === "string" && given.split(" ").every((word) => WORDS.includes(word))) return given;
  throw new TypeError(`${where} must be words of ${WORDS.join(", ")}`);
}
