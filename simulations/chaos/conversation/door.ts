/** The way of one client to one peer, at an address that stays: it can be cut, and made slow. */
import { once } from "node:events";
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from "node:net";

/** Where a peer is to be reached just now; undefined: nowhere. */
export type Whereabouts = () => NetConnectOpts | undefined;

export class Door {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #delayMs = 0;

  private constructor(to: Whereabouts) {
    this.#server = createServer({ noDelay: true }, (near) => this.#came(near, to()));
  }

  static async open(to: Whereabouts): Promise<Door> {
    const door = new Door(to);
    door.#server.listen(0, "127.0.0.1");
    await once(door.#server, "listening");
    return door;
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  /** All that is connected is not, any more. @returns how many connections */
  cut(): number {
    const count = this.#open.size;
    for (const socket of this.#open) socket.destroy();
    return count;
  }

  /** All that passes from now on takes so much longer. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #came(near: Socket, to: NetConnectOpts | undefined): void {
    if (to === undefined) {
      near.destroy();
      return;
    }
    const far = connect(to);
    this.#open.add(near);
    near.on("close", () => this.#open.delete(near));
    this.#hand(near, far);
    this.#hand(far, near);
  }

  #hand(from: Socket, to: Socket): void {
    // One after the other, whatever timers do: what came later does not arrive before what came earlier.
    const held: { readonly dueMs: number; readonly act: () => void }[] = [];
    const hand = (): void => {
      for (;;) {
        const [next] = held;
        if (next === undefined) return;
        const waitMs = next.dueMs - performance.now();
        if (waitMs > 0) {
          setTimeout(hand, waitMs);
          return;
        }
        held.shift();
        next.act();
      }
    };
    const later = (act: () => void): void => {
      held.push({ dueMs: performance.now() + this.#delayMs, act });
      if (held.length === 1) hand();
    };
    from.on("data", (chunk) =>
      later(() => {
        if (!to.destroyed && !to.write(chunk)) {
          from.pause();
          to.once("drain", () => from.resume());
        }
      }),
    );
    from.on("error", () => later(() => to.destroy()));
    from.on("close", () => later(() => to.destroy()));
  }
}
