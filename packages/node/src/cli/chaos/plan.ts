/** What may be done to this house at all, and by that what is planned. Pure. */
import { PeerError } from "../../errors.ts";
import { fingerprintOf } from "../../mesh/door/code/fingerprint.ts";
import type { FaultKind } from "../../services/chaos/faults.ts";
import { whyNeverBorne } from "../../services/chaos/limits.ts";
import type { Capabilities, ChaosPeer } from "./answers.ts";
import { isPeerFault, scheduleOf, type Schedule, type TurnKind } from "./schedule.ts";

export interface Wishes {
  readonly faults: readonly FaultKind[];
  readonly turns: number;
  readonly seed: number;
  /** Names, fingerprints or ids, as they were given; undefined: any. */
  readonly peers: readonly ChaosPeer[] | undefined;
  readonly holdMs: number | undefined;
}

/** Something that was wished for and is left out. */
export interface LeftOut {
  readonly fault: FaultKind;
  /** A peer's name. */
  readonly peer: string;
  readonly why: string;
  readonly nextStep: string;
}

export interface Plan {
  readonly schedule: Schedule;
  /** Who may be hurt how. */
  readonly mayBeHurt: ReadonlyMap<FaultKind, readonly ChaosPeer[]>;
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
}

export const NOT_ALLOWED_STEP =
  "On that machine set allowed = true under [chaos] in parley.toml, or PARLEY_CHAOS_ALLOWED=true, and start the peer again.";

export function planOf(wishes: Wishes, peers: readonly ChaosPeer[], services: Capabilities): Plan {
  const chosen = wishes.peers ?? peers;
  const leftOut: LeftOut[] = [];
  const mayBeHurt = new Map<FaultKind, readonly ChaosPeer[]>();
  for (const fault of wishes.faults) {
    if (!isPeerFault(fault)) {
      mayBeHurt.set(fault, []);
      continue;
    }
    const able = chosen.filter((peer) => {
      const why = whyNot(fault, peer, peers);
      if (why !== undefined) leftOut.push({ fault, peer: peer.name, ...why });
      return why === undefined;
    });
    if (able.length > 0) mayBeHurt.set(fault, able);
  }
  const schedule = scheduleOf({ ...wishes, kinds: kindsOf(services), faults: [...mayBeHurt.keys()] });
  return { schedule, mayBeHurt, leftOut, notes: notesOf(chosen, peers, services) };
}

/** What can be done with what the house has; none: it can neither speak nor think. */
export function kindsOf({ tts, llm }: Capabilities): readonly TurnKind[] {
  return [...(tts === undefined ? [] : ["say" as const]), ...(llm === undefined ? [] : ["ask" as const])];
}

/** Whether any peer may be hurt: else nothing is done to this house. */
export function isAllowedAnywhere(peers: readonly ChaosPeer[]): boolean {
  return peers.some(({ look }) => look?.isAllowed === true);
}

/** Those that are named, in any way; undefined: nobody was. @throws PeerError `no-such-peer`, also for a name of several */
export function peersNamed(
  names: readonly string[] | undefined,
  peers: readonly ChaosPeer[],
): readonly ChaosPeer[] | undefined {
  return names?.map((name) => {
    const found = peers.filter(
      (peer) => peer.name === name || peer.peerId === name || isFingerprint(name, peer.peerId),
    );
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    throw new PeerError("no-such-peer", `${found.length === 0 ? "no peer is" : "several peers are"} called ${name}`, {
      nextStep: "See who there is: parley peers. A fingerprint names one of several.",
    });
  });
}

function isFingerprint(given: string, peerId: string): boolean {
  return fingerprintOf(peerId).toLowerCase() === given.toLowerCase();
}

/** Whether whoever goes on with a sentence says it as it would have been said. */
export function hasOneVoice({ tts }: Capabilities): boolean {
  return new Set([tts?.model, ...(tts?.elsewhere ?? []).map(({ model }) => model)]).size === 1;
}

function whyNot(
  fault: FaultKind,
  { peerId, look }: ChaosPeer,
  peers: readonly ChaosPeer[],
): Pick<LeftOut, "why" | "nextStep"> | undefined {
  if (look === null) return { why: "it does not answer", nextStep: "See which version it runs: parley peers." };
  if (!look.isAllowed) return { why: "faults are not allowed there", nextStep: NOT_ALLOWED_STEP };
  if (!isPeerFault(fault)) return undefined;
  const impossible = look.impossible[fault];
  const never = whyNeverBorne(fault, peerId, peers);
  if (never !== undefined) return { why: never.message, nextStep: never.nextStep };
  return impossible === undefined ? undefined : { why: impossible, nextStep: "Choose other faults: --faults." };
}

function notesOf(
  chosen: readonly ChaosPeer[],
  peers: readonly ChaosPeer[],
  { tts, llm }: Capabilities,
): readonly string[] {
  return [
    ...(peers.length === 1 ? ["This peer is alone: nobody could go on without it, so only blink is tried."] : []),
    ...(peers.length === 2
      ? ["This house has two peers: without either nothing can be written down, so neither is taken away."]
      : []),
    ...(tts === undefined ? ["Nobody in this house speaks: answers are compared in writing."] : []),
    ...(llm === undefined ? ["Nobody in this house thinks: known sentences are spoken, and nothing is asked."] : []),
    ...chosen.flatMap(({ name, look }) => (look?.notes ?? []).map((note) => `${name}: ${note}.`)),
  ];
}
