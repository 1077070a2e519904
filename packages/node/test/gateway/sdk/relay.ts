/** A wire between a client and a peer that can be cut, held or slowed: for the client the peer dies, is silent, or is slow. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export class Relay {
  readonly #server: Server;
  readonly #port: number;
  readonly #ends = new Set<Socket>();
  #isHeld = false;
  /** Each way. */
  delayMs = 0;

  constructor(server: Server, port: number) {
    this.#server = server;
    this.#port = port;
    server.on("connection", (client) => this.#join(client));
  }

  static async to(port: number): Promise<Relay> {
    const server = createServer();
    const relay = new Relay(server, port);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => relay.cut());
    return relay;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `ws://127.0.0.1:${address.port}/ws`;
  }

  /** As if the peer were killed: connections are reset, nobody answers at the port. */
  cut(): void {
    this.#server.close();
    for (const end of this.#ends) end.destroy();
  }

  /** Connections are reset; the next one is accepted. */
  reset(): void {
    for (const end of this.#ends) end.destroy();
  }

  /** Nothing goes through any more, and nobody is told. */
  hold(): void {
    this.#isHeld = true;
    for (const end of this.#ends) end.pause();
  }

  #join(client: Socket): void {
    const peer = connect(this.#port, "127.0.0.1");
    for (const [from, to] of [
      [client, peer],
      [peer, client],
    ] as const) {
      // prettier-ignore
      this.#ends.add(from);
      from.on("data", (bytes) => this.#pass(bytes, to));
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#ends.delete(from);
        // What is still on its way arrives first.
        setTimeout(() => to.destroy(), this.delayMs);
      });
      if (this.#isHeld) from.pause();
    }
  }

  #pass(bytes: Buffer, to: Socket): void {
    if (this.delayMs === 0) to.write(bytes);
    else setTimeout(() => to.write(bytes), this.delayMs);
  }
}
