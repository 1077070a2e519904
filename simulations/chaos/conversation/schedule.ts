/** What is to happen in a run: the turns of each client, and which of them are hurt, how and when. Drawn from a seed, and written out. */
import { Random } from "../../kit/random.ts";
import { nameOf, VERBS } from "./words.ts";

export const FAULT_KINDS = [
  "kill",
  "stop",
  "term",
  "partition",
  "slow",
  "blink",
  "hand-over",
  "twice",
  "drain",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
export const MOMENTS = ["mid-utterance", "mid-llm", "mid-tool", "mid-sentence"] as const;
export type Moment = (typeof MOMENTS)[number];

/** Whom a fault meets. `entry`: the peer that the turn's client is connected to. `other`: neither it nor the prime, where there is such a one. */
export const TARGETS = ["entry", "prime", "other"] as const;

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly target: (typeof TARGETS)[number];
  readonly moment: Moment;
  /** How far into the moment, of all of it. */
  readonly share: number;
  /** How long, where it has a length. */
  readonly holdMs: number;
}

/** Talking most often: it is what has most to lose. */
export const TURN_KINDS = ["talk", "ask", "ask-sound", "talk", "say", "listen"] as const;

export interface PlannedTurn {
  /** No other turn has it. */
  readonly number: number;
  readonly client: number;
  readonly kind: (typeof TURN_KINDS)[number];
  /** What is asked, or said, in words of the run's language. */
  readonly text: string;
  readonly fault?: PlannedFault;
}

export interface Schedule {
  readonly seed: number;
  readonly clients: number;
  /** Whether links between peers can be hurt. */
  readonly netns: boolean;
  readonly turns: readonly PlannedTurn[];
}

/** Of a hundred turns so many are hurt: each fault is over, and all peers are back, before the next one. */
const HURT_PERCENT = 45;

export interface ScheduleOptions {
  readonly seed: number;
  readonly turns: number;
  readonly clients: number;
  readonly netns: boolean;
  /** Only faults of that kind. */
  readonly only?: FaultKind | undefined;
}

/** The same for the same options. */
export function scheduleOf({ seed, turns, clients, netns, only }: ScheduleOptions): Schedule {
  const random = new Random(seed, "conversation");
  const kinds = only === undefined ? FAULT_KINDS.filter((kind) => netns || kind !== "partition") : [only];
  const [faultKinds, clientKinds] = [
    new Deck(random.fork("faults"), kinds),
    new Deck(random.fork("kinds"), TURN_KINDS),
  ];
  const doing = Array.from({ length: clients }, (): Doing => ({ kind: "ask", left: 0 }));
  const planned = Array.from({ length: turns }, (_, number): PlannedTurn => {
    const client = number % clients;
    const now = doing[client];
    // What a client does it does a few times, so that conversations have several turns.
    const { kind, left } =
      now === undefined || now.left === 0 ? { kind: clientKinds.draw(), left: random.between(1, 3) } : now;
    doing[client] = { kind, left: left - 1 };
    const verb = random.oneOf("tell", ...VERBS);
    const filler = Array.from({ length: random.between(0, 4) }, (_, n) => nameOf(number * 7 + n).split(" ")[0]);
    const text = ["please", ...filler, verb, nameOf(number)].join(" ");
    const turn = { number, client, kind, text };
    // Drawn for all, so that leaving a kind out shifts nothing else.
    const [isHurt, fault] = [random.chance(HURT_PERCENT / 100), faultOf(random, turn)];
    return isHurt ? { ...turn, fault: { ...fault, kind: faultKinds.draw() } } : turn;
  });
  return { seed, clients, netns, turns: planned };
}

interface Doing {
  readonly kind: PlannedTurn["kind"];
  /** So many turns more. */
  readonly left: number;
}

/** As from cards: each comes as often as any other. */
class Deck<T> {
  readonly #random: Random;
  readonly #cards: readonly [T, ...T[]];
  #left: T[] = [];

  constructor(random: Random, cards: readonly T[]) {
    const [first, ...others] = cards;
    if (first === undefined) throw new RangeError("there are no cards");
    this.#random = random;
    this.#cards = [first, ...others];
  }

  draw(): T {
    if (this.#left.length === 0) this.#left = [...this.#cards];
    const at = this.#random.between(0, this.#left.length - 1);
    const [card = this.#cards[0]] = this.#left.splice(at, 1);
    return card;
  }
}

function faultOf(random: Random, turn: Omit<PlannedTurn, "fault">): Omit<PlannedFault, "kind"> {
  return {
    target: random.oneOf("entry", "entry", "entry", "prime", "other"),
    moment: random.pick(momentsOf(turn)) ?? "mid-llm",
    share: random.between(5, 85) / 100,
    holdMs: random.between(1_000, 4_000),
  };
}

/** What of them a turn has. */
export function momentsOf({ kind, text }: Pick<PlannedTurn, "kind" | "text">): readonly Moment[] {
  const hasTool = / (?:press|ring) /.test(text);
  switch (kind) {
    case "say":
      return ["mid-sentence"];
    case "listen":
      return ["mid-utterance"];
    case "ask":
      return ["mid-llm", ...(hasTool ? (["mid-tool"] as const) : []), "mid-sentence"];
    default:
      return ["mid-utterance", "mid-llm", ...(hasTool ? (["mid-tool"] as const) : []), "mid-sentence"];
  }
}
