/** One client's WebSocket, from REGISTER to close. */
import type { RawData, WebSocket } from "ws";
import type { Logger } from "pino";
import {
  commandNames,
  createMessage,
  decodeAudioFrame,
  parseMessage,
  requestSchema,
  SERVER_ID,
  type Message,
  type MessageOf,
  type Payload,
  type ProtocolErrorCode,
  type TalkEvent,
  type WorkEvent,
} from "@parley/sdk";
import { withCorrelation } from "../log.ts";
import type { Services } from "../services/services.ts";
import { Session } from "../services/session.ts";
import { failureOf } from "../services/stage.ts";
import { sameToken } from "./guard.ts";
import { Outbox } from "./outbox.ts";
import { Work, type StreamingCommand } from "./work.ts";

/** What the connection needs of the peer. */
export interface ConnectionDeps {
  readonly services: Services;
  readonly token: string;
  readonly serverInfo: Payload<"REGISTER_ACK">["serverInfo"];
  readonly status: () => Record<string, unknown>;
  readonly log: Logger;
}

/** Time for the first message. */
const REGISTER_WITHIN_MS = 10_000;
/** Pieces of work a client may have running. */
const MAX_WORK = 8;
/** Messages that may be under way, running work included. */
const MAX_PENDING = 64;

/** WebSocket close codes, RFC 6455 section 7.4.1 and the private range. */
const CLOSE_PROTOCOL = 1002;
const CLOSE_UNAUTHENTICATED = 4401;

/** Serves one client until its socket closes; then all its work is cancelled. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #deps: ConnectionDeps;
  readonly #users: Set<Connection>;
  readonly #outbox: Outbox;
  readonly #session: Session;
  readonly #sessionId = crypto.randomUUID();
  readonly #byCommand = new Map<string, Work>();
  readonly #byStream = new Map<number, Work>();
  #clientId: string | undefined;
  /** Reasons to read nothing more for now. */
  #holds = 0;
  #pending = 0;
  #hasWorked = false;

  /** @param users to which it belongs while this client makes use of the peer */
  constructor(socket: WebSocket, deps: ConnectionDeps, users: Set<Connection>) {
    this.#socket = socket;
    this.#deps = deps;
    this.#users = users;
    this.#outbox = new Outbox(socket);
    this.#session = new Session(deps.services);
    const late = setTimeout(() => {
      void this.#refuse("AUTHENTICATION_FAILED", "no REGISTER came", undefined);
    }, REGISTER_WITHIN_MS);
    late.unref();
    socket.on("message", (data, isBinary) => {
      if (this.#clientId === undefined) clearTimeout(late);
      void this.#receive(data, isBinary);
    });
    socket.on("close", () => {
      clearTimeout(late);
      users.delete(this);
      for (const work of this.#byCommand.values()) work.cancel();
    });
    socket.on("error", (error) => deps.log.debug({ err: error, client: this.#clientId }, "client socket failed"));
  }

  /** Many messages under way, because their answers are not read, hold the client. */
  async #receive(data: RawData, isBinary: boolean): Promise<void> {
    this.#pending += 1;
    const isTooMany = this.#pending > MAX_PENDING;
    if (isTooMany) this.#pause();
    try {
      await this.#onMessage(data, isBinary);
    } catch (error) {
      this.#onDefect(error);
    } finally {
      this.#pending -= 1;
      if (isTooMany) this.#resume();
    }
  }

  async #onMessage(data: RawData, isBinary: boolean): Promise<void> {
    const bytes = toBytes(data);
    if (isBinary) return this.#onAudio(bytes);
    const parsed = parseMessage(new TextDecoder().decode(bytes));
    if (!parsed.ok) {
      const code = this.#clientId === undefined ? "AUTHENTICATION_FAILED" : "INVALID_MESSAGE";
      return this.#refuse(code, parsed.reason, parsed.messageId);
    }
    const { message } = parsed;
    if (message.type === "REGISTER") return this.#register(message);
    if (this.#clientId === undefined) {
      return this.#refuse("AUTHENTICATION_FAILED", "the first message must be REGISTER", message.messageId);
    }
    if (message.type === "COMMAND") return withCorrelation(message.messageId, () => this.#command(message));
    return this.#refuse("INVALID_MESSAGE", `a client does not send ${message.type}`, message.messageId);
  }

  async #register(message: MessageOf<"REGISTER">): Promise<void> {
    if (this.#clientId !== undefined) {
      return this.#refuse("INVALID_MESSAGE", "this connection is registered already", message.messageId);
    }
    if (!sameToken(message.payload.authToken ?? "", this.#deps.token)) {
      return this.#refuse("AUTHENTICATION_FAILED", "wrong token", message.messageId);
    }
    this.#clientId = message.payload.clientId;
    this.#users.add(this);
    this.#deps.log.debug({ client: this.#clientId, session: this.#sessionId }, "client registered");
    const payload = { success: true, sessionId: this.#sessionId, serverInfo: this.#deps.serverInfo };
    await this.#send(createMessage("REGISTER_ACK", payload, this.#head(message.messageId)));
  }

  async #command(message: MessageOf<"COMMAND">): Promise<void> {
    const parsed = requestSchema.safeParse(message.payload);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const known = `known commands are ${commandNames.join(", ")}`;
      const where = `${message.payload.command}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "invalid"}`;
      return this.#refuse("INVALID_MESSAGE", `${where}; ${known}`, message.messageId);
    }
    const request = parsed.data;
    switch (request.command) {
      case "cancel":
        this.#byCommand.get(request.parameters.commandId)?.cancel();
        return;
      case "input.end":
        this.#byCommand.get(request.parameters.commandId)?.endInput();
        return;
      case "status":
        // Who only looks how the peer fares makes no use of it.
        if (!this.#hasWorked) this.#users.delete(this);
        return this.#result(message.messageId, { success: true, result: this.#deps.status() });
      case "talk.key":
        this.#byCommand.get(request.parameters.commandId)?.key(request.parameters);
        return;
      case "talk.heard":
        this.#byCommand.get(request.parameters.commandId)?.heard(request.parameters);
        return;
      case "ask":
      case "listen":
      case "say":
      case "talk":
        return this.#run(message.messageId, request);
    }
  }

  async #run(commandId: string, request: StreamingCommand): Promise<void> {
    if (this.#byCommand.size >= MAX_WORK) {
      return this.#refuse("RATE_LIMIT_EXCEEDED", `${MAX_WORK} pieces of work are running`, commandId);
    }
    if (this.#byCommand.has(commandId)) {
      return this.#refuse("INVALID_MESSAGE", `a command with the id ${commandId} is running`, commandId);
    }
    const work = new Work(request);
    if (this.#byStream.has(work.stream)) {
      return this.#refuse("INVALID_MESSAGE", `stream ${work.stream} is in use`, commandId);
    }
    this.#hasWorked = true;
    this.#users.add(this);
    this.#byCommand.set(commandId, work);
    this.#byStream.set(work.stream, work);
    try {
      await work.run(this.#deps.services, this.#session, {
        event: (event) => this.#event(commandId, event),
        frame: (bytes) => this.#outbox.send(bytes),
      });
      await this.#result(commandId, { success: true });
    } catch (error) {
      const failure = failureOf(error);
      const level = failure.code === "internal" ? "error" : "info";
      this.#deps.log[level]({ err: error, client: this.#clientId, command: request.command }, "work failed");
      await this.#result(commandId, { success: false, error: failure });
    } finally {
      this.#byCommand.delete(commandId);
      this.#byStream.delete(work.stream);
    }
  }

  async #onAudio(bytes: Uint8Array): Promise<void> {
    if (this.#clientId === undefined) {
      return this.#refuse("AUTHENTICATION_FAILED", "the first message must be REGISTER", undefined);
    }
    const frame = decodeAudioFrame(bytes);
    if (typeof frame === "string") return this.#refuse("INVALID_MESSAGE", frame, undefined);
    // Frames of work that has just ended are still on their way: they are not an error.
    const work = this.#byStream.get(frame.stream);
    if (work === undefined) return;
    const wrong = work.check(frame);
    if (wrong !== undefined) {
      work.cancel();
      return this.#refuse("INVALID_MESSAGE", wrong, undefined);
    }
    if (!work.tryReceive(frame.samples)) await this.#hold(work.receive(frame.samples));
  }

  /** The client is held, through TCP, while `room` is waited for. */
  async #hold(room: Promise<void>): Promise<void> {
    this.#pause();
    await room;
    this.#resume();
  }

  #pause(): void {
    this.#holds += 1;
    this.#socket.pause();
  }

  #resume(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#socket.resume();
  }

  #event(commandId: string, event: WorkEvent | TalkEvent): Promise<void> {
    const { type, ...eventData } = event;
    const payload = { eventType: type, eventData, timestamp: Date.now() };
    return this.#send(createMessage("EVENT", payload, this.#head(commandId)));
  }

  #result(commandId: string, outcome: Omit<Payload<"COMMAND_RESULT">, "commandId">): Promise<void> {
    return this.#send(createMessage("COMMAND_RESULT", { commandId, ...outcome }, this.#head(commandId)));
  }

  /** Answers with an ERROR; before registration it also ends the connection. */
  async #refuse(errorCode: ProtocolErrorCode, errorMessage: string, inReplyTo: string | undefined): Promise<void> {
    const retryable = errorCode === "RATE_LIMIT_EXCEEDED" || errorCode === "INTERNAL_ERROR";
    await this.#send(createMessage("ERROR", { errorCode, errorMessage, retryable }, this.#head(inReplyTo)));
    if (errorCode === "AUTHENTICATION_FAILED") this.#socket.close(CLOSE_UNAUTHENTICATED, "authentication failed");
    else if (inReplyTo === undefined) this.#socket.close(CLOSE_PROTOCOL, "protocol error");
  }

  #onDefect(error: unknown): void {
    this.#deps.log.error({ err: error, client: this.#clientId }, "a message could not be handled");
    void this.#refuse("INTERNAL_ERROR", "the peer failed to handle a message; see its log", undefined);
  }

  #send(message: Message): Promise<void> {
    return this.#outbox.send(JSON.stringify(message));
  }

  #head(inReplyTo: string | undefined): { from: string; sessionId: string; inReplyTo: string | undefined } {
    return { from: SERVER_ID, sessionId: this.#sessionId, inReplyTo };
  }
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
