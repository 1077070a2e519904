/** A bare socket to a gateway, in either dialect: what a client of another make can do. */
import { onTestFinished } from "vitest";
import { WebSocket, type RawData } from "ws";
import { createMessage, parseMessage, type Message, type MessageType, type Payload, type Target } from "@parley/sdk";
import { eventually } from "../../support.ts";

/** As much of a message as is added to what is sent. */
type Head = Partial<Omit<Message, "type" | "payload">>;

export class Raw {
  readonly socket: WebSocket;
  readonly clientId: string;
  /** All text that came. */
  readonly texts: string[] = [];
  readonly closed: Promise<number>;

  constructor(socket: WebSocket, clientId: string) {
    this.socket = socket;
    this.clientId = clientId;
    this.closed = new Promise((resolve) => {
      socket.on("close", resolve);
    });
    socket.on("message", (data: RawData, isBinary) => {
      if (!isBinary) this.texts.push(new TextDecoder().decode(Array.isArray(data) ? Buffer.concat(data) : data));
    });
    socket.on("error", () => undefined);
  }

  /** Opens a socket; closed with the test. */
  static async open(url: string, clientId: string): Promise<Raw> {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws`);
    const raw = new Raw(socket, clientId);
    onTestFinished(() => socket.terminate());
    await new Promise<void>((resolve, reject) => {
      socket.on("open", resolve);
      socket.on("error", reject);
    });
    return raw;
  }

  /** … and registers. */
  static async registered(
    url: string,
    token: string,
    clientId: string,
    more: Partial<Payload<"REGISTER">> = {},
  ): Promise<Raw> {
    const raw = await Raw.open(url, clientId);
    raw.say("REGISTER", { clientId, authToken: token, clientType: "api", ...more });
    await raw.next("REGISTER_ACK");
    return raw;
  }

  get messages(): readonly Message[] {
    return this.texts.flatMap((text) => {
      const parsed = parseMessage(text);
      return parsed.ok ? [parsed.message] : [];
    });
  }

  get flat(): readonly Record<string, unknown>[] {
    return this.texts.map((text) => JSON.parse(text) as Record<string, unknown>);
  }

  send(data: string | Uint8Array | object): void {
    this.socket.send(typeof data === "string" || data instanceof Uint8Array ? data : JSON.stringify(data));
  }

  /** Sends a message of a type. @returns its id */
  say<T extends MessageType>(type: T, payload: Payload<T>, head: Head & { readonly target?: Target } = {}): string {
    const message = { ...createMessage(type, payload, { from: this.clientId }), ...head };
    this.send(message);
    return message.messageId;
  }

  /** The first message of a type that answers `inReplyTo`, or any, once it has come. */
  async next<T extends MessageType>(type: T, inReplyTo?: string): Promise<Extract<Message, { type: T }>> {
    const find = (): Message | undefined =>
      this.messages.find((each) => each.type === type && (inReplyTo === undefined || each.inReplyTo === inReplyTo));
    await eventually(find).toBeDefined();
    return find() as Extract<Message, { type: T }>;
  }

  /** The code of the ERROR that answers. */
  async error(inReplyTo?: string): Promise<string> {
    return (await this.next("ERROR", inReplyTo)).payload.errorCode;
  }

  /** Everything that was sent before this has been handled: a QUERY about nothing is answered after it. */
  async settle(): Promise<void> {
    await this.next("RESPONSE", this.say("QUERY", { queryType: "get_active_nodes" }));
  }
}
