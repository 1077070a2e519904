/** Whether a house can bear a fault now. Pure. */
import type { PeerReport } from "../../cluster/face.ts";
import { BETWEEN_MS, takesAway, type PeerFault, type Refusal } from "./faults.ts";

/** A peer, as far as it matters here. */
export type Borne = Pick<PeerReport, "peerId" | "name" | "role" | "isOnline" | "isDraining">;

const WAIT = "Wait until it is (parley peers), and try again.";

/** Why the house is not whole; undefined: it is. */
export function whyNotWhole(peers: readonly Borne[]): string | undefined {
  const away = peers.filter(({ isOnline }) => !isOnline).map(({ name }) => name);
  if (away.length > 0) return `${away.join(", ")} cannot be reached`;
  const draining = peers.filter(({ isDraining }) => isDraining === true).map(({ name }) => name);
  if (draining.length > 0) return `${draining.join(", ")} drains`;
  const joining = peers.filter(({ role }) => role === "joining").map(({ name }) => name);
  return joining.length > 0 ? `${joining.join(", ")} is still joining` : undefined;
}

/** Why `peer` must not be hurt so, however the house fares; undefined: it may be. */
export function whyNeverBorne(kind: PeerFault, peer: string, peers: readonly Borne[]): Refusal | undefined {
  const victim = peers.find(({ peerId }) => peerId === peer);
  if (victim === undefined || peers.length < 2) {
    return {
      message: "there is no other peer that could go on without this one",
      nextStep: "Start another one (parley pair), or try blink alone, which hurts no peer.",
    };
  }
  if (!takesAway(kind) || victim.role !== "voter") return undefined;
  const voters = peers.filter(({ role }) => role === "voter").length;
  const left = voters - 1;
  const needed = Math.floor(voters / 2) + 1;
  if (left >= needed) return undefined;
  return {
    message: `without ${victim.name} ${left} of ${voters} voters would be left, and ${needed} are needed to write anything down`,
    nextStep: "With a third peer that votes the house survives the loss of one. Until then: slow, drain and blink.",
  };
}

/** Why `peer` must not be hurt so now; undefined: it may be. */
export function whyNotBorne(kind: PeerFault, peer: string, peers: readonly Borne[]): Refusal | undefined {
  const why = whyNotWhole(peers);
  if (why !== undefined) return { message: `the house is not whole: ${why}`, nextStep: WAIT };
  return whyNeverBorne(kind, peer, peers);
}

interface Permitted {
  readonly id: string;
  readonly peer: string;
  readonly holdMs: number;
}

/** What happens last, at the prime and at who may be prime next: the next fault waits until that is over. */
export class Permits {
  #last: { readonly id: string; readonly peer: string; readonly untilMs: number } | undefined;

  /** Lets it happen, or says why not. @param nowMs of a clock that only goes forward */
  ask(fault: Permitted & { readonly kind: PeerFault }, peers: readonly Borne[], nowMs: number): Refusal | undefined {
    const refusal = this.#notOver(peers, nowMs) ?? whyNotBorne(fault.kind, fault.peer, peers);
    return refusal ?? this.heed(fault, peers, nowMs);
  }

  /** Another peer lets it happen; its time begins now, also when it is known. @returns what is not over, and counts instead */
  heed({ id, peer, holdMs }: Permitted, peers: readonly Borne[], nowMs: number): Refusal | undefined {
    const refusal = this.#last?.id === id ? undefined : this.#notOver(peers, nowMs);
    if (refusal === undefined) this.#last = { id, peer, untilMs: nowMs + holdMs + BETWEEN_MS };
    return refusal;
  }

  /** It was not done after all. */
  release(id: string): void {
    if (this.#last?.id === id) this.#last = undefined;
  }

  #notOver(peers: readonly Borne[], nowMs: number): Refusal | undefined {
    if (this.#last === undefined || nowMs >= this.#last.untilMs) return undefined;
    const name = peers.find(({ peerId }) => peerId === this.#last?.peer)?.name ?? "another peer";
    return { message: `a fault of ${name} is not over yet`, nextStep: "One at a time: wait until it is over." };
  }
}
