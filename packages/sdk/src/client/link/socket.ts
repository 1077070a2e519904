/** One WebSocket to one peer, and what goes over it before anybody is known to anybody. */
import { ParleyError } from "../../errors.ts";
import { parseMessage, type Message, type Payload } from "../../protocol/envelope.ts";
import type { ProtocolErrorCode } from "../../protocol/error-codes.ts";

/** What is needed of a WebSocket: those of browsers and of Node have it, and so has that of the package `ws`. */
export interface SocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open", listener: () => void): void;
  /** That of the package `ws` has an `error` that says why; a browser tells nobody. */
  addEventListener(type: "error", listener: (event: object) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  /** Ends the connection without a farewell, where that is possible: a silent peer does not answer one. */
  terminate?(): void;
}

/** Opens a WebSocket. @throws what a WebSocket throws for an address that is none */
export type OpenSocket = (url: string) => SocketLike;

/** The one that the platform brings. */
export const platformSocket: OpenSocket = (url) => new WebSocket(url);

/** What is heard of a socket. */
export interface SocketHearer {
  opened(): void;
  text(text: string): void;
  binary(bytes: Uint8Array): void;
  /** Once, and nothing after it. */
  closed(code: number, reason: string, cause: Error | undefined): void;
}

/** A farewell that was not answered for so long is given up where that is possible. */
const FAREWELL_MS = 1_000;
/** The private range: browsers let no page send 1002 (WHATWG WebSockets, `close()`). */
export const CLOSE_PROTOCOL = 4002;
/** The peer says that it stops (RFC 6455, 7.4.1). */
export const CLOSE_GOING_AWAY = 1001;
/** The client's session goes on at another connection: this one is over, and not lost. */
export const CLOSE_ELSEWHERE = 4409;
/** Somebody has ended the session. */
export const CLOSE_ENDED = 4410;

/** A socket whose listeners fall silent when it was dropped. */
export class PeerSocket {
  readonly url: string;
  readonly #socket: SocketLike;
  #hearer: SocketHearer | undefined;

  /** @throws ParleyError `cannot-connect` for an address that is none */
  constructor(url: string, open: OpenSocket, hearer: SocketHearer) {
    this.url = url;
    this.#hearer = hearer;
    this.#socket = opened(url, open);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("open", () => this.#hearer?.opened());
    this.#socket.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) this.#hearer?.binary(new Uint8Array(data));
      else this.#hearer?.text(String(data));
    });
    this.#socket.addEventListener("error", (event) => this.#end(1006, "", causeOf(event)));
    this.#socket.addEventListener("close", ({ code, reason }) => this.#end(code, reason));
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#hearer !== undefined) this.#socket.send(data);
  }

  /** Closes; nothing more is heard of it. */
  drop(code = 1000, reason = ""): void {
    this.#hearer = undefined;
    const socket = this.#socket;
    if ("terminate" in socket) {
      const farewell = setTimeout(() => socket.terminate?.(), FAREWELL_MS);
      socket.addEventListener("close", () => clearTimeout(farewell));
    }
    socket.close(code, reason);
  }

  #end(code: number, reason: string, cause?: Error): void {
    const hearer = this.#hearer;
    this.#hearer = undefined;
    hearer?.closed(code, reason, cause);
  }
}

function causeOf(event: object): Error | undefined {
  const error = "error" in event ? event.error : undefined;
  return error instanceof Error && error.message !== "" ? error : undefined;
}

function opened(url: string, open: OpenSocket): SocketLike {
  try {
    return open(url);
  } catch (cause) {
    throw new ParleyError("cannot-connect", `"${url}" is not a WebSocket address`, {
      nextStep: "Give an address such as ws://127.0.0.1:8765/ws.",
      cause,
    });
  }
}

/** What the peer makes of a REGISTER. */
export type Reception =
  | { readonly welcome: Payload<"REGISTER_ACK"> }
  | { readonly error: ParleyError; readonly code: ProtocolErrorCode | undefined };

/** Reads the peer's first message. */
export function receptionOf(text: string): Reception {
  const parsed = parseMessage(text);
  const message: Message | undefined = parsed.ok ? parsed.message : undefined;
  if (message?.type === "REGISTER_ACK") return { welcome: message.payload };
  if (message?.type === "ERROR") {
    const { errorCode, errorMessage, retryable } = message.payload;
    const error = new ParleyError("refused", `the peer refused this client: ${errorMessage}`, {
      nextStep:
        errorCode === "TARGET_NOT_FOUND"
          ? "Look which sessions there are: parley sessions."
          : "Check the token; on the peer's own machine the command line finds it by itself.",
      remoteCode: errorCode,
      retryable,
    });
    return { error, code: errorCode };
  }
  const error = new ParleyError("protocol", "the peer's first message was not an answer to REGISTER", {
    nextStep: "Check that the address is that of a Parley peer of the same major version.",
  });
  return { error, code: undefined };
}

export function noAnswer(url: string): ParleyError {
  return new ParleyError("timed-out", `no answer from ${url}`, {
    nextStep: "Check that the peer runs: parley status.",
    retryable: true,
  });
}

/** What OpenSSL and Node call what is wrong with a certificate, or with the TLS around it. */
const TLS_CODE = /CERT|SIGN|VERIFY|ISSUER|CHAIN|TLS|SSL|EPROTO/;
/** An answer that is no WebSocket's. */
const HTTP_STATUS = /^Unexpected server response: (\d{3})/;

/** It has closed before it was a connection. @param cause what the platform says of it, where it does */
export function notOpened(url: string, code: number, reason: string, cause: Error | undefined): ParleyError {
  if (code !== 1006) {
    return new ParleyError("cannot-connect", `${url} closed the connection (${code} ${reason})`.trim(), {
      nextStep: "Look at the peer's log for the reason.",
      retryable: true,
    });
  }
  const causeCode = cause !== undefined && "code" in cause ? String(cause.code) : "";
  if (cause !== undefined && TLS_CODE.test(causeCode)) {
    return new ParleyError("cannot-connect", `${url} cannot be trusted: ${cause.message} (${causeCode})`, {
      nextStep:
        "Give the house's certificate as ca, or as NODE_EXTRA_CA_CERTS; on a peer: parley trust --out house.pem.",
      cause,
    });
  }
  const status = HTTP_STATUS.exec(cause?.message ?? "")?.[1];
  if (status !== undefined) {
    const forbidden = "Name this origin in the peer's cors.origins, and the host by one of its own names.";
    return new ParleyError("cannot-connect", `${url} takes no connection (HTTP ${status})`, {
      nextStep: status === "403" ? forbidden : "Check that the address is that of a Parley peer, with /ws at its end.",
      cause,
    });
  }
  return new ParleyError("cannot-connect", `no peer answers at ${url}`, {
    nextStep: cause === undefined ? UNKNOWN : "Start one with: npm start (or: parley start).",
    retryable: true,
    cause,
  });
}

const UNKNOWN =
  "Start one with: npm start (or: parley start). If it runs: is its certificate trusted here (parley trust), and a page's origin in its cors.origins?";
