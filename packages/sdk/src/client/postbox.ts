/** Messages to and from other clients: the post of one client. */
import { ParleyError, timeoutOf } from "../errors.ts";
import { createMessage, type Message, type MessageOptions, type Payload, type Target } from "../protocol/envelope.ts";
import { houseNews } from "./house-news.ts";
import { SERVER_ID } from "../protocol/limits.ts";
import type { Emitter } from "./emitter.ts";
import type { ClientEvents, OpenQuery } from "./events.ts";
import { Inbox } from "./mail/inbox.ts";
import { MessageRefused, type Answer, type CallOptions, type Content } from "./mail/mail.ts";
import type { IncomingMessage, IncomingQuery, ProgressEvent, RunOptions, SendOptions, Sent } from "./mail/mail.ts";
import { Outbox, type MailLine } from "./mail/outbox.ts";

/** A message that nobody says anything about any more. */
const SEND_WITHIN_MS = 120_000;
/** The protocol's own default for QUERYs. */
const ANSWER_WITHIN_MS = 30_000;

/** What is asked in a QUERY. */
export interface QueryOptions extends CallOptions {
  /** The words of the question. */
  readonly query?: string;
  readonly limit?: number;
  readonly filter?: Readonly<Record<string, unknown>>;
  readonly includeContext?: boolean;
  /** The client that is asked; the peer when absent. */
  readonly to?: Target;
}

export class Postbox {
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly #line: MailLine;
  readonly #onError: (error: unknown) => void;
  readonly #emitter: Emitter<ClientEvents>;
  readonly #clientId: string;
  /** Aborted with what ended the client. */
  readonly #over: AbortSignal;

  constructor(line: MailLine, clientId: string, emitter: Emitter<ClientEvents>, over: AbortSignal) {
    this.#line = line;
    this.#emitter = emitter;
    this.#onError = (error) => emitter.emit("error", error);
    this.#clientId = clientId;
    this.#over = over;
    this.outbox = new Outbox(line, (report) => emitter.emit("delivery", report));
    this.inbox = new Inbox({
      clientId,
      send: (text) => line.send(text),
      reply: (to, content, options) => this.reply(to, content, options),
      messageListeners: () => emitter.listeners("message"),
      eventListeners: () => emitter.listeners("event"),
      queryListener: (query) => (emitter.listeners("query").length === 0 ? undefined : () => open(query, emitter)),
      onError: (error) => emitter.emit("error", error),
    });
  }

  /** To one client, a group, a channel or all. */
  async send(to: Target, content: Content, options: SendOptions = {}): Promise<Sent> {
    const payload = typeof content === "string" ? { content } : content;
    return this.#sent(createMessage("MESSAGE", payload, this.#head(to, options)), options);
  }

  async broadcast(
    channel: string,
    content: string,
    options: SendOptions & { readonly toAll?: boolean },
  ): Promise<Sent> {
    const target: Target = options.toAll === true ? { all: true } : { channel };
    const payload = { channel, content };
    return this.#sent(createMessage("BROADCAST", payload, this.#head(target, options)), options);
  }

  async tell(
    to: Target,
    eventType: string,
    data: Readonly<Record<string, unknown>>,
    options: SendOptions,
  ): Promise<Sent> {
    const payload = { eventType, eventData: { ...data }, timestamp: Date.now() };
    return this.#sent(createMessage("EVENT", payload, this.#head(to, options)), options);
  }

  async reply(to: IncomingMessage, content: Content, options: SendOptions = {}): Promise<Sent> {
    const { correlationId } = to;
    const tied = correlationId === undefined ? {} : { correlationId };
    return this.send({ clientId: to.from }, content, { ...tied, inReplyTo: to.id, ...options });
  }

  /** What the one who carried it out says of it. A peer that is asked in vain is told that nobody waits any more. */
  async command(
    to: Target | undefined,
    command: string,
    parameters: Readonly<Record<string, unknown>>,
    { onEvent, ...options }: SendOptions & RunOptions = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const payload = { command, parameters: { ...parameters }, requiresAck: true };
    const message = createMessage("COMMAND", payload, this.#head(to, options));
    const told = onEvent === undefined ? undefined : (event: ProgressEvent) => this.#told(onEvent, event);
    const exchange = this.#exchange(message, { answer: true, onEvent: told }, options, ANSWER_WITHIN_MS);
    const outcome = await exchange.catch((error: unknown) => {
      const isGivenUp = error instanceof ParleyError && (error.code === "cancelled" || error.code === "timed-out");
      if (isGivenUp && to === undefined) this.#cancel(message.messageId);
      throw error;
    });
    return "payload" in outcome && outcome.type === "COMMAND_RESULT" ? (outcome.payload.result ?? {}) : {};
  }

  async query(queryType: string, options: QueryOptions = {}): Promise<Answer> {
    const { query, limit, filter, includeContext, to } = options;
    const timeoutMs = timeoutOf(options.timeoutMs ?? ANSWER_WITHIN_MS);
    const payload: Payload<"QUERY"> = {
      queryType,
      ...(query === undefined ? {} : { query }),
      ...(limit === undefined ? {} : { limit }),
      ...(filter === undefined ? {} : { filter: { ...filter } }),
      ...(includeContext === undefined ? {} : { includeContext }),
      timeout: Math.round(Math.max(1, Math.min(600_000, timeoutMs))),
    };
    const message = createMessage("QUERY", payload, this.#head(to, {}));
    const outcome = await this.#exchange(message, { answer: true }, options, ANSWER_WITHIN_MS);
    if (!("payload" in outcome) || outcome.type !== "RESPONSE") throw noAnswer(queryType);
    const { data, processingTime, sources = [] } = outcome.payload;
    return { data, processingTimeMs: processingTime, sources };
  }

  /** What came over the connection and is no work. */
  take(message: Message): void {
    const isPeer = message.source.clientId === SERVER_ID;
    if (message.type === "COMMAND_RESULT" || message.type === "RESPONSE") {
      this.outbox.answer(message);
      // Also one that nobody waits for any more: it need not come again, and others wait behind it.
      if (!isPeer) this.#acknowledge(message);
      return;
    }
    if (message.type === "ERROR") {
      this.outbox.error(message);
      return;
    }
    if (isPeer && message.type === "EVENT" && this.outbox.event(message)) return;
    const news = houseNews(message);
    if (news !== undefined) this.#emitter.emit(news.name, news.event);
    if (!isPeer || message.type === "EVENT") this.inbox.take(message);
  }

  #acknowledge({ messageId }: Message): void {
    const ack = createMessage(
      "MESSAGE_ACK",
      { messageId, success: true },
      { from: this.#clientId, inReplyTo: messageId },
    );
    this.#line.send(JSON.stringify(ack));
  }

  async #sent(message: Message, options: SendOptions): Promise<Sent> {
    const { until: delivery = "taken" } = options;
    const outcome = await this.#exchange(message, { delivery }, options, SEND_WITHIN_MS);
    if ("payload" in outcome) throw noAnswer("message");
    return outcome;
  }

  async #exchange(
    message: Message,
    awaited: Parameters<Outbox["send"]>[1],
    { signal, timeoutMs }: CallOptions,
    withinMs: number,
  ): ReturnType<Outbox["send"]> {
    const over: unknown = this.#over.reason;
    if (this.#over.aborted && over instanceof ParleyError) throw over;
    const timeout = AbortSignal.timeout(timeoutOf(timeoutMs ?? withinMs));
    const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
    return this.outbox.send(message, awaited, either, `${message.type === "EVENT" ? "an" : "a"} ${message.type}`);
  }

  /** What a listener throws is its own: the connection is not to suffer for it. */
  #told(onEvent: (event: ProgressEvent) => unknown, event: ProgressEvent): void {
    try {
      onEvent(event);
    } catch (error) {
      this.#onError(error);
    }
  }

  #cancel(commandId: string): void {
    const payload = { command: "cancel", parameters: { commandId } };
    if (this.#line.isUp) this.#line.send(JSON.stringify(createMessage("COMMAND", payload, this.#head(undefined, {}))));
  }

  #head(target: Target | undefined, options: SendOptions): MessageOptions {
    const { priority, expiresInMs, correlationId, inReplyTo } = options;
    const expiresAt = expiresInMs === undefined ? undefined : Date.now() + expiresInMs;
    return { from: this.#clientId, target, priority, expiresAt, correlationId, inReplyTo };
  }
}

/** Asks who listens to questions; one of them may answer. */
async function open(query: IncomingQuery, emitter: Emitter<ClientEvents>): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const late = setTimeout(() => reject(new MessageRefused("nobody has answered")), ANSWER_WITHIN_MS);
  const asked: OpenQuery = { ...query, respond: resolve, refuse: (why) => reject(new MessageRefused(why)) };
  emitter.emit("query", asked);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
  }
}

function noAnswer(what: string): ParleyError {
  return new ParleyError("protocol", `what came back is no answer to a ${what}`, {
    nextStep: "Check that peer and client are of the same major version.",
  });
}
