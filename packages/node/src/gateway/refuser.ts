/** How one client is told that it is refused, and what that means for its connection. */
import type { ClientSocket } from "./client-socket.ts";
import { createMessage, isRetryable, type MessageOptions } from "@parley/sdk";
import type { TurnedAway } from "./access-port.ts";
import { tooMuch } from "./authorise.ts";
import { CLOSE } from "./close-codes.ts";
import type { Reading } from "./dialect/dialect.ts";
import type { Refused } from "./hub/hub.ts";
import type { SocketLine } from "./line.ts";

/** Who sends more than it may is not read from until it may again, and at most for so long. */
const LONGEST_REST_MS = 500;

/** What of a refusal is said else. */
export interface RefusalOptions {
  readonly details?: Record<string, unknown> | undefined;
  /** False: it ends nothing, though nothing can be named that it is about. */
  readonly isFinal?: boolean;
  /** Ends the connection by this code. */
  readonly close?: number;
}

export class Refuser {
  readonly #socket: ClientSocket;
  readonly #line: Pick<SocketLine, "send" | "rest">;
  readonly #head: (inReplyTo: string | undefined) => MessageOptions;
  #isOver = false;

  constructor(
    socket: ClientSocket,
    line: Pick<SocketLine, "send" | "rest">,
    head: (inReplyTo: string | undefined) => MessageOptions,
  ) {
    this.#socket = socket;
    this.#line = line;
    this.#head = head;
  }

  /** It has been refused for good: what still comes is not looked at. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Answers with an ERROR; before registration, and where nothing can be named that it is about, it also ends the connection. */
  async refuse(
    { code, reason, retryAfterMs }: Refused,
    inReplyTo: string | undefined,
    { details, isFinal = true, close }: RefusalOptions = {},
  ): Promise<void> {
    const payload = {
      errorCode: code,
      errorMessage: reason,
      retryable: isRetryable(code),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(details === undefined ? {} : { details }),
    };
    const isUnknown = code === "AUTHENTICATION_FAILED";
    this.#isOver ||= isUnknown || close !== undefined || (inReplyTo === undefined && isFinal);
    await this.#line.send(createMessage("ERROR", payload, this.#head(inReplyTo)));
    if (close !== undefined) this.#socket.close(close, "try again later");
    else if (isUnknown) this.#socket.close(CLOSE.unauthenticated, "authentication failed");
    else if (this.#isOver) this.#socket.close(CLOSE.protocol, "protocol error");
  }

  /** Who comes with wrong tokens again and again is told so later, one connection after another. */
  async turnAway({ why: reason, retryAfterMs }: TurnedAway, inReplyTo: string): Promise<void> {
    if (retryAfterMs === undefined) return this.refuse({ code: "AUTHENTICATION_FAILED", reason }, inReplyTo);
    this.#isOver = true;
    await new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_REST_MS, retryAfterMs)).unref());
    return this.refuse({ code: "RATE_LIMIT_EXCEEDED", reason, retryAfterMs }, inReplyTo, { close: CLOSE.later });
  }

  /** There is too much of what it sends: it is told so, and not read from for a while. */
  tooMuch(waitMs: number, reading: Reading): Promise<void> {
    this.rest(waitMs);
    if (reading.kind === "encrypted") return this.refuse(tooMuch(waitMs), undefined, { isFinal: false });
    return this.refuse(tooMuch(waitMs), reading.kind === "message" ? reading.message.messageId : reading.messageId);
  }

  /** It is not read from for `waitMs`, as far as that is not too long. */
  rest(waitMs: number | undefined): void {
    if (waitMs !== undefined) this.#line.rest(Math.min(LONGEST_REST_MS, waitMs));
  }
}
