/** The assistant as somebody to write to: a MESSAGE without a target is a question, and its answer is a MESSAGE. */
import type { Logger } from "pino";
import type { MessageOf, MessageOptions, Payload } from "@parley/sdk";
import { createMessage, MAX_REQUEST_CHARS } from "@parley/sdk";
import type { Session } from "./session.ts";
import { failureOf } from "../stage.ts";
import { VisitOver } from "./visit-over.ts";

export interface AssistantDeps {
  readonly session: Session;
  /** Whether the client takes answers piece by piece. */
  readonly streams: boolean;
  readonly head: (inReplyTo: string) => MessageOptions;
  readonly send: (message: MessageOf<"MESSAGE" | "EVENT" | "ERROR">) => Promise<void>;
  readonly log: Logger;
}

/** Questions of one client that may be under way; they are answered one after another. */
const QUESTIONS_MAX = 8;

/** Answers one client. */
export class Assistant {
  readonly #deps: AssistantDeps;
  readonly #over = new AbortController();
  #asked = 0;

  constructor(deps: AssistantDeps) {
    this.#deps = deps;
  }

  /** Answers a question; resolves when its answer was sent. Never rejects for what a model does. */
  async answer(question: MessageOf<"MESSAGE">): Promise<void> {
    const { messageId, payload } = question;
    const refused = this.#refusalOf(payload);
    if (refused !== undefined) return this.#fail(messageId, refused);
    this.#asked += 1;
    try {
      const { text, timings } = await this.#think(messageId, payload);
      if (this.#deps.streams) await this.#chunk(messageId, "metadata", { ...timings });
      const { threadId = this.#deps.session.threadId } = payload;
      const answer = {
        content: text,
        contentType: "text/plain" as const,
        ...(threadId === undefined ? {} : { threadId }),
      };
      await this.#deps.send(createMessage("MESSAGE", answer, this.#deps.head(messageId)));
    } catch (error) {
      if (this.#over.signal.aborted) return;
      const { code, message, nextStep } = failureOf(error);
      this.#deps.log.info({ err: error }, "a question could not be answered");
      const isBusy = code === "engine-busy";
      const errorCode = isBusy ? "RATE_LIMIT_EXCEEDED" : code === "internal" ? "INTERNAL_ERROR" : "PROVIDER_ERROR";
      await this.#fail(messageId, { errorCode, errorMessage: message, retryable: true, details: { code, nextStep } });
    } finally {
      this.#asked -= 1;
    }
  }

  /** The client is gone. */
  close(): void {
    this.#over.abort(new VisitOver());
  }

  async #think(
    messageId: string,
    { content: text, threadId, privacy }: Payload<"MESSAGE">,
  ): Promise<{ readonly text: string; readonly timings: Readonly<Record<string, unknown>> }> {
    const { session, streams } = this.#deps;
    let answer = "";
    let timings: Readonly<Record<string, unknown>> = {};
    const how = { speak: false, threadId, privacy, workId: messageId, signal: this.#over.signal };
    // Asked once more after it was cut: what was given out then is in the whole answer, and not given out again.
    let givenChars = streams ? session.givenOf(messageId, text).length : 0;
    for await (const event of session.ask({ text }, how)) {
      if (event.type === "done") timings = { ...event.timings };
      if (event.type !== "text") continue;
      answer += event.delta;
      if (!streams) continue;
      const fresh = event.delta.slice(givenChars);
      givenChars = Math.max(0, givenChars - event.delta.length);
      if (fresh !== "") await this.#chunk(messageId, "content", { content: fresh });
    }
    return { text: answer, timings };
  }

  #refusalOf({ content }: Payload<"MESSAGE">): Payload<"ERROR"> | undefined {
    if (content.trim() === "" || content.length > MAX_REQUEST_CHARS) {
      const errorMessage = `payload.content: a question has 1 to ${MAX_REQUEST_CHARS} characters`;
      return { errorCode: "INVALID_MESSAGE", errorMessage, retryable: false };
    }
    if (this.#asked < QUESTIONS_MAX) return undefined;
    const errorMessage = `${QUESTIONS_MAX} questions are under way`;
    return { errorCode: "RATE_LIMIT_EXCEEDED", errorMessage, retryable: true };
  }

  #chunk(messageId: string, eventType: string, eventData: Record<string, unknown>): Promise<void> {
    const payload = { eventType, eventData, timestamp: Date.now() };
    return this.#deps.send(createMessage("EVENT", payload, this.#deps.head(messageId)));
  }

  #fail(messageId: string, payload: Payload<"ERROR">): Promise<void> {
    return this.#deps.send(createMessage("ERROR", payload, this.#deps.head(messageId)));
  }
}
