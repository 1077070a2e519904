/** A node of ours as the load generator talks to it: one connection, made again when it breaks. */
import { NodeConnection } from "../../src/testing/harness/node-connection.ts";
import { encodePut } from "../../src/testing/kv/index.ts";
import type { Target } from "./target.ts";

export class ParleyTarget implements Target {
  readonly #port: number;
  #connection: Promise<NodeConnection> | undefined;

  /** @param address `127.0.0.1:port` */
  constructor(address: string) {
    this.#port = Number(address.split(":").at(-1));
  }

  async put(key: string, value: Buffer, timeoutMs: number): Promise<void> {
    const connection = await this.#connect();
    const outcome = await connection.propose(encodePut(key, value), { timeoutMs, forward: true });
    if (outcome.outcome !== "committed") throw new Error(`a put was ${outcome.outcome}`);
  }

  close(): void {
    void this.#connection?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  async #connect(): Promise<NodeConnection> {
    this.#connection ??= this.#open();
    return this.#connection;
  }

  async #open(): Promise<NodeConnection> {
    try {
      const connection = await NodeConnection.open(this.#port);
      void connection.closed.then(() => {
        this.#connection = undefined;
      });
      return connection;
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
  }
}
