/**
 * What this client has sent and not heard the end of, in order. It is sent again, with the same ids, to each next peer before
 * anything new is: nothing is lost, receivers handle it once, and in the order in which it was sent.
 */
import { abortedError, jsonOf, ParleyError } from "../../errors.ts";
import { deliveryEventSchema } from "../../protocol/delivery.ts";
import type { Message, MessageOf, Payload } from "../../protocol/envelope.ts";
import { isRetryable } from "../../protocol/error-codes.ts";
import { MAX_TEXT_BYTES } from "../../protocol/limits.ts";
import { againMs } from "../again.ts";
import { failedWork } from "../failed-work.ts";
import type { DeliveryReport, ProgressEvent, Sent } from "./mail.ts";

/** Messages that may wait, and the bytes of all of them. */
const MOST_WAITING = 1_000;
const MOST_BYTES = 32 * MAX_TEXT_BYTES;
/** Messages to one receiver, or one group, that are under way at once: a house takes 64, and those that were given up count as well. */
const MOST_UNDER_WAY = 48;
/** Peers that are asked the same question. */
const MOST_TRIES = 5;

/** How often it is looked whether what was sent behind a message has found its end. */
const LOOK_AGAIN_MS = 50;

/** What ends the wait for a message. */
interface Awaited {
  /** EVENTs about its delivery; `delivered`: not the one that it was only written down. */
  readonly delivery?: "taken" | "delivered";
  /** Its COMMAND_RESULT or RESPONSE. */
  readonly answer?: boolean;
  /** Told of other EVENTs in reply to it. */
  readonly onEvent?: ((event: ProgressEvent) => void) | undefined;
}

interface Entry extends Awaited {
  readonly id: string;
  readonly text: string;
  readonly settle: (outcome: Outcome) => void;
  readonly fail: (error: ParleyError) => void;
  /** Written down by the house: it need not be repeated. */
  isTaken: boolean;
  /** Messages of one lane wait for each other; undefined: it waits for none. */
  readonly lane: string | undefined;
  /** The peer that is there now was told. */
  isTold: boolean;
  /** How many peers were told. */
  tries: number;
  /** How often it was said again because there was no room for it. */
  again: number;
  /** What it was refused with, while it waits to be said again. */
  held: ParleyError | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** What became of it. */
export type Outcome = Sent | MessageOf<"COMMAND_RESULT"> | MessageOf<"RESPONSE">;

/** What the outbox needs of the connection. */
export interface MailLine {
  readonly isUp: boolean;
  send(text: string): void;
}

export class Outbox {
  readonly #line: MailLine;
  readonly #onReport: (report: DeliveryReport) => void;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  /** Nobody was there for so long that questions do not wait any more. */
  #impatience: ParleyError | undefined;

  constructor(line: MailLine, onReport: (report: DeliveryReport) => void) {
    this.#line = line;
    this.#onReport = onReport;
  }

  /** Messages that wait for their end. */
  get waiting(): number {
    return this.#entries.size;
  }

  /**
   * Sends, now or with the next connection, and waits for the end.
   * @throws ParleyError `connection-lost`, `overloaded`, `cancelled`, `timed-out`, `refused`, `work-failed`
   */
  async send(message: Message, awaited: Awaited, signal: AbortSignal, doing: string): Promise<Outcome> {
    const text = jsonOf(message);
    if (signal.aborted) throw abortedError(signal, doing);
    if (awaited.answer === true && this.#impatience !== undefined) throw this.#impatience;
    const bytes = new TextEncoder().encode(text).byteLength;
    if (bytes > MAX_TEXT_BYTES) throw tooLarge(bytes);
    if (this.#entries.size >= MOST_WAITING || this.#bytes + bytes > MOST_BYTES) throw full();
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    const id = message.messageId;
    const onAbort = (): void => reject(abortedError(signal, doing));
    const lane = laneOf(message);
    const state = { isTaken: false, isTold: false, tries: 0, again: 0, held: undefined, timer: undefined };
    this.#entries.set(id, { ...awaited, id, text, lane, settle: resolve, fail: reject, ...state });
    this.#bytes += bytes;
    signal.addEventListener("abort", onAbort);
    this.#tell();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      clearTimeout(this.#entries.get(id)?.timer);
      this.#entries.delete(id);
      this.#bytes -= bytes;
      this.#tell();
    }
  }

  /** There is a peer: it is told everything that it, or the one before it, has not answered. */
  up(): void {
    this.#impatience = undefined;
    for (const entry of this.#entries.values()) {
      entry.isTold = entry.isTaken;
      entry.held = undefined;
      clearTimeout(entry.timer);
    }
    this.#tell();
  }

  /** The peer is gone. A question that was put to so many may be what they die of; messages have their time. */
  down(error: ParleyError): void {
    for (const entry of this.#entries.values()) {
      if (entry.answer === true && entry.tries >= MOST_TRIES) entry.fail(error);
    }
  }

  /** Sends what may be sent now, in order. */
  #tell(): void {
    if (!this.#line.isUp) return;
    const underWay = new Map<string, number>();
    /** Lanes in which something waits to be said again: nothing may overtake it. */
    const held = new Set<string>();
    for (const entry of this.#entries.values()) {
      const { lane } = entry;
      if (lane !== undefined && entry.held !== undefined) held.add(lane);
      if (entry.held !== undefined || (lane !== undefined && held.has(lane))) continue;
      const before = lane === undefined ? 0 : (underWay.get(lane) ?? 0);
      if (lane !== undefined && !entry.isTaken) underWay.set(lane, before + 1);
      if (entry.isTold || before >= MOST_UNDER_WAY) continue;
      entry.isTold = true;
      entry.tries += 1;
      this.#line.send(entry.text);
    }
  }

  failAll(error: ParleyError): void {
    for (const entry of this.#entries.values()) entry.fail(error);
  }

  /**
   * Those who wait for an answer have waited long enough, and whoever asks before there is a peer does not wait at all; messages go on
   * waiting for their time to be over.
   */
  failQuestions(error: ParleyError): void {
    this.#impatience = error;
    for (const entry of this.#entries.values()) if (entry.answer === true) entry.fail(error);
  }

  /** @returns whether it was about something of ours */
  event({ inReplyTo = "", payload }: MessageOf<"EVENT">): boolean {
    const asked = this.#entries.get(inReplyTo);
    if (asked?.onEvent !== undefined) {
      asked.onEvent({ type: payload.eventType, data: payload.eventData });
      return true;
    }
    const parsed = deliveryEventSchema.safeParse({ ...payload.eventData, type: payload.eventType });
    if (!parsed.success) return false;
    const { data: event } = parsed;
    const entry = this.#entries.get(event.messageId);
    const { messageId } = event;
    if (event.type !== "message_failed") this.#arrived(entry);
    switch (event.type) {
      case "message_delivered":
        this.#told(entry, { ...about(event), status: "delivered", ...pick(event) }, true);
        break;
      case "message_queued":
        if (entry !== undefined) entry.isTaken = true;
        this.#told(entry, { ...about(event), status: "queued" }, entry?.delivery !== "delivered");
        this.#tell();
        break;
      case "message_sent":
        if (entry !== undefined) entry.isTaken = true;
        this.#told(entry, { status: "sent", messageId, recipients: event.recipients }, true);
        break;
      case "message_failed":
        this.#onReport({ status: "failed", messageId, reason: event.reason });
        entry?.fail(undeliverable(event.reason));
        break;
    }
    return true;
  }

  /** @returns whether it was about something of ours */
  answer(message: MessageOf<"COMMAND_RESULT"> | MessageOf<"RESPONSE">): boolean {
    const { payload } = message;
    const entry = this.#entries.get("commandId" in payload ? payload.commandId : payload.queryId);
    if (entry?.answer !== true) return false;
    if (payload.success) entry.settle(message);
    else entry.fail(failedWork(payload.error, "whoever was asked"));
    return true;
  }

  /** @returns whether it was about something of ours */
  error({ inReplyTo = "", payload }: MessageOf<"ERROR">): boolean {
    const entry = this.#entries.get(inReplyTo);
    if (entry === undefined) return false;
    const waitMs = againMs(payload, entry.again);
    if (waitMs === undefined) entry.fail(refusedBy(payload));
    else this.#hold(entry, refusedBy(payload), waitMs);
    return true;
  }

  /** It is said again later, and everything behind it in its lane after it. */
  #hold(entry: Entry, error: ParleyError, waitMs: number): void {
    entry.again += 1;
    entry.held = error;
    entry.timer = setTimeout(() => this.#sayAgain(entry), waitMs);
  }

  #sayAgain(entry: Entry): void {
    const later = this.#behind(entry);
    // What came behind it may still be taken, and is not to be overtaken either: its fate is waited for.
    if (later.some(({ isTold, held }) => isTold && held === undefined)) {
      entry.timer = setTimeout(() => this.#sayAgain(entry), LOOK_AGAIN_MS);
      return;
    }
    entry.held = undefined;
    entry.isTold = false;
    this.#tell();
  }

  /** In its lane, sent after it. */
  #behind({ id, lane }: Entry): readonly Entry[] {
    const all = lane === undefined ? [] : [...this.#entries.values()].filter((each) => each.lane === lane);
    return all.slice(all.findIndex((each) => each.id === id) + 1);
  }

  /** It has arrived: what was sent before it to the same receiver, and refused, would come too late. */
  #arrived(entry: Entry | undefined): void {
    if (entry?.lane === undefined) return;
    for (const each of this.#entries.values()) {
      if (each === entry) return;
      if (each.lane === entry.lane && each.held !== undefined) each.fail(each.held);
    }
  }

  /** One who waits for an answer is not helped by knowing that the question has arrived. */
  #told(entry: Entry | undefined, sent: Sent, isEnd: boolean): void {
    this.#onReport(sent);
    if (entry?.delivery !== undefined && isEnd) entry.settle(sent);
  }
}

function laneOf({ target }: Message): string | undefined {
  if (target === undefined || "all" in target || "channel" in target) return undefined;
  return JSON.stringify(target);
}

const about = ({
  messageId,
  clientId,
  recipients,
}: {
  messageId: string;
  clientId: string;
  recipients?: number | undefined;
}) => ({ messageId, clientId, ...(recipients === undefined ? {} : { recipients }) });
const pick = ({ attempts, deliveredAt }: { attempts: number; deliveredAt: number }) => ({ attempts, deliveredAt });

/** What an ERROR says. */
export function refusedBy({ errorCode, errorMessage, retryable }: Payload<"ERROR">): ParleyError {
  return new ParleyError("refused", errorMessage, {
    nextStep: NEXT_STEPS[errorCode] ?? "Check the request; a peer of another version may not know it.",
    remoteCode: errorCode,
    retryable: retryable || isRetryable(errorCode),
  });
}

const NEXT_STEPS: Readonly<Record<string, string>> = {
  AUTHORIZATION_DENIED: "Ask an admin of the house for a role that may.",
  RATE_LIMIT_EXCEEDED: "Try again a little later.",
  TARGET_NOT_FOUND: "Check the name; a client has to have been there once.",
  MESSAGE_EXPIRED: "Send it again, with more time.",
  INTERNAL_ERROR: "See the peer's log.",
};

function undeliverable(reason: string): ParleyError {
  return new ParleyError("work-failed", `the message could not be delivered: ${reason}`, {
    nextStep: "Look whether the receiver runs and handles messages.",
    remoteCode: "message_failed",
    retryable: true,
  });
}

function tooLarge(bytes: number): ParleyError {
  return new ParleyError("refused", `a message of ${bytes} bytes is too large: at most ${MAX_TEXT_BYTES}`, {
    nextStep: "Cut it into pieces.",
    remoteCode: "INVALID_MESSAGE",
  });
}

function full(): ParleyError {
  return new ParleyError("overloaded", "too many messages wait to be delivered", {
    nextStep: "Wait for some of them.",
    retryable: true,
  });
}
