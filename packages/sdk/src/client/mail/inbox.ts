/**
 * What comes from other clients. It is acknowledged once its handlers have finished; what comes again meanwhile, or afterwards, over
 * whatever peer, is not handled again.
 */
import { SeenMessages } from "../../protocol/delivery.ts";
import { createMessage, type Message, type MessageOf, type Payload } from "../../protocol/envelope.ts";
import { DEFAULT_PRIORITY } from "../../protocol/limits.ts";
import { MessageRefused } from "./mail.ts";
import type { IncomingCommand, IncomingEvent, IncomingMessage, IncomingQuery } from "./mail.ts";

/** Messages that wait until somebody listens. */
const MOST_WAITING = 256;
/** Messages that are being handled, or wait for the one before. */
const MOST_BEGUN = 1_024;
/** Answers that may have to be given again. */
const ANSWERS_KEPT = 256;

/** A handler of another client's command; what it returns is the result. */
export type CommandHandler = (
  command: IncomingCommand,
) => Readonly<Record<string, unknown>> | void | Promise<Readonly<Record<string, unknown>> | void>;
/** A handler of another client's question; what it returns is the answer. */
export type QueryHandler = (query: IncomingQuery) => unknown;

/** What the inbox needs of the client. */
export interface InboxGround {
  readonly clientId: string;
  send(text: string): void;
  reply(to: IncomingMessage, ...rest: Parameters<IncomingMessage["reply"]>): ReturnType<IncomingMessage["reply"]>;
  /** Those who are told of messages, and of events. */
  messageListeners(): readonly ((message: IncomingMessage) => unknown)[];
  eventListeners(): readonly ((event: IncomingEvent) => unknown)[];
  /** Answers a question for which no handler is there; undefined: nobody does. */
  queryListener(query: IncomingQuery): (() => Promise<unknown>) | undefined;
  onError(error: unknown): void;
}

type Failure = NonNullable<Payload<"MESSAGE_ACK">["error"]>;

export class Inbox {
  readonly #ground: InboxGround;
  readonly #seen = new SeenMessages();
  readonly #answers = new Map<string, string>();
  readonly #commands = new Map<string, CommandHandler>();
  readonly #queries = new Map<string, QueryHandler>();
  /** The end of what is being handled, by sender: one message after the other. */
  readonly #order = new Map<string, Promise<void>>();
  #waiting: (MessageOf<"MESSAGE"> | MessageOf<"BROADCAST">)[] = [];
  #begun = 0;

  constructor(ground: InboxGround) {
    this.#ground = ground;
  }

  onCommand(name: string, handler: CommandHandler): () => void {
    return register(this.#commands, name, handler);
  }

  onQuery(name: string, handler: QueryHandler): () => void {
    return register(this.#queries, name, handler);
  }

  /** Somebody listens to messages now: those that waited are theirs. */
  listened(): void {
    for (const message of this.#waiting.splice(0)) this.#enqueue(message);
  }

  /** Takes what is from another client. @returns whether it was */
  take(message: Message): boolean {
    switch (message.type) {
      case "MESSAGE":
      case "BROADCAST":
      case "EVENT":
      case "COMMAND":
      case "QUERY":
        break;
      default:
        return false;
    }
    const state = this.#seen.receive(message.messageId);
    if (state === "finished") this.#again(message);
    if (state !== "new") return true;
    // What has no room comes again.
    if (this.#begun >= MOST_BEGUN) this.#seen.forget(message.messageId);
    else if (message.type === "COMMAND") void this.#counted(() => this.#command(message));
    else if (message.type === "QUERY") void this.#counted(() => this.#query(message));
    else if (message.type === "EVENT") void this.#counted(() => this.#event(message));
    else if (this.#ground.messageListeners().length > 0) this.#enqueue(message);
    else this.#keep(message);
    return true;
  }

  async #counted(handle: () => Promise<void>): Promise<void> {
    this.#begun += 1;
    try {
      await handle();
    } finally {
      this.#begun -= 1;
    }
  }

  /** Nobody listens yet: it waits, and is not acknowledged. */
  #keep(message: MessageOf<"MESSAGE"> | MessageOf<"BROADCAST">): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(message);
    else this.#seen.forget(message.messageId);
  }

  #enqueue(message: MessageOf<"MESSAGE"> | MessageOf<"BROADCAST">): void {
    const { clientId } = message.source;
    const before = this.#order.get(clientId) ?? Promise.resolve();
    const now = this.#counted(() => before.then(() => this.#handle(message)));
    this.#order.set(clientId, now);
    void now.then(() => {
      if (this.#order.get(clientId) === now) this.#order.delete(clientId);
    });
  }

  async #handle(message: MessageOf<"MESSAGE"> | MessageOf<"BROADCAST">): Promise<void> {
    const incoming = this.#incoming(message);
    await this.#acknowledged(message, async () => {
      const listeners = this.#ground.messageListeners();
      await Promise.all(listeners.map(async (listener) => listener(incoming)));
    });
  }

  async #event(message: MessageOf<"EVENT">): Promise<void> {
    const { eventType: type, eventData: data } = message.payload;
    const event: IncomingEvent = { ...headOf(message), type, data };
    await this.#acknowledged(message, async () => {
      await Promise.all(this.#ground.eventListeners().map(async (listener) => listener(event)));
    });
  }

  /** A handler that fails is one that has not handled it: it comes again. One that refuses has had enough of it. */
  async #acknowledged(message: Message, handle: () => Promise<void>): Promise<void> {
    try {
      await handle();
      this.#acknowledge(message, undefined);
    } catch (error) {
      if (error instanceof MessageRefused) return this.#acknowledge(message, failureOf(error));
      this.#seen.forget(message.messageId);
      this.#ground.onError(error);
    }
  }

  #acknowledge(message: Message, error: Failure | undefined): void {
    const { messageId, target } = message;
    this.#seen.finish(messageId);
    // What went to a channel or to all is not asked for.
    if (target === undefined || !("clientId" in target || "group" in target)) return;
    const payload = { messageId, success: error === undefined, ...(error === undefined ? {} : { error }) };
    const head = { from: this.#ground.clientId, inReplyTo: messageId };
    this.#answer(messageId, JSON.stringify(createMessage("MESSAGE_ACK", payload, head)));
  }

  async #command(message: MessageOf<"COMMAND">): Promise<void> {
    const { command, parameters } = message.payload;
    const handler = this.#commands.get(command);
    const commandId = message.messageId;
    const reply = (payload: Omit<Payload<"COMMAND_RESULT">, "commandId">): void =>
      this.#reply(message, "COMMAND_RESULT", { commandId, ...payload });
    if (handler === undefined) return reply({ success: false, error: unknown("command", command) });
    try {
      const result = await handler({ ...headOf(message), command, parameters });
      reply({ success: true, ...(typeof result === "object" ? { result } : {}) });
    } catch (error) {
      reply({ success: false, error: failureOf(error) });
      if (!(error instanceof MessageRefused)) this.#ground.onError(error);
    }
  }

  async #query(message: MessageOf<"QUERY">): Promise<void> {
    const { queryType, query, limit, filter } = message.payload;
    const startedMs = performance.now();
    const queryId = message.messageId;
    const reply = (payload: Omit<Payload<"RESPONSE">, "queryId" | "processingTime">): void =>
      this.#reply(message, "RESPONSE", { queryId, processingTime: performance.now() - startedMs, ...payload });
    const incoming: IncomingQuery = { ...headOf(message), queryType, query, limit, filter };
    const handler = this.#queries.get(queryType);
    const answer = handler === undefined ? this.#ground.queryListener(incoming) : () => handler(incoming);
    if (answer === undefined) return reply({ success: false, error: unknown("query", queryType) });
    try {
      const data: unknown = await answer();
      reply({ success: true, data });
    } catch (error) {
      reply({ success: false, error: failureOf(error) });
      if (!(error instanceof MessageRefused)) this.#ground.onError(error);
    }
  }

  #reply<T extends "COMMAND_RESULT" | "RESPONSE">(to: Message, type: T, payload: Payload<T>): void {
    const { messageId, source, correlationId } = to;
    const head = { from: this.#ground.clientId, target: { clientId: source.clientId }, inReplyTo: messageId };
    this.#seen.finish(messageId);
    this.#answer(messageId, JSON.stringify(createMessage(type, payload, { ...head, correlationId })));
  }

  #answer(messageId: string, text: string): void {
    this.#answers.set(messageId, text);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > ANSWERS_KEPT && oldest !== undefined) this.#answers.delete(oldest);
    this.#ground.send(text);
  }

  /** The answer did not arrive, or was not told on. */
  #again(message: Message): void {
    const text = this.#answers.get(message.messageId);
    if (text !== undefined) this.#ground.send(text);
    else this.#acknowledge(message, undefined);
  }

  #incoming(message: MessageOf<"MESSAGE"> | MessageOf<"BROADCAST">): IncomingMessage {
    const { payload } = message;
    const isMessage = message.type === "MESSAGE";
    const incoming: IncomingMessage = {
      ...headOf(message),
      channel: "channel" in payload ? payload.channel : undefined,
      content: payload.content,
      contentType: payload.contentType ?? "text/plain",
      attachments: (isMessage ? message.payload.attachments : undefined) ?? [],
      threadId: isMessage ? message.payload.threadId : undefined,
      context: isMessage ? message.payload.context : undefined,
      reply: (...rest) => this.#ground.reply(incoming, ...rest),
    };
    return incoming;
  }
}

function headOf({ messageId, source, target, priority, timestamp, correlationId, inReplyTo }: Message) {
  return {
    id: messageId,
    from: source.clientId,
    to: target,
    priority: priority ?? DEFAULT_PRIORITY,
    timestamp,
    correlationId,
    inReplyTo,
  };
}

function register<H>(handlers: Map<string, H>, name: string, handler: H): () => void {
  if (handlers.has(name)) throw new RangeError(`there is a handler for ${name} already`);
  handlers.set(name, handler);
  return () => void handlers.delete(name);
}

/** What the asker is told; what else the error holds is this program's own matter. */
function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const nextStep = error instanceof MessageRefused ? error.nextStep : "Look at the log of the client that was asked.";
  return { code: error instanceof MessageRefused ? "refused" : "failed", message, nextStep };
}

function unknown(what: "command" | "query", name: string): Failure {
  return {
    code: `unknown-${what}`,
    message: `this client knows no ${what} ${name}`,
    nextStep: "Look at what that client offers.",
  };
}
