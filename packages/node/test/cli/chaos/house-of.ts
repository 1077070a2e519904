/** Houses for tests of `parley chaos`, as peers tell of them, and turns as clients are given them. */
import type { ChaosPeer } from "../../../src/cli/chaos/answers.ts";
import type { TurnKind } from "../../../src/cli/chaos/schedule.ts";
import type { GivenTurn } from "../../../src/cli/chaos/taken.ts";
import { fakePeerId } from "../../fake-cluster.ts";

export const LOOK = {
  isAllowed: true,
  impossible: {},
  notes: [],
  running: null,
  busy: 0,
  knowsAccount: true,
  newPrimes: [],
} satisfies ChaosPeer["look"];

export function peerOf(name: string, more: Partial<ChaosPeer> = {}): ChaosPeer {
  return {
    peerId: fakePeerId(name.charAt(0).toUpperCase()),
    name,
    role: "voter",
    isOnline: true,
    isPrime: false,
    isDraining: false,
    look: LOOK,
    ...more,
  };
}

/** The first is prime. */
export function houseOf(...names: readonly string[]): readonly ChaosPeer[] {
  return names.map((name, index) => peerOf(name, { isPrime: index === 0 }));
}

const service = { model: "one", isHere: true, elsewhere: [{ model: "one" }] };
export const SERVICES = { tts: service, llm: service };

/** Sentences, each with a second of sound. */
export function turnOf(
  number: number,
  kind: TurnKind,
  sentences: readonly string[],
  more: Partial<GivenTurn> = {},
): GivenTurn {
  return {
    number,
    kind,
    failure: undefined,
    text: kind === "ask" ? sentences.join(" ") : "",
    sentences: sentences.map((text) => ({ text, soundMs: 1_000 })),
    soundMs: 1_000 * sentences.length,
    firstMs: 200,
    silentMs: 0,
    tookMs: 3_000,
    lost: 0,
    ...more,
  };
}
