/** One way of a connection: in order and whole, as TCP keeps it, however late. */
import { MS, type Micros } from "../../kit/timeline.ts";
import type { Random } from "../../kit/random.ts";
import type { Network } from "../../kit/network.ts";
import type { Timeline } from "../../kit/timeline.ts";
import type { Frame } from "./frames.ts";

export interface Ways {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly random: Random;
  /** Whether that machine answers at all. */
  readonly isOn: (machine: number) => boolean;
}

/** What is lost is sent again after this, and what cannot pass is tried so often. */
const AGAIN: Micros = 200 * MS;
const MAX_LOSSES = 4;

export class Route {
  readonly #ways: Ways;
  readonly #from: number;
  readonly #to: number;
  readonly #deliver: (frame: Frame) => void;
  #queue: { readonly frame: Frame; readonly due: Micros }[] = [];
  #last: Micros = 0;
  #isUnderWay = false;
  #isOver = false;

  constructor(ways: Ways, from: number, to: number, deliver: (frame: Frame) => void) {
    this.#ways = ways;
    this.#from = from;
    this.#to = to;
    this.#deliver = deliver;
  }

  send(frame: Frame): void {
    if (this.#isOver) return;
    const { timeline, network, random } = this.#ways;
    let delay = network.latency();
    for (let losses = 0; losses < MAX_LOSSES && random.chance(network.weather.loss); losses += 1) {
      delay += AGAIN * 2 ** losses;
    }
    this.#last = Math.max(this.#last, timeline.now + delay);
    this.#queue.push({ frame, due: this.#last });
    this.#goOn();
  }

  /** What waits is dropped, and nothing but `frame` comes after. */
  close(frame: Frame): void {
    if (this.#isOver) return;
    this.#queue = [];
    this.send(frame);
    this.#isOver = true;
  }

  /** Nobody is there who sends it again. */
  end(): void {
    this.#isOver = true;
    this.#queue = [];
  }

  #goOn(): void {
    const [first] = this.#queue;
    if (first === undefined || this.#isUnderWay) return;
    this.#isUnderWay = true;
    const { timeline } = this.#ways;
    timeline.after(first.due - timeline.now, () => this.#arrive());
  }

  #arrive(): void {
    const { timeline, network, isOn } = this.#ways;
    if (network.isCut(this.#from, this.#to) || !isOn(this.#from) || !isOn(this.#to)) {
      timeline.after(AGAIN, () => this.#arrive());
      return;
    }
    this.#isUnderWay = false;
    const first = this.#queue.shift();
    if (first !== undefined) this.#deliver(first.frame);
    this.#goOn();
  }
}
