/**
 * One client's WebSocket, from REGISTER to close. Every message goes through the same stages, and the first that refuses it answers:
 * parsed, checked against its schema, its sender looked at (`authorise`), its target found, handed on, and written down where
 * it has to wait (`hub/`).
 */
import type { ClientSocket, SocketData } from "./client-socket.ts";
import type { Logger } from "pino";
import {
  ACKNOWLEDGES,
  commandNames,
  createMessage,
  PASSING,
  requestSchema,
  SERVER_ID,
  SIGNS,
  type Message,
  type MessageOf,
  type MessageOptions,
  type Payload,
  type Request,
} from "@parley/sdk";
import type { AppCommands } from "../extend/index.ts";
import { withCorrelation } from "../log.ts";
import type { SessionHouse } from "../services/session/house.ts";
import { isRemark, isWork } from "../services/session/wire.ts";
import type { Access, Pass, Whereabouts } from "./access-port.ts";
import { AppDesk, type AppSink } from "./app-desk.ts";
import { addresseeOf, costOf, deedOf, refusalOfMessage, wrongVersion } from "./authorise.ts";
import { CLOSE } from "./close-codes.ts";
import { Dialect, type Reading } from "./dialect/dialect.ts";
import type { Hub, Refused, Seat } from "./hub/hub.ts";
import type { InterimVoice } from "./interim.ts";
import { allowed, changed, keepToRights } from "./hub/belonging.ts";
import { isPost } from "./hub/post.ts";
import { SocketLine, toBytes } from "./line.ts";
import type { Queries } from "./queries.ts";
import { Refuser, type RefusalOptions } from "./refuser.ts";
import type { Leaver, SendingAway } from "./sending-away.ts";
import type { ClientSession, Sessions } from "./sessions/sessions.ts";
import { Visiting } from "./visiting.ts";
import { welcomeOf } from "./welcome.ts";

/** What the connection needs of the peer. */
export interface ConnectionDeps {
  /** Where its conversation is. */
  readonly conversations: Pick<SessionHouse, "open" | "newId">;
  readonly access: Access;
  readonly hub: Pick<Hub, "enter" | "ownerOf">;
  readonly sessions: Sessions;
  readonly queries: Pick<Queries, "answer">;
  readonly serverInfo: Payload<"REGISTER_ACK">["serverInfo"];
  readonly status: () => Record<string, unknown>;
  /** What the program that the peer is embedded in does for clients. */
  readonly commands?: AppCommands | undefined;
  /** Speaks on while a client's session is looked for. */
  readonly voice?: InterimVoice | undefined;
  /** Where clients go whose session has moved while this peer drains. */
  readonly away?: Pick<SendingAway, "tell"> | undefined;
  readonly isDraining?: (() => boolean) | undefined;
  readonly log: Logger;
}

/** Time for the first message. */
const REGISTER_WITHIN_MS = 10_000;
/** Messages that may be under way, running work included. */
const MAX_PENDING = 64;

/** A client that was let in. */
interface Guest {
  readonly clientId: string;
  readonly pass: Pass;
  readonly seat: Seat;
  /** It is not looked after any more. */
  readonly release: () => void;
  /** To its session. */
  readonly visiting: Visiting;
}

/** Serves one client until its socket closes; then all its work is cancelled, and its session waits for it. */
export class Connection implements Leaver {
  readonly #socket: ClientSocket;
  readonly #deps: ConnectionDeps;
  readonly #users: Set<Connection>;
  readonly #from: Whereabouts;
  readonly #dialect = new Dialect();
  readonly #line: SocketLine;
  readonly #refuser: Refuser;
  readonly #session: ClientSession;
  /** Of the program's own commands. */
  readonly #apps: AppDesk;
  #guest: Guest | undefined;
  /** Also while its session is looked for, and it is not let in yet. */
  #visiting: Visiting | undefined;
  #pending = 0;
  #hasWorked = false;

  /** @param users to which it belongs while this client makes use of the peer */
  constructor(socket: ClientSocket, deps: ConnectionDeps, users: Set<Connection>, from: Whereabouts) {
    this.#socket = socket;
    this.#deps = deps;
    this.#users = users;
    this.#from = from;
    this.#line = new SocketLine(socket, this.#dialect);
    this.#refuser = new Refuser(socket, this.#line, (inReplyTo) => this.#head(inReplyTo));
    this.#session = deps.sessions.open(() => socket.close(CLOSE.silent, "nothing was said for too long"));
    this.#apps = this.#appDesk();
    this.#listen();
  }

  get clientId(): string | undefined {
    return this.#guest?.clientId;
  }

  goAway(): void {
    this.#socket.close(CLOSE.goingAway, "the peer is draining");
  }

  #listen(): void {
    const { log } = this.#deps;
    const late = setTimeout(() => {
      void this.#refuse({ code: "AUTHENTICATION_FAILED", reason: "no REGISTER came" }, undefined);
    }, REGISTER_WITHIN_MS);
    late.unref();
    this.#socket.on("message", (data, isBinary) => {
      this.#line.heard();
      if (this.#guest === undefined) clearTimeout(late);
      void this.#receive(data, isBinary);
    });
    this.#socket.on("ping", () => this.#refuser.rest(this.#guest?.pass.charge({ reports: 1 })));
    this.#socket.on("close", (code, reason) => {
      clearTimeout(late);
      this.#ended(reason.toString() === "" ? `closed (${code})` : reason.toString());
    });
    this.#socket.on("error", (error) =>
      log.debug({ err: error, client: this.#guest?.clientId }, "client socket failed"),
    );
  }

  #ended(reason: string): void {
    this.#users.delete(this);
    this.#session.closed(reason);
    this.#guest?.release();
    this.#guest?.seat.leave(reason);
    this.#apps.close();
    this.#visiting?.close();
  }

  /** Many messages under way, because their answers are not read, hold the client. */
  async #receive(data: SocketData, isBinary: boolean): Promise<void> {
    if (this.#refuser.isOver) return;
    this.#pending += 1;
    const isTooMany = this.#pending > MAX_PENDING;
    if (isTooMany) this.#line.hold();
    try {
      await (isBinary ? this.#onAudio(toBytes(data)) : this.#onText(new TextDecoder().decode(toBytes(data))));
    } catch (error) {
      this.#onDefect(error);
    } finally {
      this.#pending -= 1;
      if (isTooMany) this.#line.release();
    }
  }

  async #onText(text: string): Promise<void> {
    const reading = this.#dialect.read(text);
    const guest = this.#guest;
    // Counted whatever becomes of it: to refuse takes its time as well.
    const waitMs = guest?.pass.charge(costOf(reading.kind === "message" ? reading.message : undefined));
    if (waitMs !== undefined) return this.#refuser.tooMuch(waitMs, reading);
    if (reading.kind !== "message") return this.#onWrong(reading);
    const { message } = reading;
    const { messageId } = message;
    if (message.type === "REGISTER") return this.#register(message);
    if (guest === undefined) return this.#refuse(UNREGISTERED, messageId);
    this.#heartbeatOrSaid(message);
    const refused = refusalOfMessage(message, guest.clientId, guest.pass);
    if (refused !== undefined) {
      if (refused.code === "AUTHORIZATION_DENIED") guest.pass.denied(deedOf(message), refused.reason);
      return this.#refuse(refused, messageId);
    }
    return withCorrelation(message.correlationId ?? messageId, async () => {
      try {
        await this.#handle(message, guest, text.length);
      } catch (error) {
        this.#deps.log.error(
          { err: error, client: guest.clientId, type: message.type },
          "a message could not be handled",
        );
        await this.#refuse(DEFECT, messageId);
      }
    });
  }

  /** What did not become a message: parse and schema. */
  #onWrong(reading: Exclude<Reading, { readonly kind: "message" }>): Promise<void> {
    if (reading.kind === "wrong") {
      const code = this.#guest === undefined ? "AUTHENTICATION_FAILED" : "INVALID_MESSAGE";
      return this.#refuse({ code, reason: reading.reason }, reading.messageId);
    }
    if (this.#guest === undefined) return this.#refuse(UNREGISTERED, undefined);
    return this.#refuse({ code: "DECRYPTION_FAILED", reason: "this peer shares no key with this session" }, undefined, {
      isFinal: false,
    });
  }

  /** Authenticates: who is let in may say everything else. */
  async #register(message: MessageOf<"REGISTER">): Promise<void> {
    const { payload, messageId } = message;
    const { clientId, clientType, capabilities = {}, groups = [], channels = [] } = payload;
    if (this.#visiting !== undefined) {
      return this.#refuse({ code: "INVALID_MESSAGE", reason: "this connection is registered already" }, messageId);
    }
    const wrong = wrongVersion(message) ?? (clientId === SERVER_ID ? "no client is called server" : undefined);
    if (wrong !== undefined) return this.#refuse({ code: "AUTHENTICATION_FAILED", reason: wrong }, messageId);
    const { access, hub, log, conversations, serverInfo } = this.#deps;
    const newSessionId = (): string => conversations.newId();
    const pass = access.authenticate({ register: payload, newSessionId, from: this.#from });
    if ("why" in pass) return this.#refuser.turnAway(pass, messageId);
    const taken = pass.refusalOfId(clientId, hub.ownerOf(clientId));
    if (taken !== undefined) return this.#refuse({ code: "AUTHENTICATION_FAILED", reason: taken }, messageId);
    const visiting = (this.#visiting = this.#visitingOf(pass, payload));
    const found = pass.session.continues === undefined ? undefined : await visiting.found();
    if (found !== undefined && "code" in found) {
      this.#visiting = undefined;
      return this.#refuse(found, messageId);
    }
    this.#line.maxBytes = capabilities.maxMessageSize;
    this.#line.acknowledges = capabilities.features?.includes(ACKNOWLEDGES) ?? false;
    if (capabilities.features?.includes(SIGNS) === true) this.#line.signOfLife = () => this.#heartbeatAck(Date.now());
    this.#users.add(this);
    const { id: sessionId, isNew } = pass.session;
    this.#session.registered({ clientId, clientType, sessionId });
    log.debug({ client: clientId, account: pass.account, session: sessionId }, "client registered");
    // What waits for it comes behind this.
    const welcomed = this.#line.send(
      createMessage("REGISTER_ACK", welcomeOf(pass, serverInfo, found), this.#head(messageId)),
    );
    const card = { clientId, account: pass.account, sessionId, clientType, ...allowed(pass, { groups, channels }) };
    const seat = hub.enter(card, this.#line, { isPassing: capabilities.features?.includes(PASSING) === true });
    const release = keepToRights(seat, pass, ({ reason, why }) => {
      void this.#refuse({ code: "AUTHENTICATION_FAILED", reason: why }, undefined, { details: { reason } });
    });
    this.#guest = { clientId, pass, seat, release, visiting };
    // What it was not there for is told now. A session that is new has nothing to say, and begins when it is asked something.
    if (!isNew) visiting.open();
    visiting.welcomed();
    await welcomed;
  }

  #heartbeatOrSaid(message: Message): void {
    if (message.type === "HEARTBEAT" && message.payload.status === "idle") this.#session.rested();
    else this.#session.said();
  }

  /** Finds the target and hands it on. */
  async #handle(message: Message, guest: Guest, chars: number): Promise<void> {
    if (message.type === "MESSAGE_ACK") {
      const { payload } = message;
      return guest.visiting.acknowledge(payload.messageId) ? undefined : guest.seat.acknowledge(payload);
    }
    if (message.type === "HEARTBEAT") return this.#heartbeat(message);
    if (!isPost(message)) throw new TypeError(`${message.type} was let through`);
    const isForPeer = addresseeOf(message).kind === "peer";
    if (isForPeer && message.type === "COMMAND") return this.#command(message, guest);
    if (isForPeer && message.type === "QUERY") return this.#query(message, guest);
    if (isForPeer && message.type === "MESSAGE") {
      this.#works();
      return guest.visiting.push({ type: "question", message });
    }
    const refused = await guest.seat.deliver(message, chars);
    if (refused !== undefined) return this.#refuse(refused, message.messageId);
  }

  async #command(message: MessageOf<"COMMAND">, guest: Guest): Promise<void> {
    if (this.#apps.knows(message.payload.command)) {
      const refusal = await this.#apps.run(message, { id: guest.clientId, account: guest.pass.account });
      return refusal === undefined ? undefined : this.#refuse(refusal, message.messageId);
    }
    // Begun without a pause: the sound behind the command may have come in the same packet, and is not to find it unknown.
    const parsed = requestSchema.safeParse(message.payload);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const known = `known commands are ${[...commandNames, ...this.#apps.names].join(", ")}`;
      const where = `${message.payload.command}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "invalid"}`;
      return this.#refuse({ code: "INVALID_MESSAGE", reason: `${where}; ${known}` }, message.messageId);
    }
    const refused = await this.#carryOut(message, parsed.data, guest);
    if (refused !== undefined) return this.#refuse(refused, message.messageId);
  }

  async #carryOut(
    { messageId: commandId, correlationId }: MessageOf<"COMMAND">,
    request: Request,
    guest: Guest,
  ): Promise<Refused | undefined> {
    const { seat, pass, visiting } = guest;
    if (isWork(request)) {
      this.#works();
      await visiting.push({ type: "command", commandId, correlationId, request });
      return undefined;
    }
    if (isRemark(request)) {
      if (request.command === "cancel") this.#apps.cancel(request.parameters.commandId);
      await visiting.remark(request);
      return undefined;
    }
    switch (request.command) {
      case "status":
        // Who only looks how the peer fares makes no use of it.
        if (!this.#hasWorked) this.#users.delete(this);
        await this.#result(commandId, { success: true, result: this.#deps.status() });
        return undefined;
      case "join":
      case "leave": {
        const { groups = [], channels = [] } = request.parameters;
        const denied = groups.map((id) => pass.refusalOf({ type: "COMMAND", name: "join", to: { kind: "group", id } }));
        const why = request.command === "join" ? denied.find((each) => each !== undefined) : undefined;
        if (why !== undefined) return { code: "AUTHORIZATION_DENIED", reason: why };
        seat.belong(changed(seat, request.command, { groups, channels }));
        const { groups: now, channels: heard } = seat;
        await this.#result(commandId, { success: true, result: { groups: now, channels: heard } });
        return undefined;
      }
    }
  }

  async #query(message: MessageOf<"QUERY">, { pass, clientId }: Guest): Promise<void> {
    const startedMs = performance.now();
    const answer = await this.#deps.queries.answer(message.payload, { account: pass.account, clientId });
    if ("errorCode" in answer) {
      const { errorCode: code, errorMessage: reason, details } = answer;
      return this.#refuse({ code, reason }, message.messageId, { details });
    }
    const processingTime = Math.max(0, performance.now() - startedMs);
    const payload = { queryId: message.messageId, processingTime, ...answer };
    return this.#line.send(createMessage("RESPONSE", payload, this.#head(message.messageId)));
  }

  #heartbeat({ messageId, payload: { timestamp } }: MessageOf<"HEARTBEAT">): Promise<void> {
    return this.#line.send(this.#heartbeatAck(timestamp, messageId));
  }

  #heartbeatAck(timestamp: number, inReplyTo?: string): Message {
    return createMessage("HEARTBEAT_ACK", { timestamp, serverTime: Date.now() }, this.#head(inReplyTo));
  }

  async #onAudio(bytes: Uint8Array): Promise<void> {
    if (this.#guest === undefined) return this.#refuse(UNREGISTERED, undefined);
    this.#session.said();
    const { pass, visiting } = this.#guest;
    // It is here already, and heard in its order; what is behind it comes when that was due.
    const waitMs = pass.charge({ audioBytes: bytes.byteLength });
    if (waitMs !== undefined) this.#line.rest(waitMs);
    const wrong = await visiting.audio(bytes);
    if (wrong !== undefined) return this.#refuse({ code: "INVALID_MESSAGE", reason: wrong }, undefined);
  }

  /** It makes use of the peer. */
  #works(): void {
    this.#hasWorked = true;
    this.#users.add(this);
  }

  #appDesk(): AppDesk {
    const { commands, log } = this.#deps;
    const sink: AppSink = {
      tell: (commandId, eventType, data) => {
        const payload = { eventType, eventData: { ...data }, timestamp: Date.now() };
        return this.#line.send(createMessage("EVENT", payload, this.#head(commandId)));
      },
      result: (commandId, outcome) => this.#result(commandId, outcome),
    };
    return new AppDesk(commands, sink, log);
  }

  #visitingOf(pass: Pass, register: Payload<"REGISTER">): Visiting {
    const { conversations, voice, log } = this.#deps;
    return new Visiting({
      conversations,
      voice,
      log,
      pass,
      register,
      line: this.#line,
      refuse: (refused, inReplyTo) => this.#refuse(refused, inReplyTo),
      mayStay: () => this.#deps.isDraining?.() !== true,
      hangUp: (code, reason) => {
        const { away, isDraining } = this.#deps;
        if (code === CLOSE.moved && away !== undefined && isDraining?.() === true) away.tell(this);
        else this.#socket.close(code, reason);
      },
    });
  }

  #result(commandId: string, outcome: Omit<Payload<"COMMAND_RESULT">, "commandId">): Promise<void> {
    return this.#line.send(createMessage("COMMAND_RESULT", { commandId, ...outcome }, this.#head(commandId)));
  }

  #refuse(refused: Refused, inReplyTo: string | undefined, options?: RefusalOptions): Promise<void> {
    return this.#refuser.refuse(refused, inReplyTo, options);
  }

  #onDefect(error: unknown): void {
    this.#deps.log.error({ err: error, client: this.#guest?.clientId }, "a message could not be handled");
    void this.#refuse(DEFECT, undefined);
  }

  #head(inReplyTo: string | undefined): MessageOptions {
    return { from: SERVER_ID, sessionId: this.#session.sessionId, inReplyTo };
  }
}

const UNREGISTERED: Refused = { code: "AUTHENTICATION_FAILED", reason: "the first message must be REGISTER" };
const DEFECT: Refused = { code: "INTERNAL_ERROR", reason: "the peer failed to handle a message; see its log" };
