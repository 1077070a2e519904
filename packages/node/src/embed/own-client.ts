/** The program's own way to ask the peer it embeds: a client like any other, over loopback, made when it is first needed. */
import { connect, type ParleyClient } from "@parley/sdk";
import { PeerError } from "../errors.ts";

/** What it needs of the peer. */
export interface OwnClientGround {
  readonly url: string;
  readonly token: string;
}

export class OwnClient {
  readonly #ground: OwnClientGround;
  #client: Promise<ParleyClient> | undefined;
  #isClosed = false;

  constructor(ground: OwnClientGround) {
    this.#ground = ground;
  }

  /** @throws ParleyError `cannot-connect`; PeerError `interrupted` once the peer is closed */
  async get(): Promise<ParleyClient> {
    if (this.#isClosed) throw closed();
    this.#client ??= this.#connect();
    return await this.#client;
  }

  /** What the client tells, as it would itself. */
  async *stream<Item>(ask: (client: ParleyClient) => AsyncIterable<Item>): AsyncGenerator<Item> {
    yield* ask(await this.get());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const client = await this.#client?.catch(() => undefined);
    client?.close();
  }

  async #connect(): Promise<ParleyClient> {
    const { url, token } = this.#ground;
    try {
      // Its peer is in this very process: there is no other one to go on at.
      const keep = { learn: false };
      return await connect({ url: `${url.replace(/^http/, "ws")}/ws`, token, clientType: "api", reconnect: keep });
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }
}

function closed(): PeerError {
  return new PeerError("interrupted", "the peer is closed", { nextStep: "Create another one." });
}
