/** A connected, registered WebSocket to one peer, before anything is asked of it. */
import { ParleyError } from "../errors.ts";
import { createMessage, parseMessage, type Message, type Payload } from "../protocol/envelope.ts";

/** How to reach a peer. */
export interface ConnectOptions {
  /** Such as `ws://127.0.0.1:8765/ws`. */
  readonly url: string;
  readonly token: string;
  /** A name for this client in the peer's logs; random when absent. */
  readonly clientId?: string;
  readonly clientType?: Payload<"REGISTER">["clientType"];
  /** For connecting and registering together; 10,000 when absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A registered socket. */
export interface PeerSocket {
  readonly socket: WebSocket;
  readonly clientId: string;
  readonly welcome: Payload<"REGISTER_ACK">;
}

/**
 * Opens the socket and registers.
 * @throws ParleyError `cannot-connect`, `refused`, `timed-out`, `cancelled`, `protocol`.
 */
export async function openSocket(options: ConnectOptions): Promise<PeerSocket> {
  const clientId = options.clientId ?? `client-${crypto.randomUUID().slice(0, 8)}`;
  const socket = createSocket(options.url);
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 10_000);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  const settled = new AbortController();
  const on = { signal: settled.signal };
  try {
    const ack = await new Promise<Payload<"REGISTER_ACK">>((resolve, reject) => {
      const onAbort = (): void => reject(abortError(signal, options.url));
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, on);
      socket.addEventListener("error", () => reject(cannotConnect(options.url)), on);
      socket.addEventListener("close", (event) => reject(closedEarly(options.url, event)), on);
      socket.addEventListener(
        "open",
        () => {
          const payload = { clientId, authToken: options.token, clientType: options.clientType ?? "api" };
          socket.send(JSON.stringify(createMessage("REGISTER", payload, { from: clientId })));
        },
        on,
      );
      socket.addEventListener("message", (event) => settle(event.data, resolve, reject), on);
    });
    return { socket, clientId, welcome: ack };
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    settled.abort();
  }
}

function createSocket(url: string): WebSocket {
  try {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    return socket;
  } catch (cause) {
    throw new ParleyError("cannot-connect", `"${url}" is not a WebSocket address`, {
      nextStep: "Give an address such as ws://127.0.0.1:8765/ws.",
      cause,
    });
  }
}

function settle(
  data: unknown,
  resolve: (ack: Payload<"REGISTER_ACK">) => void,
  reject: (error: ParleyError) => void,
): void {
  const message = typeof data === "string" ? readAnswer(data) : undefined;
  if (message?.type === "REGISTER_ACK") return resolve(message.payload);
  if (message?.type === "ERROR") {
    return reject(
      new ParleyError("refused", `the peer refused this client: ${message.payload.errorMessage}`, {
        nextStep: "Check the token; on the peer's own machine the command line finds it by itself.",
        remoteCode: message.payload.errorCode,
      }),
    );
  }
  reject(
    new ParleyError("protocol", "the peer's first message was not an answer to REGISTER", {
      nextStep: "Check that the address is that of a Parley peer of the same major version.",
    }),
  );
}

function readAnswer(text: string): Message | undefined {
  const parsed = parseMessage(text);
  return parsed.ok ? parsed.message : undefined;
}

function abortError(signal: AbortSignal, url: string): ParleyError {
  const timedOut = signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
  return timedOut
    ? new ParleyError("timed-out", `no answer from ${url}`, { nextStep: "Check that the peer runs: parley status." })
    : new ParleyError("cancelled", "connecting was cancelled", { nextStep: "Connect again when ready." });
}

function cannotConnect(url: string): ParleyError {
  return new ParleyError("cannot-connect", `no peer answers at ${url}`, {
    nextStep: "Start one with: npm start (or: parley start).",
  });
}

function closedEarly(url: string, event: CloseEvent): ParleyError {
  return new ParleyError("cannot-connect", `${url} closed the connection (${event.code} ${event.reason})`.trim(), {
    nextStep: "Look at the peer's log for the reason.",
  });
}
