/** Where a stream's items come from: numbered drops, some of them slow or heavy; it may fail. */
import type { Random } from "../../kit/random.ts";
import type { Life } from "../host.ts";
import { waitIn } from "../waiting.ts";
import type { World } from "../world.ts";
import type { Stream } from "./streams.ts";

export interface Drop {
  readonly stream: string;
  readonly number: number;
  readonly weight: Uint8Array;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

export class Spring implements AsyncIterableIterator<Drop, undefined> {
  readonly #world: World;
  readonly #life: Life;
  readonly #stream: Stream;
  readonly #random: Random;
  readonly #weight: number;

  constructor(world: World, life: Life, stream: Stream) {
    this.#world = world;
    this.#life = life;
    this.#stream = stream;
    this.#random = world.random.fork(`spring/${stream.id}`);
    this.#weight = this.#random.chance(0.1) ? this.#random.between(1, 30_000) : 4;
    stream.source = life;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Drop, undefined>> {
    const stream = this.#stream;
    const { faults } = this.#world.plan;
    if (!this.#world.isHealed) {
      if (faults.has("slow-streams") && this.#random.chance(0.2)) {
        await waitIn(this.#life, this.#random.oneOf(1, 10, 100) * this.#random.next());
      }
      if (faults.has("crashing-streams") && this.#random.chance(0.01)) {
        stream.mayBreak = true;
        stream.isSourceOver = true;
        throw new Error("a spring that ran dry");
      }
    }
    if (stream.produced >= stream.length) {
      stream.isSourceOver = true;
      return DONE;
    }
    stream.produced += 1;
    const { id, produced, read, window } = stream;
    this.#world.note("produced", this.#life.name, id, produced);
    this.#world.see({ type: "item-produced", stream: id, produced, read, window });
    return { done: false, value: { stream: id, number: produced, weight: new Uint8Array(this.#weight) } };
  }

  return(): Promise<IteratorResult<Drop, undefined>> {
    const stream = this.#stream;
    this.#world.note("spring-closed", this.#life.name, stream.id, stream.produced);
    // Nobody has opened it in time.
    if (stream.produced === 0) stream.mayBreak = true;
    stream.isSourceOver = true;
    return Promise.resolve(DONE);
  }
}
