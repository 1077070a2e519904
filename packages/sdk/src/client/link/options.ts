/** How a client finds its peers and says who it is. */
import { ParleyError } from "../../errors.ts";
import type { Payload } from "../../protocol/envelope.ts";
import type { OpenSocket } from "./socket.ts";

/**
 * Finds addresses of peers, until `signal` aborts or there are no more. What is found so has proved nothing: of it only `wss://`
 * addresses, and this machine's own, are used.
 */
export type Discover = (signal: AbortSignal) => AsyncIterable<string>;

/** How the connection is kept. */
export interface KeepOptions {
  /** After the first round of peers in vain; twice as long each time, each by chance up to half shorter. 250. */
  readonly firstPauseMs?: number;
  /** 15,000; while there is work under way, 1,000 where that is less. */
  readonly mostPauseMs?: number;
  /** Work under way, questions and new requests fail with `connection-lost` when no peer was there for so long. 30,000. */
  readonly patienceMs?: number;
  /** A peer of which nothing came for so long is asked for a sign of life. 2,000. */
  readonly heartbeatMs?: number;
  /** One that gives none for so long after that is left. 5,000. */
  readonly silentMs?: number;
  /** As `heartbeatMs`, while the peer has something to do for this client. 300, or `heartbeatMs` where that is less. */
  readonly workHeartbeatMs?: number;
  /** As `silentMs`, likewise. 700, or `silentMs` where that is less. */
  readonly workSilentMs?: number;
  /** As `workHeartbeatMs`, while an answer sounds and there are other peers to go to. 120, or `workHeartbeatMs` where that is less. */
  readonly soundHeartbeatMs?: number;
  /** As `workSilentMs`, likewise; twice in a minute, after that `workSilentMs`. 300, or `workSilentMs` where that is less. */
  readonly soundSilentMs?: number;
  /** Whether the house is asked for more peers. True. */
  readonly learn?: boolean;
}

/** How to reach a peer, and as whom. */
export interface ConnectOptions {
  /** One peer, such as `ws://127.0.0.1:8765/ws`. */
  readonly url?: string;
  /** Several, the best first. */
  readonly peers?: readonly string[];
  /** Finds peers while connecting, beside those that are given. */
  readonly discover?: Discover;
  readonly token: string;
  /** Messages reach the client under it, also those that waited: the same at every start of the same client. Random when absent. */
  readonly clientId?: string;
  /** It will not come by its id again, so the house need not remember it for good. True when absent for an id that is random. */
  readonly passing?: boolean;
  /** A session of this client's account to go on with, such as that of another device: {@link ParleyClient.continued} says what there is. */
  readonly continue?: string;
  readonly clientType?: Payload<"REGISTER">["clientType"];
  /** Such as `platform` and `version`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly groups?: readonly string[];
  readonly channels?: readonly string[];
  /** For opening and registering together at each peer, and for finding the first; 10,000 when absent. */
  readonly timeoutMs?: number;
  /** Ends connecting; once connected it means nothing. */
  readonly signal?: AbortSignal;
  /** What happens when the connection is lost; `false`: the client is at its end. */
  readonly reconnect?: KeepOptions | false;
  /** Opens sockets; the platform's WebSocket when absent. */
  readonly openSocket?: OpenSocket;
}

/** {@link KeepOptions}, filled in. */
export type Keeping = Required<KeepOptions>;

export function keepingOf({ reconnect }: ConnectOptions): Keeping {
  const given = reconnect === false ? { learn: false } : (reconnect ?? {});
  const keeping = {
    firstPauseMs: 250,
    mostPauseMs: 15_000,
    patienceMs: 30_000,
    heartbeatMs: 2_000,
    silentMs: 5_000,
    learn: true,
    ...given,
  };
  const { heartbeatMs, silentMs } = keeping;
  const work = { workHeartbeatMs: Math.min(300, heartbeatMs), workSilentMs: Math.min(700, silentMs), ...keeping };
  const { workHeartbeatMs, workSilentMs } = work;
  return { soundHeartbeatMs: Math.min(120, workHeartbeatMs), soundSilentMs: Math.min(300, workSilentMs), ...work };
}

/** The addresses that were given. @throws ParleyError `cannot-connect` when there are none, and nobody looks for any */
export function givenPeers({ url, peers = [], discover }: ConnectOptions): readonly string[] {
  const given = [...new Set([...(url === undefined ? [] : [url]), ...peers])];
  if (given.length === 0 && discover === undefined) {
    throw new ParleyError("cannot-connect", "no peer was named", {
      nextStep: "Give url or peers, or on Node discover: discoverPeers() of @parley/sdk/node.",
    });
  }
  return given;
}

/** Names that lead to this machine, as a URL writes them. */
const THIS_MACHINE = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Whether the token may be shown at an address that no person gave: over TLS its certificate has to be one that is trusted;
 * without, only this machine itself is believed.
 */
export function isSafe(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === "wss:" || (protocol === "ws:" && THIS_MACHINE.test(hostname));
}
