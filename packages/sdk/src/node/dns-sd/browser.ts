/** Looks for peers by DNS-SD, on every interface: clients do, and peers that look for others. */
import multicastDns from "multicast-dns";
import { networkInterfaces } from "node:os";
import { ServiceCache, type FoundService, type Heard } from "./service-cache.ts";

const TYPE = "_parley._tcp.local";
/** Asked at once, then ever more rarely (RFC 6762 section 5.2), for services that have lost their voice. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const TIDY_EVERY_MS = 5000;

export interface BrowserOptions {
  /** A peer calls itself out, or what it says has changed. All of it is its word only; `port` is where clients reach it. */
  readonly onFound: (service: FoundService) => void;
  /** A peer has said goodbye, or was not heard of for long. */
  readonly onGone?: (instance: string) => void;
  /** An interface cannot be used for multicast; looking goes on on the others. */
  readonly onTrouble?: (error: Error) => void;
  /** How often interfaces are looked at, and what was not heard again is forgotten. Default 5 s. */
  readonly tidyEveryMs?: number;
}

export interface Browser {
  /** Asks now. */
  look(): void;
  close(): Promise<void>;
}

type Socket = ReturnType<typeof multicastDns>;

/** Begins to look, and asks at once. */
export function startBrowser(options: BrowserOptions): Browser {
  const browser = new DnsSdBrowser(options);
  browser.look();
  return browser;
}

class DnsSdBrowser implements Browser {
  readonly #options: BrowserOptions;
  readonly #cache = new ServiceCache(TYPE);
  /** By the interface's IPv4 address: a socket sends to one interface. */
  readonly #sockets = new Map<string, Socket>();
  readonly #tidying: NodeJS.Timeout;
  #asking: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: BrowserOptions) {
    this.#options = options;
    this.#tidying = setInterval(() => this.#tidy(), options.tidyEveryMs ?? TIDY_EVERY_MS);
    this.#tidying.unref();
    this.#followInterfaces();
  }

  look(): void {
    clearTimeout(this.#asking);
    this.#ask(FIRST_PAUSE_MS);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#asking);
    clearInterval(this.#tidying);
    await Promise.all([...this.#sockets.values()].map(closeSocket));
    this.#sockets.clear();
  }

  #ask(pauseMs: number): void {
    if (this.#isClosed) return;
    for (const socket of this.#sockets.values()) this.#query(socket);
    this.#asking = setTimeout(() => this.#ask(Math.min(2 * pauseMs, LONGEST_PAUSE_MS)), pauseMs);
    this.#asking.unref();
  }

  #query(socket: Socket): void {
    socket.query({ questions: [{ name: TYPE, type: "PTR" }] }, (error: Error | null) => {
      if (error !== null && error !== undefined) this.#options.onTrouble?.(error);
    });
  }

  #tidy(): void {
    for (const instance of this.#cache.expire(performance.now())) this.#options.onGone?.(instance);
    this.#followInterfaces();
  }

  #followInterfaces(): void {
    const now = new Set(multicastAddresses());
    for (const [address, socket] of this.#sockets) {
      if (now.has(address)) continue;
      this.#sockets.delete(address);
      void closeSocket(socket);
    }
    for (const address of now) if (!this.#sockets.has(address)) this.#open(address);
  }

  #open(address: string): void {
    // Bound to all, or multicast would not reach it; sending to this interface only.
    const socket = multicastDns({ interface: address, bind: "0.0.0.0", reuseAddr: true });
    this.#sockets.set(address, socket);
    socket.on("response", ({ answers = [], additionals = [] }, { address: sender }) => {
      this.#heard(believable([...answers, ...additionals], sender));
    });
    // Packets that are none, too: they are somebody else's trouble.
    socket.on("warning", () => undefined);
    socket.on("error", (error: Error) => {
      this.#sockets.delete(address);
      void closeSocket(socket);
      this.#options.onTrouble?.(error);
    });
    socket.on("ready", () => this.#query(socket));
  }

  #heard(records: readonly Heard[]): void {
    if (this.#isClosed) return;
    const { found, gone } = this.#cache.take(records, performance.now());
    for (const service of found) this.#options.onFound(service);
    for (const instance of gone) this.#options.onGone?.(instance);
  }
}

/** Loopback addresses are true in the mouth of this machine only. */
function believable(records: readonly Heard[], sender: string): readonly Heard[] {
  const isOurs = Object.values(networkInterfaces()).some((infos) => infos?.some(({ address }) => address === sender));
  if (isOurs) return records;
  return records.filter(({ data }) => typeof data !== "string" || !/^(?:127\.|::1$|::ffff:127\.)/i.test(data));
}

/** One IPv4 address of each interface, loopback's only where there is no other. */
function multicastAddresses(): readonly string[] {
  const firsts = Object.values(networkInterfaces()).flatMap((infos) => {
    const first = infos?.find(({ family }) => family === "IPv4");
    return first === undefined ? [] : [first];
  });
  const outside = firsts.filter(({ internal }) => !internal);
  return (outside.length > 0 ? outside : firsts).map(({ address }) => address);
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.removeAllListeners("response");
    socket.destroy(() => resolve());
  });
}
