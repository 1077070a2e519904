/** Visits at other peers' doors: each over a connection of its own, closed when the visit is over. */
import type { Application, About, PairingMethod, ProofWanted } from "../../../mesh/door/protocol/messages.ts";
import { askAbout, askWelcome, knockAt, pairWith } from "../../../mesh/door/client/visit.ts";
import { visitOver } from "../../../mesh/door/over-libp2p.ts";
import { hostAndPortOf } from "../../../mesh/host/addresses.ts";
import type { MeshConnection } from "../../../mesh/host/connection.ts";
import type { MeshHost } from "../../../mesh/host/mesh-host.ts";
import { isPeerError, PeerError } from "../../../errors.ts";
import { decodeWelcome, type Welcome } from "./welcome.ts";

/** Whose door. */
export interface Place {
  /** Undefined: whoever is there. */
  readonly peer: string | undefined;
  readonly addresses: readonly string[];
}

/** A member that has proven itself, and may have let this peer in. */
export interface Host {
  readonly peer: string;
  readonly addresses: readonly string[];
  /** Null where a person has approved the member, and it has yet to say which cluster that is. */
  readonly cluster: string | null;
}

/** What a door told. */
export interface Hello {
  readonly about: About;
  /** Where it was reached. */
  readonly address: string;
}

/** For a hello. */
export const HELLO_MS = 3_000;
const ASK_MS = 10_000;
const DIAL_MS = 5_000;

export interface VisitsOptions {
  readonly host: MeshHost;
  /** What this peer says of itself when it wants to come in. */
  readonly application: () => Application;
  /** That member has proven itself, and may let this peer in from now on. Nothing is said to it before this is done. */
  readonly mayBeIn?: (host: Host) => Promise<void>;
  /** It is not known whether it has. */
  readonly isUnsettled?: () => void;
}

export class Visits {
  readonly #options: VisitsOptions;
  /** The last visit at each door that is under way: strangers may have few connections. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: VisitsOptions) {
    this.#options = options;
  }

  /** @throws PeerError `unreachable` and others of the door */
  async hello(
    place: Place,
    signal: AbortSignal,
    { timeoutMs = HELLO_MS }: { readonly timeoutMs?: number } = {},
  ): Promise<Hello> {
    // From its turn on: what is asked for at the same door before it may take longer than any hello.
    const given = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    return this.#inTurn(place, given, async (connection, within) => {
      const stream = await visitOver(connection, within);
      const about = await askAbout(stream, { signal: within, port: this.#port });
      await stream.close();
      return { about, address: connection.remoteAddress };
    });
  }

  /**
   * Joins by a code or the secret. When it is not known whether that has worked it is to be asked again in the same way: a door
   * that has proven nothing could say so, and then give a welcome of its own.
   * @throws PeerError as `pairWith`
   */
  async pair(
    place: Place,
    request: {
      readonly clusterId: string;
      readonly method: PairingMethod;
      readonly secret: string;
      /** That member has proven that it knows the secret. */
      readonly onProven?: () => void;
    },
    signal: AbortSignal,
  ): Promise<Welcome> {
    const application = this.#options.application();
    const self = this.#options.host.peerId;
    return this.#inTurn(place, signal, async (connection) => {
      const stream = await visitOver(connection, signal);
      const welcome = await this.#lettingIn(connection, request.clusterId, (proven) => {
        const onProven = (): Promise<void> => {
          request.onProven?.();
          return proven();
        };
        return pairWith(stream, { ...request, self, application, onProven, signal });
      });
      await stream.close();
      if (welcome.cluster === request.clusterId) return welcome;
      throw new PeerError("bad-frame", "the welcome is to another cluster than the one that was asked for", {
        nextStep: "Ask the person whose cluster it is.",
      });
    });
  }

  /** The welcome again, from a member that has let this peer in. @throws PeerError as `askWelcome` */
  async welcome(place: Place, signal: AbortSignal): Promise<Welcome> {
    return this.#inTurn(place, signal, async (connection) => {
      const stream = await visitOver(connection, signal);
      const welcome = decodeWelcome(await askWelcome(stream, { signal }));
      await stream.close();
      return welcome;
    });
  }

  /** Who belongs now, as `checkVouch` reads it, from a member that this peer does not know. @throws PeerError as `askWelcome` */
  async vouch(place: Place, proof: ProofWanted, signal: AbortSignal): Promise<Uint8Array> {
    return this.#inTurn(place, signal, async (connection) => {
      const stream = await visitOver(connection, signal);
      const answer = await askWelcome(stream, { signal, proof });
      await stream.close();
      return answer;
    });
  }

  /**
   * How this peer has ceased to belong to `cluster`, as that peer says; undefined: it has not. `node` is its number there: under
   * an earlier one it may well have left.
   * @throws PeerError when that peer says nothing of it
   */
  async endingAsTold(
    place: Place,
    { cluster, node }: { readonly cluster: string; readonly node: number },
    signal: AbortSignal,
  ): Promise<"left" | "revoked" | undefined> {
    try {
      await this.welcome(place, AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]));
      return undefined;
    } catch (error) {
      if (!isPeerError(error, "admission-refused", "revoked")) throw error;
      if (error.details["cluster"] !== cluster) return undefined;
      if (error.code === "revoked") return "revoked";
      return error.details["node"] === node ? "left" : undefined;
    }
  }

  /** Waits for a person's approval there, and then for `confirm`. @throws PeerError as `knockAt` */
  async knock(
    place: Place,
    asked: { readonly confirm: () => Promise<boolean>; readonly onWaiting: () => void },
    signal: AbortSignal,
  ): Promise<Welcome> {
    return this.#at(place, signal, async (connection) => {
      const stream = await visitOver(connection, signal);
      const application = this.#options.application();
      const welcome = await this.#lettingIn(connection, null, (onAgreed) =>
        knockAt(stream, { application, ...asked, onAgreed, signal }),
      );
      await stream.close();
      return welcome;
    });
  }

  /** What `come` brings; it calls what it is given when the member has proven itself. */
  async #lettingIn(
    { peer, remoteAddress }: MeshConnection,
    cluster: string | null,
    come: (proven: () => Promise<void>) => Promise<Uint8Array>,
  ): Promise<Welcome> {
    const { mayBeIn, isUnsettled } = this.#options;
    let isProven = false;
    try {
      return decodeWelcome(
        await come(async () => {
          await mayBeIn?.({ peer, addresses: [remoteAddress], cluster });
          isProven = true;
        }),
      );
    } catch (error) {
      if (isProven) isUnsettled?.();
      throw error;
    }
  }

  /** Where its own door is. */
  get #port(): number | undefined {
    const [address] = this.#options.host.addresses();
    return address === undefined ? undefined : hostAndPortOf(address)?.port;
  }

  /** @param given what ends the visit, made when it begins */
  async #inTurn<T>(
    place: Place,
    given: AbortSignal | (() => AbortSignal),
    visit: (connection: MeshConnection, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const door = place.peer ?? place.addresses[0] ?? "";
    const before = this.#turns.get(door);
    const visiting = (async () => {
      await before;
      const signal = typeof given === "function" ? given() : given;
      return this.#at(place, signal, (connection) => visit(connection, signal));
    })();
    const turn = visiting.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(door, turn);
    void turn.then(() => this.#turns.get(door) === turn && this.#turns.delete(door));
    return visiting;
  }

  async #at<T>(
    { peer, addresses }: Place,
    signal: AbortSignal,
    visit: (connection: MeshConnection) => Promise<T>,
  ): Promise<T> {
    const dialling = AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS)]);
    const connection = await this.#options.host.dial(peer, addresses, { force: true, signal: dialling });
    try {
      return await visit(connection);
    } finally {
      connection.abort("the visit is over");
    }
  }
}
