/**
 * All clients of the house, and what they send each other. Each peer has a hub, which knows its own clients and hears of those of the
 * others (`mesh.ts`). The peer that a message enters at brings it to where its receiver is, or writes it down for later.
 */
import type { Logger } from "pino";
import {
  CLIENTS_CHANNEL,
  type Message,
  type MessageStatus,
  type Payload,
  type ProtocolErrorCode,
  type Target,
} from "@parley/sdk";
import type { Pairs } from "../../cluster/pairs/port.ts";
import { Courier } from "./courier.ts";
import { Delivered } from "./delivered.ts";
import { Directory, type ClientSeat } from "./directory.ts";
import type { Elsewhere } from "./elsewhere.ts";
import { Lanes } from "./lanes.ts";
import { Kept } from "./kept.ts";
import { mayGoBy, type Accounts } from "./known.ts";
import { furthest, Ledger, pendingOf } from "./ledger.ts";
import { Mail } from "./mail.ts";
import { channelOf, isExpired, questionOf, timed, type Fate, type Post, type Try } from "./post.ts";
import { Receiver, type ClientLine } from "./receiver.ts";
import { Owners } from "./owners.ts";
import { HUB, machineTime, type HubTime } from "./times.ts";
import { clientEvent, sentOf, toldOf } from "./told.ts";
import { Untold } from "./untold.ts";

export interface HubOptions {
  /** This peer. */
  readonly self: string;
  readonly pairs: Pairs;
  /** Resolves, and soon, once what this peer knows of the house is no older than when it was asked. Never rejects. */
  readonly settled?: () => Promise<void>;
  /** Who was let in. Default: nobody knows, and nobody is looked after. */
  readonly accounts?: Accounts | undefined;
  /** Where clients reach this peer. */
  readonly urls?: () => readonly string[];
  readonly log: Logger;
  readonly time?: HubTime;
}

/** Why a message is not taken. */
export interface Refused {
  readonly code: ProtocolErrorCode;
  readonly reason: string;
  /** In how long the same may be said again, where that is known. */
  readonly retryAfterMs?: number | undefined;
}

/** A client that is connected here. */
interface Guest {
  seat: ClientSeat;
  readonly line: ClientLine;
  readonly receiver: Receiver;
  readonly courier: Courier;
  /** What this peer knows of the house is as new as what the client may have seen elsewhere. */
  ready?: Promise<void>;
  /** A receiver is being looked for. */
  seeking?: Promise<void> | undefined;
  /** Told when its id turns out to be somebody else's. */
  taken?: () => void;
  /** Nobody needs to remember its id. */
  readonly isPassing: boolean;
}

/** What a connection has of the hub. */
export interface Seat {
  readonly groups: readonly string[];
  readonly channels: readonly string[];
  /** Takes a message to others, which the client may send, of so many bytes. @returns why not */
  send(post: Post, bytes: number): Refused | undefined;
  /** As `send`; whom this peer does not know it looks for at the others first. In order with what else is delivered by it. */
  deliver(post: Post, bytes: number): Promise<Refused | undefined>;
  /** The client has handled what it was given, or will not. */
  acknowledge(ack: Payload<"MESSAGE_ACK">): void;
  /** These are its groups and channels from now on. */
  belong(to: { readonly groups: readonly string[]; readonly channels: readonly string[] }): void;
  /** Calls `taken` when the client's id turns out to be somebody else's: it may not stay. */
  onTaken(taken: () => void): void;
  /** The client is gone. */
  leave(reason: string): void;
}

export class Hub {
  readonly directory = new Directory();
  readonly #options: HubOptions;
  readonly #time: HubTime;
  readonly #mail: Mail;
  readonly #owners: Owners;
  readonly #lanes: Lanes;
  readonly #ledger = new Ledger();
  readonly #delivered = new Delivered();
  readonly #untold = new Untold();
  /** By session. */
  readonly #guests = new Map<string, Guest>();
  /** Who has asked a client here what, by receiver and message: an answer need not say for whom it is. */
  readonly #askers = new Kept<string>(HUB.askersMax);
  readonly #stops: (() => void)[];
  #elsewhere: Elsewhere | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#time = options.time ?? machineTime();
    this.#mail = new Mail(options.pairs, this.#time.nowMs);
    const [mail, time] = [this.#mail, this.#time];
    const onDefect = (error: unknown): void => options.log.error({ err: error }, "what clients send each other failed");
    const { pairs, accounts } = options;
    this.#owners = new Owners({
      pairs,
      mail,
      directory: this.directory,
      accounts,
      time,
      report: ({ post, to }, fate) => this.#report(post, to, fate),
      onChanged: () => this.#expelTaken(),
      onDefect,
    });
    this.#lanes = new Lanes({
      isThere: (clientId) => this.directory.placeOf(clientId) !== undefined,
      give: (post, to) => this.#give(post, to),
      keep: (post, to) => this.#owners.keep(post, to),
      retract: async (post, to) => {
        const letter = mail.find(post, to);
        if (letter !== undefined) await mail.take(letter);
      },
      holds: (from, to) => mail.holds(from, to),
      report: (post, to, fate) => this.#report(post, to, fate),
      onDefect,
      time,
    });
    this.#stops = [mail.watch(() => this.#look()), this.directory.onChange((clientId) => this.#onSeen(clientId))];
  }

  /** Where clients reach this peer, as it says itself. */
  get urls(): readonly string[] {
    return this.#options.urls?.() ?? [];
  }

  /** Where they reach another one; empty: it has not said. */
  urlsOf(peer: string): readonly string[] {
    return this.#elsewhere?.urlsOf(peer) ?? [];
  }

  /** Whose client goes by this id, or did; undefined: nobody's that is known. */
  ownerOf(clientId: string): string | undefined {
    return this.#owners.known.ownerOf(clientId);
  }

  /** Messages that are under way from here. */
  get underWay(): number {
    return this.#lanes.size;
  }

  /** The way to other peers from now on; undefined: there is none. */
  connect(elsewhere: Elsewhere | undefined): void {
    this.#elsewhere = elsewhere;
  }

  /** A client has come, and may be given messages. Nobody needs to remember the id of one that `isPassing`. */
  enter(card: Omit<ClientSeat, "sinceMs">, line: ClientLine, { isPassing = false } = {}): Seat {
    const before = this.directory.placeOf(card.clientId)?.seat.sinceMs ?? -1;
    const seat: ClientSeat = { ...card, sinceMs: Math.max(this.#time.nowMs(), before + 1) };
    const receiver = new Receiver(card.clientId, line, { delivered: this.#delivered, time: this.#time });
    const courier = this.#courierOf(seat);
    const guest: Guest = { seat, line, receiver, courier, isPassing };
    // It has come by another connection: what is left of the one before is none any more.
    const left = this.#guests.get(seat.sessionId);
    if (left !== undefined) this.#leave(left, "the session goes on at another connection");
    this.#guests.set(seat.sessionId, guest);
    this.#seated(guest);
    this.#announce("client_connected", { clientId: card.clientId, clientType: card.clientType });
    guest.courier.look();
    return {
      get groups() {
        return guest.seat.groups;
      },
      get channels() {
        return guest.seat.channels;
      },
      send: (post, bytes) => this.#send(guest, timed(post, this.#time.nowMs()), bytes),
      deliver: (post, bytes) => this.#deliver(guest, timed(post, this.#time.nowMs()), bytes),
      acknowledge: (ack) => receiver.acknowledge(ack),
      belong: ({ groups, channels }) => {
        guest.seat = { ...guest.seat, groups: [...new Set(groups)], channels: [...new Set(channels)] };
        this.#seated(guest);
      },
      onTaken: (taken) => (guest.taken = taken),
      leave: (reason) => this.#leave(guest, reason),
    };
  }

  /** What became of a message that `from` has sent, wherever it was. */
  async statusOf(messageId: string, from: string): Promise<readonly MessageStatus[]> {
    const there = (await this.#elsewhere?.statusOf(messageId, from)) ?? [];
    return furthest([...this.statusHere(messageId, from), ...there]);
  }

  /** As far as this peer knows. */
  statusHere(messageId: string, from: string): readonly MessageStatus[] {
    const waiting = this.#mail.of(messageId, from).map(({ post, to }) => pendingOf(post, to));
    return furthest([...this.#ledger.of(messageId, from), ...waiting]);
  }

  /** Gives a message to a client of this peer. Never rejects. */
  async giveHere(post: Post, to: string): Promise<Try> {
    const guest = this.#guestOf(to);
    if (guest === undefined) return { outcome: "gone" };
    if (post.type === "COMMAND" || post.type === "QUERY") {
      this.#askers.set(`${post.messageId} ${to}`, post.source.clientId);
    }
    return guest.receiver.give(post);
  }

  /** Hands a message to all clients of this peer that it is for. @returns to how many */
  spreadHere(post: Post): number {
    const channel = channelOf(post);
    let count = 0;
    for (const { seat, receiver } of this.#guests.values()) {
      const isMeant = channel === undefined || seat.channels.includes(channel);
      if (isMeant && seat.clientId !== post.source.clientId && this.#isNewest(seat) && receiver.hand(post)) count += 1;
    }
    return count;
  }

  /** Tells a client of this peer something. */
  tellHere(message: Message, to: string): void {
    void this.#guestOf(to)?.line.send(message);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#lanes.close();
    this.#owners.close();
    for (const { courier, receiver } of this.#guests.values()) {
      courier.close();
      receiver.close();
    }
  }

  #send(guest: Guest, given: Post, bytes: number): Refused | undefined {
    const { clientId, sessionId } = guest.seat;
    const post: Post = { ...given, source: { clientId, sessionId } };
    if (isExpired(post, this.#time.nowMs())) {
      return { code: "MESSAGE_EXPIRED", reason: "its time was over when it came" };
    }
    const target = this.#targetOf(guest, post);
    if (target === undefined) return { code: "TARGET_NOT_FOUND", reason: "nobody here has asked for this answer" };
    if ("channel" in target || "all" in target) {
      void this.#spread(post);
      return undefined;
    }
    const receivers =
      "clientId" in target
        ? [target.clientId]
        : this.#owners.known.membersOf(target.group).filter((member) => member !== clientId);
    if (!receivers.some((id) => this.#owners.known.isKnown(id))) {
      const who = "clientId" in target ? `nobody knows a client ${target.clientId}` : `nobody is in ${target.group}`;
      return { code: "TARGET_NOT_FOUND", reason: who };
    }
    if (!this.#lanes.hasRoom(clientId, receivers, bytes)) {
      return { code: "RATE_LIMIT_EXCEEDED", reason: "as many messages are under way there as may be" };
    }
    if ("group" in target) this.#ledger.toGroup(post, receivers.length);
    guest.ready ??= this.#options.settled?.() ?? Promise.resolve();
    for (const id of receivers) {
      this.#ledger.note(post, id, undefined);
      this.#lanes.push(post, id, { ready: guest.ready, bytes });
    }
    return undefined;
  }

  async #deliver(guest: Guest, post: Post, bytes: number): Promise<Refused | undefined> {
    // What is looked for a receiver for is not overtaken by what came behind it.
    if (guest.seeking !== undefined) await guest.seeking;
    const refused = this.#send(guest, post, bytes);
    const { target } = post;
    const isSought = target !== undefined && ("clientId" in target || "group" in target);
    if (refused?.code !== "TARGET_NOT_FOUND" || !isSought || this.#elsewhere === undefined) return refused;
    const seeking = this.#elsewhere.seek(target);
    guest.seeking = seeking;
    await seeking;
    if (guest.seeking === seeking) guest.seeking = undefined;
    return this.#send(guest, post, bytes);
  }

  /** Whom a message is for; undefined: an answer that nobody has asked for. */
  #targetOf(guest: Guest, post: Post): Target | undefined {
    const question = questionOf(post);
    if (question !== undefined) guest.receiver.acknowledge({ messageId: question, success: true });
    if (post.target !== undefined) return post.target;
    if (post.type === "BROADCAST") return { channel: post.payload.channel };
    const asker = question === undefined ? undefined : this.#askers.get(`${question} ${guest.seat.clientId}`);
    return asker === undefined ? undefined : { clientId: asker };
  }

  async #spread(post: Post): Promise<void> {
    const here = this.spreadHere(post);
    const there = (await this.#elsewhere?.spread(post)) ?? 0;
    this.#tell(sentOf(post, here + there, this.#time.nowMs()), post.source.clientId);
  }

  async #give(post: Post, to: string): Promise<Try> {
    const place = this.directory.placeOf(to);
    if (place === undefined) return { outcome: "gone" };
    if (place.peer === this.#options.self) return this.giveHere(post, to);
    return (await this.#elsewhere?.give(post, to, place.peer)) ?? { outcome: "gone" };
  }

  #report(post: Post, to: string, fate: Fate): void {
    this.#ledger.note(post, to, fate);
    const recipients = this.#ledger.recipientsOf(post);
    this.#tell(toldOf(post, to, fate, { nowMs: this.#time.nowMs(), recipients }), post.source.clientId);
  }

  /** Who is away is told on coming back. */
  #tell(message: Message, to: string): void {
    const place = this.directory.placeOf(to);
    if (place === undefined) this.#untold.add(to, message, this.#time.nowMs());
    else if (place.peer === this.#options.self) this.tellHere(message, to);
    else this.#elsewhere?.tell(message, to, place.peer);
  }

  #courierOf(seat: ClientSeat): Courier {
    const { clientId, account } = seat;
    return new Courier({
      clientId,
      isFor: (letter) => mayGoBy(account, letter.account),
      mail: this.#mail,
      time: this.#time,
      isNewest: () => this.#isNewest(seat),
      give: ({ post }) => this.giveHere(post, clientId),
      report: ({ post, to }, fate) => this.#report(post, to, fate),
      onDefect: (error) => this.#options.log.error({ err: error }, "mail for a client could not be brought"),
    });
  }

  #seated({ seat, isPassing }: Guest): void {
    this.directory.join(this.#options.self, seat);
    this.#elsewhere?.joined(seat);
    this.#owners.seated(seat, isPassing);
  }

  /** Two may have come by one id at once, or while a peer was cut off: the house has agreed on whose it is. */
  #expelTaken(): void {
    for (const guest of this.#guests.values()) {
      if (mayGoBy(guest.seat.account, this.#owners.known.agreedOwnerOf(guest.seat.clientId))) continue;
      this.#leave(guest, "its id is somebody else's");
      guest.taken?.();
    }
  }

  #leave(guest: Guest, reason: string): void {
    const { sessionId, clientId } = guest.seat;
    if (this.#guests.get(sessionId) !== guest) return;
    this.#guests.delete(sessionId);
    guest.courier.close();
    guest.receiver.close();
    this.directory.leave(this.#options.self, sessionId);
    this.#elsewhere?.left(sessionId);
    this.#announce("client_disconnected", { clientId, reason });
  }

  #announce(type: "client_connected" | "client_disconnected", about: Readonly<Record<string, unknown>>): void {
    const event = { ...clientEvent(type, about, this.#time.nowMs()), target: { channel: CLIENTS_CHANNEL } };
    this.spreadHere(event);
    void this.#elsewhere?.spread(event);
  }

  /** Something has changed about where a client is. */
  #onSeen(clientId: string): void {
    this.#lanes.wake(clientId);
    this.#guestOf(clientId)?.courier.look();
    if (this.directory.placeOf(clientId) === undefined) return;
    for (const message of this.#untold.take(clientId, this.#time.nowMs())) this.#tell(message, clientId);
  }

  #look(): void {
    for (const { courier } of this.#guests.values()) courier.look();
  }

  #isNewest({ clientId, sessionId }: ClientSeat): boolean {
    const place = this.directory.placeOf(clientId);
    // A session may go on at another peer before its connection here has ended.
    return place?.peer === this.#options.self && place.seat.sessionId === sessionId;
  }

  /** The client at its newest seat, if that is here. */
  #guestOf(clientId: string): Guest | undefined {
    const place = this.directory.placeOf(clientId);
    return place?.peer === this.#options.self ? this.#guests.get(place.seat.sessionId) : undefined;
  }
}
