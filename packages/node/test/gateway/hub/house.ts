/** Peers with hubs and their clients: real actors over a network in memory, in simulated time. */
import { createActorSystem, createRemoting, startReceptionist, type ActorSystem } from "@parley/actors";
import { MemoryNetwork, VirtualClock } from "@parley/actors/testing";
import { createMessage, SeenMessages, type Message, type Payload, type Target } from "@parley/sdk";
import { Hub, type Refused, type Seat } from "../../../src/gateway/hub/hub.ts";
import type { Accounts } from "../../../src/gateway/hub/known.ts";
import { joinMesh } from "../../../src/gateway/hub/mesh.ts";
import { isPost, type Post } from "../../../src/gateway/hub/post.ts";
import { noLog } from "../../support.ts";
import { Agreement, type View } from "./shared-pairs.ts";

/** The simulated wall's beginning: any. */
export const EPOCH_MS = 1_700_000_000_000;

export interface House {
  readonly peer: string;
  readonly hub: Hub;
  readonly pairs: View;
  readonly system: ActorSystem;
  /** What it does, and no more: it was killed. */
  isDead: boolean;
  readonly leaveMesh: () => void;
}

export class Street {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly agreement: Agreement;
  readonly houses = new Map<string, House>();
  /** Names of clients that have a token. */
  readonly letIn = new Set<string>();
  /** Accounts that may not belong to groups: `ACCOUNT GROUP`. */
  readonly barred = new Set<string>();
  readonly random: () => number;
  readonly #changed = new Set<() => void>();
  readonly #peers: readonly string[];

  constructor(peers: readonly string[], seed = 1) {
    this.#peers = peers;
    let state = (seed % 2_147_483_646) + 1;
    this.random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    this.network = new MemoryNetwork({ clock: this.clock, random: this.random });
    this.agreement = new Agreement(this.clock, this.random);
  }

  static async of(...peers: readonly string[]): Promise<Street> {
    const street = new Street(peers);
    for (const peer of peers) await street.start(peer);
    await street.clock.pass(3_000);
    return street;
  }

  /** What was changed of who was let in is known to all. */
  accountsChanged(): void {
    for (const changed of this.#changed) changed();
  }

  /** By the clock of the wall. */
  nowMs(): number {
    return EPOCH_MS + this.clock.nowMs();
  }

  house(peer: string): House {
    const house = this.houses.get(peer);
    if (house === undefined) throw new Error(`there is no ${peer}`);
    return house;
  }

  /** A new life of a peer. */
  async start(peer: string): Promise<House> {
    const { clock, random } = this;
    const remoting = createRemoting({ transport: this.network.transport(peer), clock });
    const system = createActorSystem({ peer, clock, random, remoting: remoting.remoting });
    await remoting.start();
    startReceptionist(system, { members: { current: () => this.#peers, watch: () => () => undefined } });
    const pairs = this.agreement.view();
    const time = { clock, random, nowMs: () => this.nowMs() };
    const settled = async (): Promise<void> => this.agreement.settle(pairs);
    const accounts: Accounts = {
      has: (name) => this.letIn.has(name),
      mayBelong: (account, group) => !this.barred.has(`${account} ${group}`),
      watch: (changed) => {
        this.#changed.add(changed);
        return () => this.#changed.delete(changed);
      },
    };
    const hub = new Hub({ self: peer, pairs, log: noLog, time, settled, accounts });
    const leaveMesh = joinMesh(hub, { actors: system, onChange: () => () => undefined });
    const house: House = { peer, hub, pairs, system, isDead: false, leaveMesh };
    this.houses.set(peer, house);
    return house;
  }

  /** It is gone from one moment to the next. */
  async kill(peer: string): Promise<void> {
    const house = this.house(peer);
    house.isDead = true;
    house.pairs.hasQuorum = false;
    house.hub.close();
    house.leaveMesh();
    void this.network.transport(peer).close();
    const stopped = house.system.stop();
    await this.clock.until(stopped);
    this.houses.delete(peer);
  }

  async close(): Promise<void> {
    for (const { hub, leaveMesh } of this.houses.values()) {
      leaveMesh();
      hub.close();
    }
    const stopping = [...this.houses.values()].map(({ system }) => system.stop());
    await this.clock.pass(10_000);
    await Promise.all(stopping);
  }
}

/** How a client behaves. */
export interface Manner {
  /** It answers what it has handled; else what its socket has counts. */
  readonly acknowledges?: boolean;
  /** Whose client it is: its owner's when absent. */
  readonly account?: string;
  readonly isPassing?: boolean;
  /** What it makes of a message: handled, not to be handled, or no answer at all. Handled when absent. */
  readonly handle?: (post: Post) => "handled" | "refused" | "silent";
  readonly groups?: readonly string[];
  readonly channels?: readonly string[];
  readonly maxBytes?: number;
  /** How long a handler takes. */
  readonly handlingMs?: () => number;
}

/** A client that connects to one peer after the other. */
export class Client {
  readonly id: string;
  readonly #street: Street;
  readonly #manner: Manner;
  #seen = new SeenMessages();
  #seat: Seat | undefined;
  #connections = 0;
  /** What the peer takes for open, and whether anything arrives. */
  #line = { isOpen: false, arrives: false };
  /** What the handlers of each of its lives have finished with, in order. */
  readonly lives: Post[][] = [[]];
  /** Its id turned out to be somebody else's. */
  isExpelled = false;
  /** Where it is connected, as it believes. */
  peer: string | undefined;
  /** Every time that something was given to it. */
  readonly given: Post[] = [];
  /** What peers have told it. */
  readonly told: Message[] = [];

  constructor(street: Street, id: string, manner: Manner = {}) {
    this.#street = street;
    this.id = id;
    this.#manner = manner;
  }

  get isConnected(): boolean {
    return this.#seat !== undefined;
  }

  /** What its handler has finished with in this life. */
  get handled(): readonly Post[] {
    return this.lives.at(-1) ?? [];
  }

  /** Events by their type and the receiver that they speak of. */
  get events(): readonly string[] {
    return this.told.map((message) => {
      if (message.type === "ERROR") return message.payload.errorCode;
      if (message.type !== "EVENT") return message.type;
      const { eventType, eventData } = message.payload;
      return typeof eventData["clientId"] === "string" ? `${eventType} ${eventData["clientId"]}` : eventType;
    });
  }

  /** Its texts, in the order in which they were handled. */
  get texts(): readonly string[] {
    return this.handled.map((post) => (post.type === "MESSAGE" ? post.payload.content : post.type));
  }

  connect(peer: string): this {
    this.disconnect();
    const house = this.#street.house(peer);
    const line = { isOpen: true, arrives: true };
    this.#line = line;
    this.peer = peer;
    this.#connections += 1;
    const { acknowledges = true, groups = [], channels = [], maxBytes, isPassing = false } = this.#manner;
    const seat = house.hub.enter(
      {
        clientId: this.id,
        account: this.#manner.account ?? "this machine",
        sessionId: `${this.id} ${this.#connections}`,
        clientType: "api",
        groups,
        channels,
      },
      {
        acknowledges,
        maxBytes,
        get isOpen() {
          return line.isOpen && !house.isDead;
        },
        probe: () => undefined,
        get silentMs() {
          return line.arrives ? 0 : Number.POSITIVE_INFINITY;
        },
        hangUp: () => {
          line.isOpen = false;
          seat.leave("silent");
        },
        send: async (message) => {
          if (line.arrives && !house.isDead) this.#receive(message);
        },
      },
      { isPassing },
    );
    seat.onTaken(() => {
      this.isExpelled = true;
      this.disconnect();
    });
    this.#seat = seat;
    return this;
  }

  /** The connection ends; it lives on. */
  disconnect(): void {
    this.#line.isOpen = false;
    this.#line.arrives = false;
    this.#seat?.leave("closed");
    this.#seat = undefined;
    this.peer = undefined;
  }

  /** The line is dead, and nobody at the peer has noticed. */
  vanish(): void {
    this.#line.arrives = false;
    this.#seat = undefined;
    this.peer = undefined;
  }

  /** It loses all that it remembers, and what it was handling. */
  crash(): void {
    this.disconnect();
    this.#seen = new SeenMessages();
    this.lives.push([]);
  }

  send(post: Post): Refused | undefined {
    if (this.#seat === undefined) throw new Error(`${this.id} is not connected`);
    return this.#seat.send(post, JSON.stringify(post).length);
  }

  /** As a connection does it. */
  async deliver(target: Target, content: string): Promise<Refused | undefined> {
    if (this.#seat === undefined) throw new Error(`${this.id} is not connected`);
    const post = createMessage("MESSAGE", { content }, { from: this.id, target }) as Post;
    return this.#seat.deliver(post, JSON.stringify(post).length);
  }

  /** Sends text. */
  write(
    target: Target,
    content: string,
    more: Partial<Post> = {},
  ): { readonly post: Post; readonly refused: Refused | undefined } {
    const post = { ...createMessage("MESSAGE", { content }, { from: this.id, target }), ...more } as Post;
    return { post, refused: this.send(post) };
  }

  say<T extends Post["type"]>(type: T, payload: Payload<T>, target?: Target): Refused | undefined {
    return this.send(createMessage(type, payload, { from: this.id, target }) as Post);
  }

  belong(to: { readonly groups: readonly string[]; readonly channels: readonly string[] }): void {
    this.#seat?.belong(to);
  }

  #receive(message: Message): void {
    if (!isPost(message) || message.source.clientId === "server") {
      this.told.push(message);
      return;
    }
    this.given.push(message);
    const { messageId } = message;
    const known = this.#seen.receive(messageId);
    if (known === "finished") return this.#acknowledge(messageId, true);
    if (known === "begun") return;
    const how = this.#manner.handle?.(message) ?? "handled";
    if (how === "silent") return this.#seen.forget(messageId);
    const seen = this.#seen;
    this.#street.clock.after(this.#manner.handlingMs?.() ?? 1, () => {
      // A handler that was cut off by a crash has not finished.
      if (seen !== this.#seen) return;
      if (how === "handled") this.lives.at(-1)?.push(message);
      seen.finish(messageId);
      this.#acknowledge(messageId, how === "handled");
    });
  }

  #acknowledge(messageId: string, success: boolean): void {
    if (this.#manner.acknowledges === false) return;
    const error = { code: "no", message: "not for me", nextStep: "Ask somebody else." };
    this.#seat?.acknowledge({ messageId, success, ...(success ? {} : { error }) });
  }
}
