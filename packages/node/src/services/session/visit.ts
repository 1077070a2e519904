/**
 * A client's visit to its session, as the peer has it that the client has reached. The session may live anywhere: what comes is sent there
 * in order, and what it says is handed on in order. What must not leave this host is not sent there: another session here does that.
 */
import { parseAddress, type ActorRef, type ActorSystem, type StreamRef } from "@parley/actors";
import { BoundedQueue } from "@parley/audio/format";
import type { Continued } from "@parley/sdk";
import type { Logger } from "pino";
import {
  packedItem,
  readOpened,
  readOut,
  SILENT_MS,
  unpackedItem,
  WINDOW,
  type Opened,
  type SentIn,
  type SentOut,
  type SessionIn,
  type SessionMessage,
  type SessionOut,
  type VisitCard,
} from "./wire.ts";

/** Where a session may live, or be begun. */
export interface Place {
  readonly system: ActorSystem;
  /** @throws ActorError when there is nobody to answer in time */
  ask(id: string, make: (replyTo: ActorRef<Opened>) => SessionMessage): Promise<Opened>;
  /** Sessions of the whole house live there. */
  readonly isShared?: boolean;
}

/**
 * Why a visit has ended. `elsewhere`: the session goes on with a newer visit; `lost`: the session's host is gone, or the session has left it,
 * and another visit finds where it lives now; `moved`: it cannot be reached from here, and who comes again, at another peer where it can, finds it,
 * or begins it anew; `refused`: it is somebody else's; `unknown`: there is none that could be continued; `ended`: somebody who looks
 * after the house has ended it.
 */
export type VisitEnd = "elsewhere" | "lost" | "moved" | "refused" | "unknown" | "ended";

/** What the client is told. */
export interface VisitHearer {
  /** It was found, or begun; before all else, and not told when it is refused. */
  opened?(continued: Continued | undefined): void;
  /** Resolves once there is room for more. */
  out(item: SessionOut): Promise<void>;
  /** Once, and nothing after it; not after {@link Visit.close}. */
  over(end: VisitEnd): void;
}

export interface VisitOptions {
  readonly sessionId: string;
  readonly card: VisitCard;
  /** Where to look for the session, the likeliest first; asked when it is needed. */
  readonly places: () => readonly Place[];
  /** On this very host. */
  readonly near: Place;
  readonly hearer: VisitHearer;
  /** For how long nothing has come from a peer; undefined where that is not known. */
  readonly silenceMs?: ((peer: string) => number | undefined) | undefined;
  /** Told once it is over, whoever has ended it. */
  readonly closed?: ((visit: Visit) => void) | undefined;
  readonly log: Logger;
}

/** Items that wait to be sent; beyond that the client is held. */
const ITEMS_WAITING = 16;
/** For a session's answer, and then for it to begin to read. */
const UNREAD_MS = 10_000;

/** Who has just come has not waited. */
const WAITED_MIN_MS = 100;
const REFUSALS = { account: "refused", unknown: "unknown", newer: "elsewhere" } as const;

interface Found {
  readonly place: Place;
  readonly out: StreamRef<SentOut>;
  readonly isHere: boolean;
  readonly continued: Continued | undefined;
}

export class Visit {
  readonly #options: VisitOptions;
  readonly #over = new AbortController();
  readonly #waiting = new BoundedQueue<SessionIn>({ capacity: ITEMS_WAITING });
  readonly #sinceMs = performance.now();
  #isOpen = false;
  #isShared = false;
  /** Where the session lives, if that is another host. */
  #host: string | undefined;
  /** What must not leave this host, while the session lives on another one. */
  #near: Visit | undefined;
  /** The streams of its commands. */
  readonly #nearWork = new Map<string, number>();

  constructor(options: VisitOptions) {
    this.#options = options;
  }

  /** Whether the session has been looked for yet: that may be long after the client has come. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Looks for the session, or begins it; the first {@link push} does so too. */
  open(): void {
    if (this.#isOpen || this.#over.signal.aborted) return;
    this.#isOpen = true;
    void this.#run();
  }

  /** For the session. @returns what to wait for before there is more; undefined: there is room */
  push(item: SessionIn): Promise<void> | undefined {
    this.open();
    if (this.#waiting.tryPush(item) || this.#waiting.ended) return undefined;
    return this.#waiting.push(item).then(() => undefined);
  }

  /** It is led to one of the house's sessions. */
  get isShared(): boolean {
    return this.#isShared && !this.#over.signal.aborted;
  }

  /** For how long nothing has come from the session's host; undefined where that is this one, or it is not known. */
  get hostSilenceMs(): number | undefined {
    return this.#host === undefined ? undefined : this.#options.silenceMs?.(this.#host);
  }

  /** Who comes again is led to where the session lives now. */
  move(): void {
    if (this.#over.signal.aborted) return;
    this.close();
    this.#options.hearer.over("moved");
  }

  /** The client is gone. */
  close(): void {
    this.#over.abort();
    this.#options.closed?.(this);
    this.#near?.close();
    void this.#waiting.return();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { hearer, log, sessionId } = this.#options;
    let end: VisitEnd = "moved";
    try {
      const found = await this.#find();
      if (typeof found === "string") end = found;
      else {
        hearer.opened?.(found.continued);
        end = "lost";
        end = await this.#read(found);
      }
    } catch (error) {
      if (!this.#over.signal.aborted) log.info({ err: error, sessionId }, "a session cannot be reached any more");
    }
    if (this.#over.signal.aborted) return;
    this.close();
    hearer.over(end);
  }

  /** Or why it is not to be visited. @throws ActorError when it is nowhere */
  async #find(): Promise<Found | Extract<VisitEnd, "refused" | "unknown" | "elsewhere">> {
    const { sessionId, card: whose, places, log } = this.#options;
    const waitedMs = performance.now() - this.#sinceMs;
    const known = { ...whose, takesPacked: true };
    const waiting = waitedMs < WAITED_MIN_MS ? known : { ...known, waitedMs: waitedMs + (whose.waitedMs ?? 0) };
    const { comes } = whose;
    let failure: unknown;
    for (const [tries, place] of places().entries()) {
      const card = comes === undefined ? waiting : { ...waiting, comes: { ...comes, asked: comes.asked + tries } };
      const where = Promise.withResolvers<Where>();
      const how = { idleTimeoutMs: UNREAD_MS, signal: this.#over.signal };
      const input = place.system.offerStream(this.#itemsFor(where.promise), how);
      try {
        const opened = readOpened(
          await place.ask(sessionId, (replyTo) => ({ type: "open", visit: card, input, replyTo })),
        );
        const host = opened.type === "opened" ? parseAddress(opened.out.address).peer : undefined;
        const isHere = host === place.system.peer;
        const takesPacked = opened.type === "opened" && opened.takesPacked === true;
        const there = takesPacked ? "where it is packed" : "elsewhere";
        where.resolve(opened.type === "refused" ? "nowhere" : isHere ? "here" : there);
        if (opened.type === "refused") return REFUSALS[opened.why];
        this.#isShared = place.isShared === true;
        this.#host = isHere ? undefined : host;
        return { place, out: opened.out, isHere, continued: opened.continued };
      } catch (error) {
        // Should it be opened late, there is nothing to be read in it.
        where.resolve("nowhere");
        failure = error;
        if (this.#over.signal.aborted) break;
        log.info({ err: error, sessionId }, "a session did not answer");
      }
    }
    throw failure;
  }

  async #read({ place, out, isHere }: Found): Promise<VisitEnd> {
    const how = { window: WINDOW, idleTimeoutMs: SILENT_MS, signal: this.#over.signal };
    const items = isHere ? place.system.readStream(out, how) : checked(place.system.readStream<unknown>(out, how));
    for await (const given of items) {
      const item = unpackedItem(given);
      if (item.type === "over") return item.why ?? "elsewhere";
      await this.#options.hearer.out(item);
    }
    return "lost";
  }

  /** What is read where the session lives, once that is known. Closing it ends nothing here. */
  #itemsFor(found: Promise<Where>): AsyncIterable<SentIn> {
    let isHere = false;
    const next = async (): Promise<IteratorResult<SentIn, undefined>> => {
      const where = await found;
      if (where === "nowhere") return DONE;
      isHere = where === "here";
      for (;;) {
        const result = await this.#waiting.next();
        if (isHere || result.done === true) return result;
        const item = result.value;
        if (this.#isForNear(item)) await this.#nearVisit().push(item);
        else return { done: false, value: where === "where it is packed" ? packedItem(item) : item };
      }
    };
    const iterator: AsyncIterator<SentIn, undefined> = {
      next: () => (isHere ? this.#waiting.next() : next()),
      return: async () => DONE,
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  #isForNear(item: SessionIn): boolean {
    switch (item.type) {
      case "command": {
        const { privacy, stream } = item.request.parameters;
        if (privacy === "host") this.#nearWork.set(item.commandId, stream);
        return privacy === "host";
      }
      case "remark":
        return this.#nearWork.has(item.request.parameters.commandId);
      case "question":
        return item.message.payload.privacy === "host";
      case "audio":
        return this.#nearWork.size > 0 && [...this.#nearWork.values()].includes(streamOf(item.bytes));
    }
  }

  #nearVisit(): Visit {
    const { near, hearer } = this.#options;
    return (this.#near ??= new Visit({
      ...this.#options,
      // That one is this visit's own: it begins where there is none.
      card: { ...this.#options.card, continues: undefined },
      places: () => [near],
      closed: undefined,
      hearer: {
        out: (item) => {
          if (item.type === "message" && item.message.type === "COMMAND_RESULT") {
            this.#nearWork.delete(item.message.payload.commandId);
          }
          return hearer.out(item);
        },
        over: (end) => {
          if (this.#over.signal.aborted) return;
          this.close();
          hearer.over(end);
        },
      },
    }));
  }
}

type Where = "here" | "elsewhere" | "where it is packed" | "nowhere";

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

async function* checked(items: AsyncIterable<unknown>): AsyncGenerator<SentOut> {
  for await (const item of items) yield readOut(item);
}

/** The stream that a frame belongs to; 0, which none is, for what is no frame. */
function streamOf(bytes: Uint8Array): number {
  return bytes.byteLength < 8 ? 0 : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true);
}
