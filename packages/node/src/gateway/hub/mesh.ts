/** The way from this peer's hub to those of its cluster: one actor, and the receptionist that knows where the others are. */
import {
  parseAddress,
  type ActorRef,
  type ActorSystem,
  type Listing,
  type ReceptionistMessage,
  type Refused,
} from "@parley/actors";
import type { Message, MessageStatus } from "@parley/sdk";
import type { Cluster } from "../../cluster/face.ts";
import { inEachMembership } from "../../cluster/memberships.ts";
import type { ClientSeat } from "./directory.ts";
import type { Elsewhere } from "./elsewhere.ts";
import type { Hub } from "./hub.ts";
import type { Post, Try } from "./post.ts";
import { HUB } from "./times.ts";
import { readCount, readNote, readStatuses, readTry, type HubNote, type ReceivedNote } from "./wire.ts";

/** The actor's name, and what it is listed as. */
const CLIENTS = "clients";
const WAITING_MAX = 4_096;
/** Messages from other peers that are being given to clients here. */
const GIVING_MAX = 1_024;
/** A receiver's time, and the way there and back. */
const GIVE_MS = HUB.ackMs + 2_000;
const ASK_MS = 3_000;
/** Who has just come to another peer is known there at once; who does not answer so soon has nobody. */
const SEEK_MS = 500;
/** Addresses that a peer is listed with, and their length. */
const URLS_MAX = 16;
const URL_CHARS_MAX = 200;
/** News for a sender outlast a link that breaks and comes back. */
const TELL_MS = 30_000;
/** In case news of clients were not heard. */
const VERSION_MS = 5_000;

/** What its own system tells it, and what comes from other hubs. */
type Mail = ReceivedNote | HubNote | Listing | Refused | { readonly type: "tick" };

/** Joins `hub` to whatever cluster the peer belongs to, until the result is called. */
export function joinMesh(hub: Hub, cluster: Pick<Cluster, "actors" | "onChange">): () => void {
  return inEachMembership(cluster, (system) => {
    const way = new MeshWay(hub, system);
    hub.connect(way);
    return () => {
      way.close();
      hub.connect(undefined);
    };
  });
}

/** What is known of another hub's clients. */
interface Heard {
  readonly life: string;
  readonly version: number;
}

class MeshWay implements Elsewhere {
  readonly #hub: Hub;
  readonly #system: ActorSystem;
  readonly #receptionist: ActorRef<ReceptionistMessage>;
  readonly #self: ActorRef<Mail>;
  readonly #life = crypto.randomUUID();
  readonly #heard = new Map<string, Heard>();
  #version = 0;
  #giving = 0;
  /** Peers with a hub, as the receptionist lists them, and where clients reach them. */
  #peers: ReadonlyMap<string, readonly string[]> = new Map();
  /** What this peer is listed with. */
  #urls: readonly string[] = [];

  constructor(hub: Hub, system: ActorSystem) {
    this.#hub = hub;
    this.#system = system;
    this.#receptionist = system.resolve(`parley://${system.peer}/receptionist`);
    this.#self = system.spawn<Mail>(
      ({ self, timers }) => {
        this.#receptionist.tell({ type: "subscribe", query: { key: CLIENTS }, to: self });
        this.#list(self);
        timers.every("version", VERSION_MS, { type: "tick" });
        return (message) => this.#receive(message);
      },
      { name: CLIENTS, restart: "permanent", mailbox: { capacity: WAITING_MAX }, accepts: readNote },
    );
  }

  joined(seat: ClientSeat): void {
    this.#version += 1;
    this.#tellAll({ type: "joined", ...this.#counted, seat });
  }

  left(sessionId: string): void {
    this.#version += 1;
    this.#tellAll({ type: "left", ...this.#counted, sessionId });
  }

  async seek(whom: { readonly clientId: string } | { readonly group: string }): Promise<void> {
    await this.#askAll((replyTo: ActorRef<number>) => ({ type: "seek", ...whom, replyTo }), readCount, SEEK_MS);
  }

  async give(post: Post, to: string, peer: string): Promise<Try> {
    const ask = (replyTo: ActorRef<Try>): HubNote => ({ type: "give", post, to, replyTo });
    return (
      this.#hubOf(peer)
        .ask(ask, { timeoutMs: GIVE_MS, accepts: readTry })
        // Who cannot be reached is looked for again soon, wherever it is by then.
        .catch((): Try => ({ outcome: "gone" }))
    );
  }

  async spread(post: Post): Promise<number> {
    const counts = await this.#askAll((replyTo: ActorRef<number>) => ({ type: "spread", post, replyTo }), readCount);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  tell(message: Message, to: string, peer: string): void {
    const told = this.#hubOf(peer).offer({ type: "tell", message, to }, { acknowledged: true, timeoutMs: TELL_MS });
    // Who cannot be told for so long sends its message again, and is told then.
    told.catch(() => undefined);
  }

  urlsOf(peer: string): readonly string[] {
    return this.#peers.get(peer) ?? [];
  }

  async statusOf(messageId: string, from: string): Promise<readonly MessageStatus[]> {
    const found = await this.#askAll(
      (replyTo: ActorRef<readonly MessageStatus[]>) => ({ type: "status", messageId, from, replyTo }),
      readStatuses,
    );
    return found.flat();
  }

  close(): void {
    for (const peer of this.#heard.keys()) this.#drop(peer);
    this.#peers = new Map();
    // A system that has stopped has taken it along.
    void this.#system.stopActor(this.#self).catch(() => undefined);
  }

  get #counted(): Heard {
    return { life: this.#life, version: this.#version };
  }

  #receive(message: Mail): void {
    if ("services" in message) return this.#listed(message);
    if (!("type" in message)) return;
    if (message.type === "tick") return this.#tick();
    if ("peer" in message) this.#note(message);
  }

  #tick(): void {
    // Where a peer is reached may change while it lives: an address, a certificate.
    if (this.#hub.urls.join(" ") !== this.#urls.join(" ")) this.#list(this.#self);
    this.#tellAll({ type: "version", ...this.#counted });
    // The last word of a peer may come after the receptionist has found it gone.
    for (const peer of this.#heard.keys()) if (!this.#peers.has(peer)) this.#drop(peer);
  }

  #list(ref: ActorRef<Mail>): void {
    this.#urls = this.#hub.urls;
    const urls = this.#urls.filter((url) => url.length <= URL_CHARS_MAX).slice(0, URLS_MAX);
    this.#receptionist.tell({ type: "register", key: CLIENTS, capabilities: { urls }, ref });
  }

  #drop(peer: string): void {
    this.#heard.delete(peer);
    this.#hub.directory.drop(peer);
  }

  #note(note: ReceivedNote): void {
    switch (note.type) {
      case "seats":
        this.#heard.set(note.peer, note);
        return this.#hub.directory.whole(note.peer, note.seats);
      case "joined":
        if (this.#isNext(note)) this.#hub.directory.join(note.peer, note.seat);
        return;
      case "left":
        if (this.#isNext(note)) this.#hub.directory.leave(note.peer, note.sessionId);
        return;
      case "version":
        if (!this.#isKnown(note)) this.#hubOf(note.peer).tell({ type: "please" });
        return;
      case "please":
        return this.#tellSeats(note.peer);
      case "seek":
        return this.#sought(note);
      case "give":
        return void this.#give(note);
      case "spread":
        return void note.replyTo.tell(this.#hub.spreadHere(note.post));
      case "tell":
        return this.#hub.tellHere(note.message, note.to);
      case "status":
        return void note.replyTo.tell(this.#hub.statusHere(note.messageId, note.from));
    }
  }

  /** Whether this change follows what is known; else all is asked for. */
  #isNext({ peer, life, version }: ReceivedNote & Heard): boolean {
    const heard = this.#heard.get(peer);
    const isNext = heard?.life === life && heard.version + 1 === version;
    if (isNext) this.#heard.set(peer, { life, version });
    else if (!this.#isKnown({ peer, life, version })) this.#hubOf(peer).tell({ type: "please" });
    return isNext;
  }

  #isKnown({ peer, life, version }: Heard & { readonly peer: string }): boolean {
    const heard = this.#heard.get(peer);
    return heard?.life === life && heard.version >= version;
  }

  async #give({ post, to, replyTo }: ReceivedNote & { type: "give" }): Promise<void> {
    if (this.#giving >= GIVING_MAX) {
      replyTo.tell({ outcome: "busy" });
      return;
    }
    this.#giving += 1;
    replyTo.tell(await this.#hub.giveHere(post, to));
    this.#giving -= 1;
  }

  /** The seats are told first: who has the answer has them. */
  #sought({ clientId, group, peer, replyTo }: ReceivedNote & { type: "seek" }): void {
    const found = this.#hub.directory
      .seatsOf(this.#system.peer)
      .filter((seat) => seat.clientId === clientId || seat.groups.some((each) => each === group));
    if (found.length > 0) this.#tellSeats(peer);
    replyTo.tell(found.length);
  }

  /** Who has a hub. One that is new is told all clients of this peer; one that is gone has none any more. */
  #listed({ services }: Listing): void {
    const now = new Map(
      services.map(({ ref, capabilities: { urls } }): [string, readonly string[]] => {
        return [parseAddress(ref.address).peer, typeof urls === "object" ? urls : []];
      }),
    );
    now.delete(this.#system.peer);
    const before = this.#peers;
    this.#peers = now;
    for (const peer of before.keys()) if (!now.has(peer)) this.#drop(peer);
    for (const peer of now.keys()) if (!before.has(peer)) this.#tellSeats(peer);
  }

  #tellSeats(peer: string): void {
    const seats = this.#hub.directory.seatsOf(this.#system.peer);
    this.#hubOf(peer).tell({ type: "seats", ...this.#counted, seats });
  }

  #tellAll(note: HubNote): void {
    // What is not heard is asked for, after the next look at versions.
    for (const peer of this.#peers.keys()) this.#hubOf(peer).tell(note);
  }

  async #askAll<Reply>(
    make: (replyTo: ActorRef<Reply>) => HubNote,
    accepts: (reply: unknown) => Reply,
    timeoutMs = ASK_MS,
  ): Promise<readonly Reply[]> {
    const asked = [...this.#peers.keys()].map((peer) => this.#hubOf(peer).ask(make, { timeoutMs, accepts }));
    const answered = await Promise.allSettled(asked);
    return answered.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  }

  #hubOf(peer: string): ActorRef<HubNote> {
    return this.#system.resolve<HubNote>(`parley://${peer}/${CLIENTS}`);
  }
}
