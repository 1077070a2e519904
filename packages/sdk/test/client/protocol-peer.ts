/** A small server that speaks the protocol over real sockets, for what is tested of the client alone: no peer of a house. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocketServer, type RawData, type WebSocket as ServerSocket } from "ws";
import {
  connect,
  createMessage,
  decodeAudioFrame,
  parseMessage,
  SERVER_ID,
  type AudioFrame,
  type ConnectOptions,
  type Message,
  type MessageOf,
  type ParleyClient,
  type Payload,
} from "../../src/index.ts";

/** One client's connection, as the server has it. */
export interface Guest {
  readonly socket: ServerSocket;
  readonly register: MessageOf<"REGISTER">;
  /** All that came, but for heartbeats. */
  readonly messages: Message[];
  readonly frames: AudioFrame[];
  say(message: Message): void;
  event(commandId: string, eventType: string, eventData?: Record<string, unknown>): void;
  result(commandId: string, result?: Record<string, unknown>): void;
  respond(queryId: string, data: unknown): void;
  refuse(inReplyTo: string, errorCode: Payload<"ERROR">["errorCode"], retryable?: boolean): void;
}

/** How the server behaves. */
export interface Manner {
  readonly name?: string;
  /** Undefined: everybody is let in. */
  readonly admits?: (register: Payload<"REGISTER">) => boolean;
  readonly resumeToken?: string;
  readonly echo?: boolean;
  /** It goes on with what was cut at another. */
  readonly resume?: boolean;
  /** It takes connections, and says nothing on them. */
  readonly isMute?: boolean;
  readonly answersHeartbeats?: () => boolean;
  readonly onMessage?: (message: Message, guest: Guest) => void;
  readonly onFrame?: (frame: AudioFrame, guest: Guest) => void;
  readonly onRegister?: (guest: Guest) => void;
}

const PEER = { from: SERVER_ID };

export class ProtocolPeer {
  readonly url: string;
  readonly guests: Guest[] = [];
  readonly registers: Payload<"REGISTER">[] = [];
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #manner: Manner;

  constructor(http: Server, url: string, manner: Manner) {
    this.#http = http;
    this.url = url;
    this.#manner = manner;
    this.#sockets = new WebSocketServer({ server: http });
    this.#sockets.on("connection", (socket) => this.#serve(socket));
  }

  static start(manner: Manner = {}): Promise<ProtocolPeer> {
    return ProtocolPeer.startAt(0, manner);
  }

  static async startAt(port: number, manner: Manner = {}): Promise<ProtocolPeer> {
    const http = createServer();
    http.listen(port, "127.0.0.1");
    await once(http, "listening");
    const address = http.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const peer = new ProtocolPeer(http, `ws://127.0.0.1:${address.port}/ws`, manner);
    onTestFinished(() => peer.die());
    return peer;
  }

  /** The last client that came. */
  get guest(): Guest {
    const guest = this.guests.at(-1);
    if (guest === undefined) throw new Error("nobody has come");
    return guest;
  }

  /** As one that is killed: sockets are reset, the port is closed. */
  die(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.close();
  }

  /** As one that stops. */
  stop(): void {
    for (const socket of this.#sockets.clients) socket.close(1001, "the peer is stopping");
    this.#http.close();
  }

  #serve(socket: ServerSocket): void {
    let guest: Guest | undefined;
    socket.on("error", () => socket.terminate());
    socket.on("message", (data, isBinary) => {
      if (isBinary) {
        const frame = decodeAudioFrame(bytesOf(data));
        if (typeof frame === "string" || guest === undefined) throw new Error("a wrong frame");
        guest.frames.push(frame);
        this.#manner.onFrame?.(frame, guest);
        return;
      }
      const parsed = parseMessage(new TextDecoder().decode(bytesOf(data)));
      if (!parsed.ok) throw new Error(parsed.reason);
      const { message } = parsed;
      if (message.type === "REGISTER") guest = this.#register(message, socket);
      else if (message.type === "HEARTBEAT") this.#beat(message, socket);
      else if (guest !== undefined) {
        guest.messages.push(message);
        this.#manner.onMessage?.(message, guest);
      }
    });
  }

  #register(register: MessageOf<"REGISTER">, socket: ServerSocket): Guest | undefined {
    const { admits, resumeToken, echo, resume: resumes, name = "kitchen", onRegister } = this.#manner;
    this.registers.push(register.payload);
    if (this.#manner.isMute === true) return undefined;
    const say = (message: Message): void => socket.send(JSON.stringify(message));
    if (admits?.(register.payload) === false) {
      const payload = { errorCode: "AUTHENTICATION_FAILED" as const, errorMessage: "wrong token", retryable: false };
      say(createMessage("ERROR", payload, { ...PEER, inReplyTo: register.messageId }));
      socket.close(4401);
      return undefined;
    }
    const said = { ...(echo === undefined ? {} : { echo }), ...(resumes === undefined ? {} : { resume: resumes }) };
    const capabilities = { streaming: true, binary: true, groups: true, ...said };
    const serverInfo = { peerId: name, name, version: "1", capabilities };
    const resume = resumeToken === undefined ? {} : { resumeToken };
    say(createMessage("REGISTER_ACK", { success: true, sessionId: "s", serverInfo, ...resume }, PEER));
    const guest = guestOf(socket, register);
    this.guests.push(guest);
    onRegister?.(guest);
    return guest;
  }

  #beat({ payload: { timestamp }, messageId }: MessageOf<"HEARTBEAT">, socket: ServerSocket): void {
    if (this.#manner.answersHeartbeats?.() === false) return;
    const payload = { timestamp, serverTime: Date.now() };
    socket.send(JSON.stringify(createMessage("HEARTBEAT_ACK", payload, { ...PEER, inReplyTo: messageId })));
  }
}

function guestOf(socket: ServerSocket, register: MessageOf<"REGISTER">): Guest {
  const say = (message: Message): void => socket.send(JSON.stringify(message));
  return {
    socket,
    register,
    messages: [],
    frames: [],
    say,
    event: (commandId, eventType, eventData = {}) =>
      say(createMessage("EVENT", { eventType, eventData, timestamp: Date.now() }, { ...PEER, inReplyTo: commandId })),
    result: (commandId, result) =>
      say(
        createMessage(
          "COMMAND_RESULT",
          { commandId, success: true, ...(result === undefined ? {} : { result }) },
          PEER,
        ),
      ),
    respond: (queryId, data) =>
      say(createMessage("RESPONSE", { queryId, success: true, data, processingTime: 1 }, PEER)),
    refuse: (inReplyTo, errorCode, retryable = false) =>
      say(createMessage("ERROR", { errorCode, errorMessage: "not so", retryable }, { ...PEER, inReplyTo })),
  };
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/** Accepts TCP, and says nothing. */
export async function silentServer(): Promise<{ readonly url: string; readonly server: TcpServer }> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `ws://127.0.0.1:${address.port}/ws`, server };
}

/** An address at which nobody is. */
export async function deadUrl(): Promise<string> {
  const { url, server } = await silentServer();
  server.close();
  await once(server, "close");
  return url;
}

/** Quick to notice, and to try again. */
export const QUICK = { firstPauseMs: 20, mostPauseMs: 100, heartbeatMs: 50, silentMs: 400, learn: false } as const;

/** A client that ends with the test. */
export async function clientOf(
  peers: readonly (ProtocolPeer | string)[],
  options: Partial<ConnectOptions> = {},
): Promise<ParleyClient> {
  const urls = peers.map((peer) => (typeof peer === "string" ? peer : peer.url));
  const client = await connect({ peers: urls, token: "t", reconnect: QUICK, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** The parameters of a command that came. */
export function commandOf(message: Message | undefined): {
  id: string;
  command: string;
  parameters: Record<string, unknown>;
} {
  if (message?.type !== "COMMAND") throw new Error(`no command: ${JSON.stringify(message)}`);
  const { command, parameters } = message.payload;
  return { id: message.messageId, command, parameters };
}

/** All events, and how it ended. */
export async function follow<T>(events: AsyncIterable<T>): Promise<{ readonly events: T[]; readonly error: unknown }> {
  const seen: T[] = [];
  try {
    for await (const event of events) seen.push(event);
    return { events: seen, error: undefined };
  } catch (error) {
    return { events: seen, error };
  }
}
