/** Many clients of one peer, each a bare WebSocket that speaks the protocol: what the peer costs, not what an SDK does. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { createMessage, parseMessage, type Message, type Payload } from "@parley/sdk";

/** Where they connect, and with what. */
export interface Door {
  /** Such as `ws://127.0.0.1:8765/ws`. */
  readonly url: string;
  readonly token: string;
}

const ANSWER_MS = 60_000;

/** One client: it is asked one thing at a time by `ask`, and takes what others send. */
export class BareClient {
  readonly clientId: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, PromiseWithResolvers<Message>>();
  /** Called with each MESSAGE that comes. */
  onMessage: ((message: Message) => void) | undefined;
  welcome: Payload<"REGISTER_ACK"> | undefined;

  private constructor(socket: WebSocket, clientId: string) {
    this.#socket = socket;
    this.clientId = clientId;
    socket.on("message", (data: Buffer) => this.#receive(data.toString()));
    socket.on("close", (code, reason) => this.#end(new Error(`${clientId} was closed: ${code} ${reason.toString()}`)));
    socket.on("error", (error) => this.#end(error));
  }

  /** Connects, and is welcomed. */
  static async enter({ url, token }: Door, clientId: string, resumeToken?: string): Promise<BareClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await once(socket, "open");
    const client = new BareClient(socket, clientId);
    const proof = resumeToken === undefined ? { authToken: token } : { resumeToken };
    const capabilities = { features: ["ack"] };
    const register = createMessage(
      "REGISTER",
      { clientId, clientType: "api", capabilities, ...proof },
      { from: clientId },
    );
    const ack = await client.ask(register);
    if (ack.type !== "REGISTER_ACK") throw new Error(`${clientId} was not let in: ${JSON.stringify(ack.payload)}`);
    client.welcome = ack.payload;
    return client;
  }

  /** The first answer to `message`. */
  async ask(message: Message): Promise<Message> {
    const answered = Promise.withResolvers<Message>();
    this.#waiting.set(message.messageId, answered);
    const late = setTimeout(() => answered.reject(new Error(`${message.type} was not answered`)), ANSWER_MS);
    this.send(message);
    return answered.promise.finally(() => {
      clearTimeout(late);
      this.#waiting.delete(message.messageId);
    });
  }

  send(message: Message): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** A control message and its answer; in how many milliseconds. */
  async beat(): Promise<number> {
    const startedMs = performance.now();
    const answer = await this.ask(
      createMessage("HEARTBEAT", { timestamp: Date.now(), status: "active" }, { from: this.clientId }),
    );
    if (answer.type !== "HEARTBEAT_ACK")
      throw new Error(`a heartbeat was answered with ${JSON.stringify(answer.payload)}`);
    return performance.now() - startedMs;
  }

  async leave(): Promise<void> {
    this.#socket.terminate();
    if (this.#socket.readyState !== this.#socket.CLOSED) await once(this.#socket, "close");
  }

  #receive(text: string): void {
    const parsed = parseMessage(text);
    if (!parsed.ok) return this.#end(new Error(parsed.reason));
    const { message } = parsed;
    if (message.type === "MESSAGE") this.onMessage?.(message);
    this.#waiting.get(message.inReplyTo ?? "")?.resolve(message);
  }

  #end(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
  }
}

/** So many of them, `atOnce` under way at a time. */
export async function gather(door: Door, names: readonly string[], atOnce = 64): Promise<readonly BareClient[]> {
  const clients: BareClient[] = [];
  const left = names.values();
  const enter = async (): Promise<void> => {
    for (const name of left) clients.push(await BareClient.enter(door, name));
  };
  await Promise.all(Array.from({ length: atOnce }, enter));
  return clients;
}

export async function disperse(clients: readonly BareClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.leave()));
}

export function namesOf(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, number) => `${prefix}-${number + 1}`);
}
