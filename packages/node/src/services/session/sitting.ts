/** One visit as its session has it: what comes in is begun in its order, what is said goes out, and with the visit its work ends. */
import type { Logger } from "pino";
import { BoundedQueue } from "@parley/audio/format";
import { createMessage, SERVER_ID, type MessageOptions, type TalkEvent, type WorkEvent } from "@parley/sdk";
import { withCorrelation } from "../../log.ts";
import type { Services } from "../services.ts";
import { Assistant } from "./assistant.ts";
import type { Notice } from "./notice.ts";
import type { Session } from "./session.ts";
import {
  packedItem,
  unpackedItem,
  type SentIn,
  type SentOut,
  type SessionIn,
  type SessionOut,
  type SessionRefusal,
  type SessionSays,
  type VisitCard,
} from "./wire.ts";
import { WorkDesk } from "./work/desk.ts";

export interface SittingOptions {
  readonly sessionId: string;
  readonly visit: VisitCard;
  /** Its sound goes to another host, which takes it packed. */
  readonly isPacked: boolean;
  readonly session: Session;
  readonly services: Services;
  readonly log: Logger;
  /** Called once, when the visit has ended, however. */
  readonly over: () => void;
}

/** Commands and questions under way, those included whose answers are not read: beyond that nothing more is taken in. */
const MOST_UNDER_WAY = 64;
/** Items that wait for the peer that the client has reached. */
const ITEMS_AHEAD = 4;

export class Sitting {
  readonly visit: VisitCard;
  readonly #options: SittingOptions;
  readonly #desk: WorkDesk;
  readonly #assistant: Assistant;
  readonly #out = new BoundedQueue<SessionOut>({ capacity: ITEMS_AHEAD });
  #underWay = 0;
  #room: PromiseWithResolvers<void> | undefined;
  #isOver = false;
  readonly #atRest = Promise.withResolvers<void>();
  readonly #told = Promise.withResolvers<void>();

  constructor(options: SittingOptions) {
    const { visit, session, services, log } = options;
    this.#options = options;
    this.visit = visit;
    const head = (inReplyTo: string): MessageOptions => this.#head(inReplyTo);
    this.#assistant = new Assistant({ session, log, streams: visit.streams, head, send: (said) => this.#say(said) });
    this.#desk = new WorkDesk({
      services,
      session,
      log,
      sink: {
        event: (commandId, event) => this.#event(commandId, event),
        frame: (bytes) => this.#push({ type: "audio", bytes }),
        result: (commandId, outcome) =>
          this.#say(createMessage("COMMAND_RESULT", { commandId, ...outcome }, this.#head(commandId))),
      },
    });
  }

  /** Something was asked for and is not done. */
  get isAtWork(): boolean {
    return this.#underWay > 0;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** For `offerStream`. Closing it is not held up by a read that waits, as closing a generator would be. */
  get out(): AsyncIterable<SentOut> {
    const { isPacked } = this.#options;
    const iterator: AsyncIterator<SentOut, undefined> = {
      next: async () => {
        const item = await this.#out.next();
        if (item.done === true) this.#told.resolve();
        return item.done === true || !isPacked ? item : { done: false, value: packedItem(item.value) };
      },
      return: () => {
        this.end();
        this.#told.resolve();
        return this.#out.return();
      },
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  /** Settles once it has ended, and all that was under way in it has; never rejects. */
  get atRest(): Promise<void> {
    return this.#atRest.promise;
  }

  /** Settles once all that was said in it is on its way; never rejects. */
  get told(): Promise<void> {
    return this.#told.promise;
  }

  /** Takes in what comes until that ends, which ends the visit. Never rejects. */
  async read(input: AsyncIterable<SentIn>): Promise<void> {
    try {
      for await (const item of input) {
        if (this.#isOver) break;
        await this.#take(unpackedItem(item));
      }
    } catch (error) {
      // The peer that the client has reached is gone, or breaks the protocol: either way nobody is there any more.
      this.#options.log.debug({ err: error, visit: this.visit.visitId }, "what comes in of a visit has broken off");
    }
    this.end();
  }

  /** What nobody has asked for. False: nobody takes it any more. */
  async tell({ type, ...eventData }: Notice): Promise<boolean> {
    const payload = { eventType: type, eventData, timestamp: Date.now() };
    const message = createMessage("EVENT", payload, this.#head(undefined));
    return this.#out.push({ type: "message", message });
  }

  /**
   * Ends it: its work is cancelled. `isElsewhere`: the session goes on with a newer visit, `isEnded`: somebody has ended it; its
   * client is told.
   */
  end({
    isElsewhere = false,
    isEnded = false,
  }: { readonly isElsewhere?: boolean; readonly isEnded?: boolean } = {}): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#desk.close();
    this.#assistant.close();
    // The queue takes in what it is given before it is closed, however long it is.
    if (isElsewhere || isEnded) void this.#out.push({ type: "over", ...(isEnded ? { why: "ended" } : {}) });
    this.#out.close();
    this.#room?.resolve();
    if (this.#underWay === 0) this.#atRest.resolve();
    this.#options.over();
  }

  /** Waits only for room: for sound in its work, and among what is under way. */
  async #take(item: SessionIn): Promise<void> {
    switch (item.type) {
      case "command": {
        const { commandId, correlationId = commandId, request } = item;
        // Begun without a pause: the sound behind the command may be here already, and is not to find it unknown.
        return this.#begin(correlationId, async () => {
          const refusal = await this.#desk.run(commandId, request);
          if (refusal !== undefined) await this.#refuse(refusal, commandId);
        });
      }
      case "remark":
        return this.#desk.remark(item.request);
      case "question": {
        const { message } = item;
        return this.#begin(message.correlationId ?? message.messageId, () => this.#assistant.answer(message));
      }
      case "audio": {
        const wrong = await this.#desk.audio(item.bytes);
        if (wrong !== undefined) await this.#refuse({ code: "INVALID_MESSAGE", reason: wrong }, undefined);
      }
    }
  }

  async #begin(correlationId: string, work: () => Promise<void>): Promise<void> {
    this.#underWay += 1;
    withCorrelation(correlationId, () => {
      work()
        .catch((error: unknown) => this.#options.log.error({ err: error }, "a session failed at its work"))
        .finally(() => {
          this.#underWay -= 1;
          if (this.#isOver && this.#underWay === 0) this.#atRest.resolve();
          this.#room?.resolve();
        });
    });
    while (this.#underWay >= MOST_UNDER_WAY && !this.#isOver) {
      this.#room = Promise.withResolvers();
      await this.#room.promise;
    }
  }

  #event(commandId: string, { type, ...data }: WorkEvent | TalkEvent): Promise<void> {
    const payload = { eventType: type, eventData: { ...data }, timestamp: Date.now() };
    return this.#say(createMessage("EVENT", payload, this.#head(commandId)));
  }

  #refuse(refusal: SessionRefusal, inReplyTo: string | undefined): Promise<void> {
    return this.#push({ type: "refused", refusal, inReplyTo });
  }

  #say(message: SessionSays): Promise<void> {
    return this.#push({ type: "message", message });
  }

  /** Resolves once there is room for more. What nobody reads any more is dropped: its work is being cancelled. */
  async #push(item: SessionOut): Promise<void> {
    await this.#out.push(item);
  }

  #head(inReplyTo: string | undefined): MessageOptions {
    return { from: SERVER_ID, sessionId: this.#options.sessionId, inReplyTo };
  }
}
