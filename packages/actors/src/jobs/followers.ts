/** Who hears of which job. */
import type { ActorRef } from "../core/ref.ts";
import type { ActorErrorCode } from "../errors.ts";
import type { JobAnswer, JobSnapshot } from "./job-types.ts";

interface Follower {
  readonly to: ActorRef<JobAnswer>;
  /** Of nothing but its end. */
  readonly isOnlyEnd: boolean;
}

const CANNOT_TRAVEL: ReadonlySet<ActorErrorCode> = new Set(["bad-message", "too-large"]);

export class Followers {
  readonly #maxPerJob: number;
  readonly #byJob = new Map<string, Follower[]>();

  constructor(maxPerJob: number) {
    this.#maxPerJob = maxPerJob;
  }

  /** @returns whether there was room */
  add(id: string, to: ActorRef<JobAnswer>, isOnlyEnd: boolean): boolean {
    const followers = this.#byJob.get(id) ?? [];
    if (followers.length >= this.#maxPerJob) return false;
    followers.push({ to, isOnlyEnd });
    this.#byJob.set(id, followers);
    return true;
  }

  /** Tells all whom it concerns. Who cannot be told any more is forgotten, and after the last word all are. */
  tell(job: JobSnapshot, isLast: boolean): void {
    const followers = this.#byJob.get(job.id);
    if (followers === undefined) return;
    const left = followers.filter(({ to, isOnlyEnd }) => {
      if (isOnlyEnd && !isLast) return true;
      const refusal = to.tell({ type: "job", job });
      if (refusal === undefined || refusal.code === "mailbox-full") return true;
      // Such a result cannot travel: who waits for it elsewhere is told that, and not left waiting.
      if (CANNOT_TRAVEL.has(refusal.code)) to.tell({ type: "refused", code: refusal.code, text: refusal.message });
      return false;
    });
    if (isLast || left.length === 0) this.#byJob.delete(job.id);
    else this.#byJob.set(job.id, left);
  }

  /** The last word to all. */
  close(answer: JobAnswer): void {
    for (const { to } of [...this.#byJob.values()].flat()) to.tell(answer);
    this.#byJob.clear();
  }
}
