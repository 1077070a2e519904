/** A client's connection to its house: to one peer at a time, and to the next one when that is lost. Carries out what the seeker wants. */
import { jsonOf, type ParleyError, timeoutOf } from "../../errors.ts";
import { createMessage, parseMessage, type Message } from "../../protocol/envelope.ts";
import { isRetryable } from "../../protocol/error-codes.ts";
import { AddressBook, type Ending } from "./address-book.ts";
import { breachError, cannotContinueError, endOf, lostError, movingError, patienceError, whyNot } from "./endings.ts";
import type { LinkHearer, Welcome } from "./hearer.ts";
import { introductionOf } from "./introduction.ts";
import { givenPeers, isSafe, keepingOf, type ConnectOptions, type Keeping } from "./options.ts";
import { Pulse } from "./pulse.ts";
import { search } from "./search.ts";
import { Seeker, type Failed, type SeekerEffect } from "./seeker.ts";
import {
  CLOSE_GOING_AWAY,
  CLOSE_PROTOCOL,
  noAnswer,
  notOpened,
  PeerSocket,
  platformSocket,
  receptionOf,
} from "./socket.ts";
import { Watchfulness } from "./watchfulness.ts";

/** Between one peer and the next while connecting. */
const STAGGER_MS = 300;
/** A peer answers who comes within milliseconds; in a crowd, within some hundred. */
const WELCOME_MS = 2_000;
/** A connection that lasted less is one that failed. In a house whose hosts die one after the other, longer ones are a help. */
const STABLE_MS = 2_000;
/** While somebody waits for an answer, pauses are no longer than that. */
const WORK_PAUSE_MS = 1_000;
/** Who asks nothing for so long is not there. */
const IDLE_MS = 300_000;

/** A page's window, or a worker: told when the network is back. Node has none. */
const platform: EventTarget | undefined = ((all: unknown) => (all instanceof EventTarget ? all : undefined))(
  globalThis,
);

interface Attempt {
  readonly socket: PeerSocket;
  timer: ReturnType<typeof setTimeout>;
  state: "opening" | "open" | "registering" | "up";
}

/** The connection. */
export class Link {
  readonly clientId: string;
  readonly keeping: Keeping;
  readonly #options: ConnectOptions;
  readonly #hearer: LinkHearer;
  readonly #timeoutMs: number;
  readonly #book: AddressBook;
  readonly #seeker: Seeker;
  readonly #attempts = new Map<string, Attempt>();
  /** How long peers that were silent are waited for the next time. */
  readonly #welcomeMs = new Map<string, number>();
  readonly #over = new AbortController();
  readonly groups: Set<string>;
  readonly channels: Set<string>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #pulse: Pulse | undefined;
  readonly #watch: Watchfulness;
  #up: PeerSocket | undefined;
  #upSinceMs = 0;
  /** Something other than a heartbeat. */
  #saidMs = 0;
  #wasUp = false;
  #isSearching = false;
  #loss: ParleyError | undefined;
  #resumeToken: string | undefined;
  /** Which of its connections was told last who this is. */
  #comes = { chain: crypto.randomUUID(), nth: 0 };
  /** Where it wants to go. */
  #continue: string | undefined;
  #welcome: Welcome | undefined;
  /** Undefined while it goes on. */
  #end: ParleyError | undefined;

  constructor(options: ConnectOptions, hearer: LinkHearer) {
    this.#options = options;
    this.#hearer = hearer;
    this.#timeoutMs = timeoutOf(options.timeoutMs ?? 10_000);
    // What cannot be sent is told now, and not when a socket is open.
    jsonOf(options.metadata);
    this.#continue = options.continue;
    this.clientId = options.clientId ?? `client-${crypto.randomUUID().slice(0, 8)}`;
    this.keeping = keepingOf(options);
    this.#watch = new Watchfulness(this.keeping);
    this.groups = new Set(options.groups);
    this.channels = new Set(options.channels);
    this.#book = new AddressBook(givenPeers(options));
    const { firstPauseMs, mostPauseMs } = this.keeping;
    this.#seeker = new Seeker(this.#book, {
      staggerMs: STAGGER_MS,
      stableMs: STABLE_MS,
      firstPauseMs,
      mostPauseMs: () => (hearer.doing !== "nothing" ? Math.min(WORK_PAUSE_MS, mostPauseMs) : mostPauseMs),
      again: false,
      random: Math.random,
    });
  }

  get isUp(): boolean {
    return this.#up !== undefined;
  }

  /** Where the client is connected; undefined when it is not. */
  get url(): string | undefined {
    return this.#up?.url;
  }

  /** All addresses that are known. */
  get peers(): readonly string[] {
    return this.#book.urls;
  }

  /** Why nothing can be asked any more; undefined while it can. */
  get end(): ParleyError | undefined {
    return this.#end;
  }

  get bufferedAmount(): number {
    return this.#up?.bufferedAmount ?? 0;
  }

  start(): void {
    const { discover } = this.#options;
    this.#carryOut(this.#seeker.start(discover !== undefined));
    if (discover !== undefined) void this.#search(discover);
    platform?.addEventListener("online", this.#onOnline);
  }

  /** Sends, when there is a connection. */
  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#saidMs = performance.now();
    this.#up?.send(data);
  }

  /** Goes on with another session of the account from now on. */
  goTo(session: string): void {
    this.#continue = session;
    const up = this.#up;
    if (up !== undefined) this.#lost(up.url, "lost", movingError());
  }

  /** There is work: the peer is watched more closely from now on. */
  hurry(): void {
    this.#pulse?.hurry();
  }

  /**
   * What the house says its peers are; addresses at which the token would not be safe are passed over. Those of peers that are
   * `draining` are tried last.
   */
  learn(urls: readonly string[], draining: readonly string[] = []): void {
    const isHere = this.#up !== undefined && new URL(this.#up.url).protocol === "ws:";
    // A peer elsewhere that names this machine means its own.
    this.#book.learn(
      urls.filter((url) => isSafe(url) && (isHere || url.startsWith("wss:"))),
      draining,
    );
  }

  /** Ends it for good. */
  close(error: ParleyError, code = 1000): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#over.abort();
    platform?.removeEventListener("online", this.#onOnline);
    clearTimeout(this.#patience);
    this.#pulse?.stop();
    const up = this.#up;
    this.#up = undefined;
    if (up !== undefined) this.#forget(up.url, code);
    this.#carryOut(this.#seeker.close());
    this.#hearer.over(error);
  }

  readonly #onOnline = (): void => this.#carryOut(this.#seeker.nudge());

  async #search(discover: NonNullable<ConnectOptions["discover"]>): Promise<void> {
    this.#isSearching = true;
    await search(discover, this.#over.signal, {
      timeoutMs: this.#timeoutMs,
      found: (url) => {
        if (isSafe(url)) this.#carryOut(this.#seeker.found(url));
        return this.#up === undefined;
      },
      failed: (error) => (this.#loss ??= error),
      ended: () => this.#searched(),
    });
  }

  #searched(): void {
    this.#isSearching = false;
    this.#carryOut(this.#seeker.searched());
  }

  #carryOut(effects: readonly SeekerEffect[]): void {
    for (const effect of effects) {
      if (effect.do === "open") this.#open(effect.url, false);
      else if (effect.do === "register") this.#register(effect.url);
      else if (effect.do === "drop") this.#forget(effect.url);
      else if (effect.do === "up") this.#nowUp(effect.url);
      else if (effect.do === "wait") this.#inVain(effect.ms, effect.round);
      else if (effect.do === "give-up") this.close(whyNot(effect.failures, this.#loss));
      else this.#setTimer(effect.do === "set-timer" ? effect.ms : undefined);
    }
  }

  /** Those who are known are not there; others may have come since. */
  #inVain(ms: number, round: number): void {
    this.#hearer.waiting(ms, round);
    const { discover } = this.#options;
    if (discover !== undefined && !this.#isSearching) void this.#search(discover);
  }

  #setTimer(ms: number | undefined): void {
    clearTimeout(this.#timer);
    if (ms !== undefined) this.#timer = setTimeout(() => this.#carryOut(this.#seeker.timer()), ms);
  }

  /** @param atOnce it is this peer's turn already: say who we are as soon as it is open */
  #open(url: string, atOnce: boolean): void {
    const fail = (error: ParleyError): void => this.#failed(url, { kind: "unreachable", error });
    const timer = setTimeout(() => fail(noAnswer(url)), this.#timeoutMs);
    try {
      const socket = new PeerSocket(url, this.#options.openSocket ?? platformSocket, {
        opened: () => this.#opened(url, atOnce),
        text: (text) => this.#onText(url, text),
        binary: (bytes) => this.#onBinary(url, bytes),
        closed: (code, reason, cause) => this.#onClosed(url, code, reason, cause),
      });
      this.#attempts.set(url, { socket, timer, state: atOnce ? "registering" : "opening" });
    } catch (error) {
      clearTimeout(timer);
      // Whoever carries out the opening is told afterwards.
      queueMicrotask(() => this.#failed(url, { kind: "unreachable", error }));
    }
  }

  #opened(url: string, atOnce: boolean): void {
    const attempt = this.#attempts.get(url);
    if (attempt === undefined) return;
    if (atOnce) return this.#register(url);
    attempt.state = "open";
    this.#carryOut(this.#seeker.opened(url));
  }

  #register(url: string): void {
    const attempt = this.#attempts.get(url);
    if (attempt === undefined) return;
    attempt.state = "registering";
    this.#awaitWelcome(url, attempt);
    const { clientId, groups, channels } = this;
    const comes = (this.#comes = { ...this.#comes, nth: this.#comes.nth + 1 });
    const known = {
      clientId,
      groups,
      channels,
      resumeToken: this.#resumeToken,
      continueSession: this.#continue,
      comes,
    };
    const payload = introductionOf(this.#options, known);
    attempt.socket.send(JSON.stringify(createMessage("REGISTER", payload, { from: this.clientId })));
  }

  /** One that opens and says nothing is not waited for as long as there are others; longer each time, for all may be slow. */
  #awaitWelcome(url: string, attempt: Attempt): void {
    if (this.#book.urls.length < 2) return;
    const waitMs = this.#welcomeMs.get(url) ?? WELCOME_MS;
    clearTimeout(attempt.timer);
    attempt.timer = setTimeout(
      () => {
        this.#welcomeMs.set(url, 2 * waitMs);
        this.#failed(url, { kind: "unreachable", error: noAnswer(url) });
      },
      Math.min(waitMs, this.#timeoutMs),
    );
  }

  #onText(url: string, text: string): void {
    const attempt = this.#attempts.get(url);
    if (attempt?.state === "up") {
      this.#pulse?.alive();
      const parsed = parseMessage(text);
      return parsed.ok ? this.#onMessage(parsed.message) : this.breach(parsed.reason);
    }
    const reception = receptionOf(text);
    if ("welcome" in reception) return this.#welcomed(url, reception.welcome);
    // What was given to come again with holds no more: the token itself is shown.
    if (reception.code === "AUTHENTICATION_FAILED" && this.#resumeToken !== undefined) {
      this.#resumeToken = undefined;
      this.#forget(url);
      return this.#open(url, true);
    }
    // Too many come at once, or the peer failed: another one may take it, or this one later.
    if (this.#wasUp && this.#continue !== undefined && !isRetryable(reception.code ?? "INTERNAL_ERROR")) {
      // Its own session is still there.
      this.#continue = undefined;
      this.#hearer.stays(reception.error);
      this.#forget(url);
      return this.#open(url, true);
    }
    const isForGood = reception.code !== undefined && !isRetryable(reception.code);
    this.#failed(url, { kind: isForGood ? "refused" : "unreachable", error: reception.error });
  }

  /** An ERROR about no message of ours ends the connection on the peer's side, too. */
  #onMessage(message: Message): void {
    if (message.type !== "ERROR" || message.inReplyTo !== undefined) return this.#hearer.message(message);
    this.breach(`${message.payload.errorCode}: ${message.payload.errorMessage}`);
  }

  #onBinary(url: string, bytes: Uint8Array): void {
    if (this.#attempts.get(url)?.state !== "up") return;
    this.#pulse?.alive();
    this.#hearer.binary(bytes);
  }

  #welcomed(url: string, welcome: Welcome): void {
    if (this.#continue !== undefined && welcome.continued === undefined) {
      return this.#failed(url, { kind: "refused", error: cannotContinueError(welcome.serverInfo.name) });
    }
    this.#continue = undefined;
    this.#welcomeMs.delete(url);
    this.#resumeToken = welcome.resumeToken;
    this.#welcome = welcome;
    this.#carryOut(this.#seeker.welcomed(url));
  }

  #nowUp(url: string): void {
    const attempt = this.#attempts.get(url);
    const welcome = this.#welcome;
    if (attempt === undefined || welcome === undefined) return;
    clearTimeout(attempt.timer);
    clearTimeout(this.#patience);
    attempt.state = "up";
    this.#up = attempt.socket;
    this.#upSinceMs = performance.now();
    this.#saidMs = this.#upSinceMs;
    this.#loss = undefined;
    this.#seeker.goOn(this.#options.reconnect !== false);
    this.#pulse = new Pulse({
      pace: () => this.#watch.pace(this.#hearer.doing, this.#book.urls.length > 1, performance.now()),
      beat: () => {
        const isIdle = performance.now() - this.#saidMs > IDLE_MS;
        const payload = { timestamp: Date.now(), status: isIdle ? ("idle" as const) : ("active" as const) };
        this.#up?.send(JSON.stringify(createMessage("HEARTBEAT", payload, { from: this.clientId })));
      },
      onSilent: () => {
        this.#watch.left(this.#hearer.doing, performance.now());
        this.#lost(url, "silent", lostError("the peer is silent"));
      },
    });
    const isAgain = this.#wasUp;
    this.#wasUp = true;
    this.#hearer.up(welcome, isAgain);
  }

  /** The peer has sent what nobody may: it is left for another one. */
  breach(reason: string): void {
    const up = this.#up;
    if (up === undefined) return;
    this.#lost(up.url, "silent", breachError(reason), CLOSE_PROTOCOL);
  }

  #onClosed(url: string, code: number, reason: string, cause: Error | undefined): void {
    const attempt = this.#attempts.get(url);
    if (attempt?.state === "up") {
      const end = endOf(code);
      if (end !== undefined) return this.close(end);
      const why = reason === "" ? `connection closed (${code})` : `connection closed (${code} ${reason})`;
      return this.#lost(url, code === CLOSE_GOING_AWAY ? "stopping" : "lost", lostError(why));
    }
    this.#failed(url, { kind: "unreachable", error: notOpened(url, code, reason, cause) });
  }

  #lost(url: string, ending: Ending, error: ParleyError, code = 1000): void {
    // What is said of a peer that was left before ends nothing: the next one would be waited for, and never sought.
    if (this.#up?.url !== url) return;
    this.#pulse?.stop();
    this.#up = undefined;
    this.#forget(url, code);
    this.#loss = error;
    const effects = this.#seeker.lost(url, ending, performance.now() - this.#upSinceMs);
    if (this.#seeker.phase !== "over") {
      this.#patience = setTimeout(() => this.#hearer.impatient(patienceError(error)), this.keeping.patienceMs);
      this.#hearer.down(error);
    }
    this.#carryOut(effects);
  }

  #failed(url: string, failed: Failed): void {
    this.#forget(url);
    this.#carryOut(this.#seeker.failed(url, failed));
  }

  #forget(url: string, code = 1000): void {
    const attempt = this.#attempts.get(url);
    if (attempt === undefined) return;
    this.#attempts.delete(url);
    clearTimeout(attempt.timer);
    attempt.socket.drop(code, code === CLOSE_PROTOCOL ? "protocol error" : "");
  }
}
