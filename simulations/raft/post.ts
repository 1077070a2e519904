/** Messages between hosts: as bytes, as often and as late as the network pleases, and some once more much later. */
import type { Message } from "@parley/raft";
import type { Network } from "../kit/network.ts";
import type { Random } from "../kit/random.ts";
import { MS, type Timeline } from "../kit/timeline.ts";
import type { Host, Life } from "./host.ts";
import type { Library } from "./library.ts";
import { decodeAppend } from "./machine.ts";

/** What the post needs of the world. */
export interface PostWorld {
  readonly library: Library;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly hosts: ReadonlyMap<number, Host>;
  readonly isHealed: boolean;
  note(kind: string, ...values: readonly number[]): void;
  watch(life: Life, look: () => void): void;
  run(life: Life, action: () => void, isFromSocket: boolean): void;
}

interface Letter {
  readonly from: number;
  readonly to: number;
  readonly mayRepeat: boolean;
  readonly bytes: Uint8Array;
}

const MAX_REMEMBERED = 300;

export class Post {
  readonly #world: PostWorld;
  /** What was sent lately, and may turn up once more. */
  readonly #sentLately: Letter[] = [];

  constructor(world: PostWorld) {
    this.#world = world;
  }

  /** Puts `message` on its way. False when it is lost. */
  send(message: Message): boolean {
    const { library, timeline, network } = this.#world;
    const { from, to } = message;
    const letter = { from, to, mayRepeat: mayComeTwice(message), bytes: library.encodeMessage(message) };
    if (this.#sentLately.length >= MAX_REMEMBERED) this.#sentLately.shift();
    this.#sentLately.push(letter);
    const arrivals = network.fate(from, to, timeline.now);
    for (const [i, delay] of arrivals.entries()) {
      if (i === 0 || letter.mayRepeat) timeline.after(delay, () => this.#deliver(letter));
    }
    return arrivals.length > 0;
  }

  /** Something that was sent lately comes once more, within a second. */
  repeat(random: Random): void {
    const { timeline, network } = this.#world;
    const letter = random.pick(this.#sentLately);
    if (letter?.mayRepeat !== true) return;
    timeline.after(random.next() * 1000 * MS, () => {
      if (!this.#world.isHealed && !network.isCut(letter.from, letter.to)) this.#deliver(letter);
    });
  }

  #deliver({ to, bytes }: Letter): void {
    const world = this.#world;
    const life = world.hosts.get(to)?.life;
    if (life?.receiver === undefined) return;
    const action = (): void => {
      const message = world.library.decodeMessage(bytes);
      const { type, from, term, index, commit, entries, reject } = message;
      world.note(type, from, to, term, index, commit, entries.length, reject ? 1 : 0);
      world.watch(life, () => life.watcher?.receiving(message));
      life.receiver?.receive(message);
    };
    world.run(life, action, true);
  }
}

/** A transport delivers at most once; what arrives twice all the same must do no harm. Without a session it would. */
function mayComeTwice({ type, entries }: Message): boolean {
  return type !== "propose" || entries.every(({ data }) => decodeAppend(data)?.isOnce === true);
}
