/** A client's WebSocket, as far as the gateway uses one: that of `ws`, or one that a simulation makes. */

/** What came in a frame. */
export type SocketData = Buffer | ArrayBuffer | Buffer[];

export interface ClientSocket {
  readonly OPEN: number;
  /** {@link OPEN} while something can be sent. */
  readonly readyState: number;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  on(event: "message", hear: (data: SocketData, isBinary: boolean) => void): unknown;
  on(event: "close", hear: (code: number, reason: Buffer) => void): unknown;
  on(event: "error", hear: (error: Error) => void): unknown;
  on(event: "ping" | "pong", hear: () => void): unknown;
  /** @param sent called once it is with the system, or never will be */
  send(data: string | Uint8Array, sent?: () => void): void;
  ping(): void;
  /** Reads nothing for now, and again. */
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  /** At once, without a word. */
  terminate(): void;
}
