/** The conversation that one client has with the peer, whatever commands and messages it is held by. */
import type { Logger } from "pino";
import { createMessage, type Message, type MessageOf, type MessageOptions, type Payload } from "@parley/sdk";
import type { Memory } from "../services/memory/port.ts";
import type { OtherRooms, Notice } from "../services/session-notice.ts";
import type { Services } from "../services/services.ts";
import { Session } from "../services/session.ts";
import type { Pass } from "./access-port.ts";
import { Assistant } from "./assistant.ts";

export interface CompanionDeps {
  readonly services: Services;
  /** Where the conversations of clients that want that are kept; nowhere, when absent. */
  readonly memory?: Memory | undefined;
  readonly rooms?: OtherRooms | undefined;
  readonly log: Logger;
}

/** The way to the client. */
export interface CompanionLine {
  readonly streams: () => boolean;
  readonly head: (inReplyTo: string | undefined) => MessageOptions;
  readonly send: (message: Message) => Promise<void>;
}

export class Companion {
  readonly session: Session;
  readonly #deps: CompanionDeps;
  readonly #line: CompanionLine;
  readonly #assistant: Assistant;

  constructor(deps: CompanionDeps, line: CompanionLine) {
    this.#deps = deps;
    this.#line = line;
    const { services, rooms, log } = deps;
    this.session = new Session(services, {
      rooms,
      onNotice: (notice) => void this.#notice(notice),
      onFailure: (error) => log.warn({ err: error }, "what was said could not be kept, or not be said aloud"),
    });
    this.#assistant = new Assistant({ session: this.session, log, ...line });
  }

  /** Whose conversation it is. */
  meet({ account, remembers }: Pass, { metadata }: Payload<"REGISTER">): void {
    const { memory } = this.#deps;
    const timeZone = metadata?.["timeZone"];
    this.session.meet({
      remembered: remembers && memory !== undefined ? { memory, account } : undefined,
      timeZone: typeof timeZone === "string" ? timeZone : undefined,
    });
  }

  /** Answers a question; resolves when its answer was sent. */
  answer(question: MessageOf<"MESSAGE">): Promise<void> {
    return this.#assistant.answer(question);
  }

  /** The client is gone. */
  close(): void {
    this.#assistant.close();
    // What fails of it has been told.
    void this.session.close();
  }

  /** What the client did not ask for: a timer has ended, something is said. */
  #notice({ type, ...eventData }: Notice): Promise<void> {
    const payload = { eventType: type, eventData, timestamp: Date.now() };
    return this.#line.send(createMessage("EVENT", payload, this.#line.head(undefined)));
  }
}
