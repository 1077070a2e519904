/** How a host leaves on purpose, or stays after all. Outlives crashes of its region: what the coordinator was told still holds. */
import type { ActorRef } from "../core/ref.ts";
import { ActorError } from "../errors.ts";
import { type Refused, refusedWith } from "./refusal.ts";

/** Nothing is left here. */
export interface Drained {
  readonly placement: "drained";
}

/** More may ask; the latest are told. */
const MAX_WAITING = 100;

export class Departure {
  #isLeaving = false;
  #isFree = false;
  #changes = 0;
  #waiting: readonly ActorRef<Drained | Refused>[] = [];

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** The coordinator has given away what was here, and gives this host nothing more. */
  get isFree(): boolean {
    return this.#isFree;
  }

  /** How often the host has changed its mind. */
  get changes(): number {
    return this.#changes;
  }

  begin(replyTo: ActorRef<Drained | Refused>): void {
    if (!this.#isLeaving) this.#changes += 1;
    this.#isLeaving = true;
    this.#waiting = [...this.#waiting, replyTo].slice(-MAX_WAITING);
  }

  /** It stays. Who waits for its leaving is told so. */
  stay(): void {
    if (this.#isLeaving) this.#changes += 1;
    this.#isLeaving = false;
    this.#isFree = false;
    this.refuse(new ActorError("cancelled", "this host stays after all"));
  }

  freed(): void {
    if (this.#isLeaving) this.#isFree = true;
  }

  over(): void {
    this.#tell({ placement: "drained" });
  }

  refuse(error: ActorError): void {
    this.#tell(refusedWith(error));
  }

  #tell(answer: Drained | Refused): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each.tell(answer);
  }
}
