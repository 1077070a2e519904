/**
 * Who offers what, on all hosts. Every host has one receptionist; each tells the others what lives on its host, at once when
 * that changes and from time to time in case it was not heard. What is gone leaves the lists at once: services by death
 * watch on their own host, those of other hosts with their receptionist.
 */
import { parseAddress } from "../core/address.ts";
import { isActorRef } from "../core/base-ref.ts";
import type { Actor, ActorContext } from "../core/behavior.ts";
import type { ActorRef } from "../core/ref.ts";
import type { ActorSystem } from "../core/system-options.ts";
import { ActorError } from "../errors.ts";
import { messageKinds } from "../remoting/message-kinds.ts";
import type { Members } from "./ports.ts";
import { type Refused, refusedWith } from "./refusal.ts";
import { type Capabilities, Registry, type Service, type ServiceQuery } from "./registry.ts";

const NAME = "receptionist";
const MAX_TEXT_CHARS = 200;
const MAX_CAPABILITIES = 64;
/** So many rounds of gossip follow a change, as what was told of it may get lost; while nothing changes only each fourth is made. */
const QUICK = 10;
const RARER = 4;

export interface Listing {
  readonly query: ServiceQuery;
  readonly services: readonly Service[];
}

export type ReceptionistMessage =
  /**
   * `ref`, an actor of this host, offers `key` until it ends; again with other capabilities: these hold from now on. Answered with how
   * it is listed. Refused: `unsupported` for actors of other hosts, `mailbox-full`.
   */
  | {
      readonly type: "register";
      readonly key: string;
      readonly capabilities: Capabilities;
      readonly ref: ActorRef<never>;
      readonly replyTo?: ActorRef<Service | Refused> | undefined;
    }
  | { readonly type: "unregister"; readonly key: string; readonly ref: ActorRef<never> }
  | { readonly type: "find"; readonly query: ServiceQuery; readonly replyTo: ActorRef<Listing> }
  /** Tells `to` what there is, now and whenever that changes, until `to` ends. Another query replaces the one before. */
  | { readonly type: "subscribe"; readonly query: ServiceQuery; readonly to: ActorRef<Listing | Refused> }
  | { readonly type: "unsubscribe"; readonly to: ActorRef<Listing | Refused> }
  | Gossip;

/** Among receptionists. */
type Gossip =
  | {
      readonly type: "state";
      readonly from: ActorRef<ReceptionistMessage>;
      readonly version: number;
      readonly services: readonly Service[];
    }
  | { readonly type: "digest"; readonly from: ActorRef<ReceptionistMessage>; readonly version: number }
  | { readonly type: "pull"; readonly from: ActorRef<ReceptionistMessage> };

type Own =
  | { readonly type: "own-service-ended"; readonly address: string }
  | { readonly type: "own-source-ended"; readonly address: string }
  | { readonly type: "own-subscriber-ended"; readonly address: string }
  | { readonly type: "own-gossip" }
  | { readonly type: "own-members" };

export interface ReceptionistOptions {
  /** The hosts whose receptionists are talked to. */
  readonly members: Members;
  /**
   * How often one of the others, drawn by lot, is told how new this one's list is; a fourth of that where all have been heard of and
   * nothing has changed for ten times as long. Default 1,000.
   */
  readonly gossipEveryMs?: number;
  /** On this host. Default 1,024. */
  readonly maxServices?: number;
  /** Default 1,024. */
  readonly maxSubscribers?: number;
}

/** Starts this host's receptionist, `/receptionist`. @throws ActorError `name-taken` */
export function startReceptionist(system: ActorSystem, options: ReceptionistOptions): ActorRef<ReceptionistMessage> {
  // What it knows outlives its crashes: those who registered would not know that they have to do it again.
  const registry = new Registry();
  return system.spawn<ReceptionistMessage | Own>((context) => new Receptionist(context, system, registry, options), {
    name: NAME,
    restart: "permanent",
    accepts,
  });
}

interface Subscriber {
  readonly query: ServiceQuery;
  readonly to: ActorRef<Listing>;
  readonly unwatch: () => void;
}

class Receptionist implements Actor<ReceptionistMessage | Own> {
  readonly #context: ActorContext<ReceptionistMessage | Own>;
  readonly #system: ActorSystem;
  readonly #registry: Registry;
  readonly #options: Required<ReceptionistOptions>;
  readonly #subscribers = new Map<string, Subscriber>();
  /** How to stop watching each address under which something of this host is listed. */
  readonly #watched = new Map<string, () => void>();
  /** Rounds of gossip since something has changed. */
  #rounds = 0;

  constructor(
    context: ActorContext<ReceptionistMessage | Own>,
    system: ActorSystem,
    registry: Registry,
    options: ReceptionistOptions,
  ) {
    this.#context = context;
    this.#system = system;
    this.#registry = registry;
    this.#options = { gossipEveryMs: 1_000, maxServices: 1_024, maxSubscribers: 1_024, ...options };
    for (const { ref } of registry.own) this.#watchService(ref);
    for (const source of registry.sources()) this.#watchSource(system.resolve(source));
    const unwatch = options.members.watch(() => context.timers.once("members", 0, { type: "own-members" }));
    context.signal.addEventListener("abort", unwatch, { once: true });
    context.timers.every("gossip", this.#options.gossipEveryMs, { type: "own-gossip" });
    this.#publish();
  }

  receive(message: ReceptionistMessage | Own): void {
    switch (message.type) {
      case "register": {
        const answer = this.#register(message);
        message.replyTo?.tell(answer);
        return;
      }
      case "unregister":
        return this.#remove((each) => each.key === message.key && each.ref.equals(message.ref));
      case "find":
        message.replyTo.tell({ query: message.query, services: this.#registry.find(message.query) });
        return;
      case "subscribe":
        return this.#subscribe(message.query, message.to);
      case "unsubscribe":
        return this.#unsubscribe(message.to.address);
      case "state":
        return this.#merge(message.from, message.version, message.services);
      case "digest":
        return this.#compare(message.from, message.version);
      case "pull":
        message.from.tell(this.#state());
        return;
      case "own-service-ended":
        return this.#remove(({ ref }) => ref.address === message.address);
      case "own-source-ended":
        return this.#tellSubscribers(this.#registry.drop(message.address));
      case "own-subscriber-ended":
        return this.#unsubscribe(message.address);
      case "own-gossip":
        return this.#gossip();
      case "own-members":
        this.#rounds = 0;
        return this.#publish();
    }
  }

  #register({ key, capabilities, ref }: Service): Service | Refused {
    const { peer } = parseAddress(ref.address);
    if (peer !== this.#system.peer) {
      return refusedWith(new ActorError("unsupported", `${ref.address} is to be registered on ${peer}`));
    }
    const service = { key, capabilities, ref };
    const isKnown = this.#registry.own.some((each) => each.key === key && each.ref.equals(ref));
    if (!isKnown && this.#registry.own.length >= this.#options.maxServices) {
      return refusedWith(
        new ActorError("mailbox-full", `${this.#options.maxServices} services are registered already`),
      );
    }
    this.#registry.add(service);
    this.#watchService(ref);
    this.#changed(new Set([key]));
    return service;
  }

  #subscribe(query: ServiceQuery, to: ActorRef<Listing | Refused>): void {
    if (!this.#subscribers.has(to.address) && this.#subscribers.size >= this.#options.maxSubscribers) {
      to.tell(refusedWith(new ActorError("mailbox-full", `${this.#options.maxSubscribers} have subscribed already`)));
      return;
    }
    // The address as it was given: the end may come under another form of it.
    const { address } = to;
    this.#unsubscribe(address);
    const unwatch = this.#context.watch(to, () => ({ type: "own-subscriber-ended", address }));
    this.#subscribers.set(address, { query, to, unwatch });
    to.tell({ query, services: this.#registry.find(query) });
  }

  #unsubscribe(address: string): void {
    this.#subscribers.get(address)?.unwatch();
    this.#subscribers.delete(address);
  }

  #merge(from: ActorRef<ReceptionistMessage>, version: number, services: readonly Service[]): void {
    if (from.equals(this.#context.self)) return;
    const { peer } = parseAddress(from.address);
    // Each speaks for its own host only.
    const own = services.filter(({ ref }) => parseAddress(ref.address).peer === peer);
    const isNew = this.#registry.versionOf(from.address) === undefined;
    const keys = this.#registry.merge(from.address, version, own);
    if (isNew) this.#watchSource(from);
    this.#tellSubscribers(keys);
  }

  #compare(from: ActorRef<ReceptionistMessage>, version: number): void {
    const known = this.#registry.versionOf(from.address);
    if (known !== undefined && known >= version) return;
    from.tell({ type: "pull", from: this.#context.self });
    // Whoever is new here may not know this host either.
    if (known === undefined) from.tell(this.#state());
  }

  #remove(matches: (service: Service) => boolean): void {
    const keys = this.#registry.remove(matches);
    const listed = new Set(this.#registry.own.map(({ ref }) => ref.address));
    for (const [address, unwatch] of this.#watched) {
      if (listed.has(address)) continue;
      unwatch();
      this.#watched.delete(address);
    }
    this.#changed(keys);
  }

  /** What lives here has changed. */
  #changed(keys: ReadonlySet<string>): void {
    if (keys.size === 0) return;
    this.#tellSubscribers(keys);
    this.#publish();
  }

  #publish(): void {
    for (const other of this.#others()) other.tell(this.#state());
  }

  #gossip(): void {
    this.#rounds += 1;
    // Each packet wakes two processes: where all know all, most rounds are left out.
    if (this.#rounds > QUICK && this.#rounds % RARER !== 0 && this.#hasHeardOfAll()) return;
    const others = this.#others();
    const other = others[Math.floor(this.#context.random() * others.length)];
    other?.tell({ type: "digest", from: this.#context.self, version: this.#registry.version });
  }

  /** Who comes back, or is new, is waited for: it hears of this one as soon as ever. */
  #hasHeardOfAll(): boolean {
    const heard = new Set(this.#registry.sources().map((source) => parseAddress(source).peer));
    const { peer } = this.#system;
    return this.#options.members.current().every((each) => each === peer || heard.has(each));
  }

  #tellSubscribers(keys: ReadonlySet<string>): void {
    if (keys.size > 0) this.#rounds = 0;
    for (const { query, to } of this.#subscribers.values()) {
      if (keys.has(query.key)) to.tell({ query, services: this.#registry.find(query) });
    }
  }

  #state(): ReceptionistMessage {
    const { version, own } = this.#registry;
    return { type: "state", from: this.#context.self, version, services: own };
  }

  #others(): readonly ActorRef<ReceptionistMessage>[] {
    const { peer } = this.#system;
    return this.#options.members
      .current()
      .filter((each) => each !== peer)
      .map((each) => this.#system.resolve<ReceptionistMessage>(`parley://${each}/${NAME}`));
  }

  #watchService(ref: ActorRef<never>): void {
    // The address as it was registered: another life of the actor has another.
    const { address } = ref;
    // Anew: behind an address without an incarnation somebody else may live by now.
    this.#watched.get(address)?.();
    this.#watched.set(
      address,
      this.#context.watch(ref, () => ({ type: "own-service-ended", address })),
    );
  }

  #watchSource(source: ActorRef<never>): void {
    const { address } = source;
    this.#context.watch(source, () => ({ type: "own-source-ended", address }));
  }
}

const accepts = messageKinds<ReceptionistMessage | Own>("a receptionist", {
  register: mustBe((m) => isService(m) && (m["replyTo"] === undefined || isActorRef(m["replyTo"]))),
  unregister: mustBe((m) => isText(m["key"]) && isActorRef(m["ref"])),
  find: mustBe((m) => isQuery(m["query"]) && isActorRef(m["replyTo"])),
  subscribe: mustBe((m) => isQuery(m["query"]) && isActorRef(m["to"])),
  unsubscribe: mustBe((m) => isActorRef(m["to"])),
  state: mustBe((m) => isNumbered(m) && Array.isArray(m["services"]) && m["services"].every((s) => isService(s))),
  digest: mustBe(isNumbered),
  pull: mustBe((m) => isActorRef(m["from"])),
  "own-service-ended": nobodyElse,
  "own-source-ended": nobodyElse,
  "own-subscriber-ended": nobodyElse,
  "own-gossip": nobodyElse,
  "own-members": nobodyElse,
});

type Fields = Readonly<Record<string, unknown>>;

function nobodyElse(): never {
  throw new TypeError("it comes from nowhere but itself");
}

/** What a reference takes cannot be seen in it, and so a message with one cannot be checked to the end: hence the type. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- see above
function mustBe<Message>(is: (fields: Fields) => boolean): (message: unknown) => Message {
  return (message) => {
    // The kind was found by a field of it, so it has fields; what they are worth, `is` decides.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    if (!is(message as Fields)) throw new TypeError("a field is missing or not what it should be");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return message as Message;
  };
}

function isNumbered(fields: Fields): boolean {
  return isActorRef(fields["from"]) && Number.isSafeInteger(fields["version"]);
}

function isService(value: unknown): value is Service {
  return isFields(value) && isText(value["key"]) && isActorRef(value["ref"]) && areCapabilities(value["capabilities"]);
}

function isQuery(value: unknown): value is ServiceQuery {
  if (!isFields(value) || !isText(value["key"])) return false;
  return value["capabilities"] === undefined || areCapabilities(value["capabilities"]);
}

function areCapabilities(value: unknown): value is Capabilities {
  if (!isFields(value)) return false;
  const all = Object.values(value);
  return all.length <= MAX_CAPABILITIES && all.every((each) => isScalar(each) || isTexts(each));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): boolean {
  return isText(value) || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MAX_CAPABILITIES && value.every((each) => isText(each));
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_TEXT_CHARS;
}
