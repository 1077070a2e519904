/** Hand-overs of leadership that somebody waits for. */
import type { RawNode } from "../core/raw-node.ts";
import { NONE, type NodeId } from "../core/types.ts";
import type { TransferOutcome } from "./outcome.ts";
import { refused } from "./proposals.ts";

interface Waiting {
  readonly to: NodeId;
  readonly deadlineMs: number;
  readonly settle: (outcome: TransferOutcome) => void;
}

/** Where leadership stands. */
export interface Leadership {
  readonly isLeader: boolean;
  readonly leader: NodeId | undefined;
  readonly transferee: NodeId | undefined;
}

export function leadershipOf({ role, lead, transferee }: RawNode): Leadership {
  return {
    isLeader: role === "leader",
    leader: lead === NONE ? undefined : lead,
    transferee: transferee === NONE ? undefined : transferee,
  };
}

export class Transfers {
  #waiting: Waiting[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  wait(to: NodeId, deadlineMs: number): Promise<TransferOutcome> {
    return new Promise((settle) => {
      this.#waiting.push({ to, deadlineMs, settle });
    });
  }

  /** Settles what can be settled. Called with every tick and every change of leadership. */
  look(now: Leadership, nowMs: number): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) {
      const outcome = ending(each, now, nowMs);
      if (outcome === undefined) this.#waiting.push(each);
      else each.settle(outcome);
    }
  }

  stop(): void {
    for (const { settle } of this.#waiting.splice(0)) {
      settle({ outcome: "unknown", reason: "stopped", detail: "the node stopped while it handed leadership over" });
    }
  }
}

function ending({ to, deadlineMs }: Waiting, now: Leadership, nowMs: number): TransferOutcome | undefined {
  if (now.leader === to) return { outcome: "transferred", leader: to };
  if (now.isLeader && now.transferee !== to) return refused("bad-transferee", `${to} did not catch up in time`);
  if (!now.isLeader && now.leader !== undefined) return { outcome: "not-leader", leader: now.leader };
  if (nowMs < deadlineMs) return undefined;
  return { outcome: "unknown", reason: "deadline", detail: `${to} did not lead before the deadline` };
}
