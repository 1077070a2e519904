/** Who talks with the house while it is hurt: a client of its own, which says and asks the same things again and again. */
import { connect, ParleyError, type OpenSocket, type ParleyClient, type SocketLike, type TurnEvent } from "@parley/sdk";
import { trustingSockets } from "@parley/sdk/node";
import type { Config } from "../../config/index.ts";
import { messageOf } from "../../errors.ts";
import { believed } from "../reach/certificates.ts";
import { findTarget } from "../reach/target.ts";
import { noPeer } from "../reach/why.ts";
import type { TurnKind } from "./schedule.ts";
import { Taken, type GivenTurn } from "./taken.ts";

/**
 * What is said: each sentence has more than the 80 characters of which peers keep the sound of what was said before, so that it is
 * spoken anew each time, and takes long enough that something can come into the middle of it.
 */
const SAID = [
  "This is a test of the whole house, in which one peer after the other is hurt while somebody talks with it.",
  "First the water boils in the kettle on the stove, and all who are in the kitchen wait for it to be ready.",
  "Then the tea is put into the old blue pot, which has stood on the same shelf for more than thirty years.",
  "After three minutes it is dark enough for most people, though some of them would rather wait for a fourth.",
  "At last it is poured into five cups, and everybody sits down at the table and talks about the weather.",
].join(" ");
const ASKED = "Tell me in five short sentences how tea is made.";

const CONNECT_MS = 20_000;
const TURN_MS = 120_000;
const LEARN_MS = 5_000;
const LOOK_MS = 50;

export class Conversation {
  readonly #client: ParleyClient;
  readonly #sockets: Set<SocketLike>;
  readonly #speaks: boolean;

  private constructor(client: ParleyClient, sockets: Set<SocketLike>, speaks: boolean) {
    this.#client = client;
    this.#sockets = sockets;
    this.#speaks = speaks;
  }

  /**
   * @param how `speaks`: answers are spoken
   * @throws PeerError `no-peer`; ParleyError when the peer cannot be reached, or refuses
   */
  static async open(
    config: Config,
    env: NodeJS.ProcessEnv,
    how: {
      readonly account: string;
      readonly token: string;
      readonly speaks: boolean;
      readonly signal: AbortSignal;
    },
  ): Promise<Conversation> {
    const { account, token, speaks, signal } = how;
    const target = await findTarget(config, env);
    if (target === undefined) throw noPeer(config.home);
    const sockets = new Set<SocketLike>();
    const open = await trustingSockets({ ca: await believed(config) });
    const client = await connect({
      url: target.address.socket,
      token,
      clientId: account,
      passing: true,
      timeoutMs: CONNECT_MS,
      openSocket: noting(open, sockets),
      signal,
    });
    return new Conversation(client, sockets, speaks);
  }

  /** How many peers the client knows, once it has had time to learn of `count`. */
  async knows(count: number): Promise<number> {
    const untilMs = performance.now() + LEARN_MS;
    const known = (): number => this.#client.connection.peers.length;
    while (known() < count && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    return known();
  }

  /** The peer that it is, or was last, connected to. */
  get entry(): string {
    return this.#client.server.peerId;
  }

  /** Its connection breaks now, as it would in a bad network. */
  blink(): void {
    for (const socket of this.#sockets) {
      if (socket.terminate === undefined) socket.close();
      else socket.terminate();
    }
  }

  /** One turn, to its end; never rejects. @param begun hears of it as soon as it has begun */
  async take(
    turn: { readonly number: number; readonly kind: TurnKind },
    signal: AbortSignal,
    begun: (taken: Taken) => void = () => undefined,
  ): Promise<GivenTurn> {
    const taken = new Taken(turn);
    const unsubscribe = this.#client.on("disconnected", () => taken.disconnected());
    begun(taken);
    try {
      const ending = AbortSignal.any([signal, AbortSignal.timeout(TURN_MS)]);
      for await (const event of this.#begin(turn.kind, ending)) taken.event(event);
      return taken.end();
    } catch (error) {
      return taken.end(
        error instanceof ParleyError ? `${error.remoteCode ?? error.code}: ${error.message}` : messageOf(error),
      );
    } finally {
      unsubscribe();
    }
  }

  close(): void {
    this.#client.close();
  }

  #begin(kind: TurnKind, signal: AbortSignal): AsyncIterable<TurnEvent> {
    return kind === "say"
      ? this.#client.say(SAID, { signal })
      : this.#client.ask({ text: ASKED }, { speak: this.#speaks, signal });
  }
}

/** Each socket is known as long as it is open. */
function noting(open: OpenSocket, sockets: Set<SocketLike>): OpenSocket {
  return (url) => {
    const socket = open(url);
    sockets.add(socket);
    socket.addEventListener("close", () => sockets.delete(socket));
    return socket;
  };
}
