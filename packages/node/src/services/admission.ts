/**
 * How much a peer takes on at once. More is refused as soon as it comes, rather than late: what waits in a queue that is too long
 * is of no use to anybody, and takes the machine from those who are in the middle of a conversation.
 */
import { AudioError } from "@parley/audio";

/** What is counted, each kind by itself. */
export type Work = "ask" | "listen" | "say" | "talk";

/** Of each kind so many at once. */
export type WorkLimits = Readonly<Record<Work, { readonly most: number; readonly setting: string }>>;

const TITLES: Readonly<Record<Work, string>> = {
  ask: "questions are being answered",
  listen: "recordings are being transcribed",
  say: "texts are being spoken",
  talk: "conversations are being held",
};

/** Who is let in. */
export class Admission {
  readonly #limits: WorkLimits;
  readonly #running: Record<Work, number> = { ask: 0, listen: 0, say: 0, talk: 0 };

  constructor(limits: WorkLimits) {
    this.#limits = limits;
  }

  /** Does `work`, unless there is as much of it as may be. @throws AudioError `engine-busy`, before anything of it is done */
  async *run<T>(kind: Work, work: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const leave = this.enter(kind);
    try {
      yield* work();
    } finally {
      leave();
    }
  }

  /** Takes a place, which is free again once the function that is returned was called. @throws AudioError `engine-busy` */
  enter(kind: Work): () => void {
    const { most, setting } = this.#limits[kind];
    if (this.#running[kind] >= most) {
      throw new AudioError("engine-busy", `${most} ${TITLES[kind]} already`, {
        nextStep: `Try again in a moment, ask another peer, or raise ${setting} in the configuration.`,
        details: { kind, most },
      });
    }
    this.#running[kind] += 1;
    let isInside = true;
    return () => {
      if (isInside) this.#running[kind] -= 1;
      isInside = false;
    };
  }
}
