/** A client as it speaks over the socket, for what the SDK does not show. */
import { WebSocket } from "ws";
import { createMessage, parseMessage, type Message, type MessageOf, type Payload } from "@parley/sdk";

export class SocketClient {
  readonly messages: Message[] = [];
  readonly #socket: WebSocket;
  readonly #clientId: string;

  private constructor(socket: WebSocket, clientId: string) {
    this.#socket = socket;
    this.#clientId = clientId;
    socket.on("message", (data, isBinary) => {
      const parsed = isBinary || !Buffer.isBuffer(data) ? undefined : parseMessage(data.toString("utf8"));
      if (parsed?.ok === true) this.messages.push(parsed.message);
    });
  }

  /** Connects and registers. @throws Error when it is not let in */
  static async enter(url: string, token: string, more: Partial<Payload<"REGISTER">> = {}): Promise<SocketClient> {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws`);
    const { clientId = "phone" } = more;
    const client = new SocketClient(socket, clientId);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    const payload = { clientId, authToken: token, clientType: "api" as const, ...more };
    client.#send(createMessage("REGISTER", payload, { from: clientId }));
    await client.next("REGISTER_ACK", () => true);
    return client;
  }

  /** The answer to a question. */
  async ask(content: string, threadId?: string): Promise<string> {
    const message = createMessage(
      "MESSAGE",
      { content, ...(threadId === undefined ? {} : { threadId }) },
      { from: this.#clientId },
    );
    this.#send(message);
    const answer = await this.next("MESSAGE", ({ inReplyTo }) => inReplyTo === message.messageId);
    return answer.payload.content;
  }

  async query(payload: Payload<"QUERY">): Promise<Payload<"RESPONSE">> {
    const message = createMessage("QUERY", payload, { from: this.#clientId });
    this.#send(message);
    return (await this.next("RESPONSE", ({ inReplyTo }) => inReplyTo === message.messageId)).payload;
  }

  /** The first of that type that fits, now or later. @throws Error when an ERROR comes, or nothing for 20 s */
  async next<Type extends Message["type"]>(
    type: Type,
    fits: (message: MessageOf<Type>) => boolean,
  ): Promise<MessageOf<Type>> {
    const deadline = performance.now() + 20_000;
    for (;;) {
      for (const message of this.messages) {
        if (message.type === "ERROR") throw new Error(message.payload.errorMessage);
        if (isOf(message, type) && fits(message)) return message;
      }
      if (performance.now() > deadline) throw new Error(`no ${type} came`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async leave(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.close();
    await closed;
  }

  #send(message: Message): void {
    this.#socket.send(JSON.stringify(message));
  }
}

function isOf<Type extends Message["type"]>(message: Message, type: Type): message is MessageOf<Type> {
  return message.type === type;
}
