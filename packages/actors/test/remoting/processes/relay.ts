/** A wire between two hosts that a test can cut: bytes of both ways stay where they are, and nobody is told. */
import { connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
  readonly #toPort: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isCut = false;
  /** Ends that are told of when the wire is whole. */
  #held: (() => void)[] = [];

  private constructor(toPort: number) {
    this.#toPort = toPort;
    this.#server = createServer((near) => this.#join(near));
  }

  static async to(port: number): Promise<Relay> {
    const relay = new Relay(port);
    await new Promise<void>((resolve) => {
      relay.#server.listen(0, "127.0.0.1", resolve);
    });
    return relay;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the relay is closed");
    return address.port;
  }

  cut(): void {
    this.#isCut = true;
    for (const sockets of this.#pairs) for (const socket of sockets) socket.pause();
  }

  mend(): void {
    this.#isCut = false;
    for (const tell of this.#held) tell();
    this.#held = [];
    for (const sockets of this.#pairs) for (const socket of sockets) socket.resume();
  }

  async close(): Promise<void> {
    this.mend();
    for (const sockets of this.#pairs) for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #join(near: Socket): void {
    const far = connect({ port: this.#toPort, host: "127.0.0.1", noDelay: true });
    near.setNoDelay(true);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on("data", (chunk) => to.write(chunk));
      // A broken socket closes; that is all there is to know about it.
      from.on("error", () => from.destroy());
      from.on("close", () => {
        this.#pairs.delete(pair);
        if (this.#isCut) this.#held.push(() => to.destroy());
        else to.destroy();
      });
      if (this.#isCut) from.pause();
    }
  }
}
