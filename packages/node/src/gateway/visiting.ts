/** One client at its session: what it says goes there, and what the session says is sent to it. */
import { decodeAudioFrame, MAX_FRAME_BYTES, MAX_NAME_CHARS, type Continued, type Payload } from "@parley/sdk";
import type { SessionHouse } from "../services/session/house.ts";
import type { Visit, VisitEnd } from "../services/session/visit.ts";
import type { SessionIn, SessionOut, WorkRemark } from "../services/session/wire.ts";
import type { Pass } from "./access-port.ts";
import { CLOSE } from "./close-codes.ts";
import type { Refused } from "./hub/hub.ts";
import type { SocketLine } from "./line.ts";

export interface VisitingOptions {
  readonly conversations: Pick<SessionHouse, "open">;
  readonly pass: Pass;
  readonly register: Payload<"REGISTER">;
  readonly line: Pick<SocketLine, "send" | "frame" | "holdWhile">;
  readonly refuse: (refused: Refused, inReplyTo: string | undefined) => Promise<void>;
  /** Ends the connection. */
  readonly hangUp: (code: number, reason: string) => void;
}

export class Visiting {
  readonly #options: VisitingOptions;
  readonly #visit: Visit;
  readonly #found = Promise.withResolvers<Continued | Refused>();
  readonly #welcomed = Promise.withResolvers<void>();
  /** It is known what there is to be continued, or nothing is. */
  #isFound: boolean;

  constructor(options: VisitingOptions) {
    const { conversations, pass, register } = options;
    this.#options = options;
    const { id: sessionId, isNew } = pass.session;
    const hearer = {
      opened: (continued: Continued | undefined) => this.#tell(continued ?? { turns: 0 }),
      out: (item: SessionOut) => this.#hear(item),
      over: (end: VisitEnd) => this.#over(end),
    };
    this.#isFound = pass.session.continues === undefined;
    if (this.#isFound) this.#welcomed.resolve();
    this.#visit = conversations.open({ sessionId, isNew, card: cardOf(pass, register), hearer });
  }

  /** Goes to the session before anything is said. */
  open(): void {
    this.#visit.open();
  }

  /**
   * Goes to a session that is to be continued. What it says is not sent before {@link welcomed}.
   * @returns what there is to go on with, or why it is refused
   */
  async found(): Promise<Continued | Refused> {
    this.open();
    return this.#found.promise;
  }

  /** The client knows where it is: what the session says may be sent. */
  welcomed(): void {
    this.#welcomed.resolve();
  }

  /** For the session; the client is held while there is no room for more. */
  async push(item: SessionIn): Promise<void> {
    const room = this.#visit.push(item);
    if (room !== undefined) await this.#options.line.holdWhile(room);
  }

  /** Something about work that runs; what concerns none is late, and no error. */
  async remark(request: WorkRemark): Promise<void> {
    if (this.#visit.isOpen) await this.push({ type: "remark", request });
  }

  /** A binary frame. @returns what is wrong with it, where that is not for the session to say */
  async audio(bytes: Uint8Array): Promise<string | undefined> {
    if (this.#visit.isOpen && bytes.byteLength <= MAX_FRAME_BYTES) {
      await this.push({ type: "audio", bytes });
      return undefined;
    }
    const frame = decodeAudioFrame(bytes);
    return typeof frame === "string" ? frame : undefined;
  }

  /** The client is gone. */
  close(): void {
    this.#welcomed.resolve();
    this.#found.resolve(AWAY);
    this.#visit.close();
  }

  #tell(found: Continued | Refused): void {
    this.#isFound = true;
    this.#found.resolve(found);
  }

  async #hear(item: SessionOut): Promise<void> {
    const { line, refuse } = this.#options;
    await this.#welcomed.promise;
    switch (item.type) {
      case "message":
        return line.send(item.message);
      case "audio":
        return line.frame(item.bytes);
      case "refused":
        return refuse(item.refusal, item.inReplyTo);
      case "over":
        throw new TypeError("the end of a visit is no item of it");
    }
  }

  #over(end: VisitEnd): void {
    const { refuse, hangUp } = this.#options;
    if (!this.#isFound) return this.#tell(NOT_FOUND[end]);
    if (end === "ended") hangUp(CLOSE.ended, "the session was ended");
    else if (end === "elsewhere") hangUp(CLOSE.elsewhere, "the session goes on at another connection");
    else if (end === "moved") hangUp(CLOSE.moved, "the session has moved");
    else void refuse(THEIRS, undefined);
  }
}

const THEIRS: Refused = { code: "AUTHORIZATION_DENIED", reason: "this session is somebody else's" };
const AWAY: Refused = { code: "INTERNAL_ERROR", reason: "the session cannot be reached now", retryAfterMs: 1_000 };

/** Why a session is not continued. */
const NOT_FOUND: Readonly<Record<VisitEnd, Refused>> = {
  unknown: { code: "TARGET_NOT_FOUND", reason: "there is no such session; it may have ended" },
  refused: THEIRS,
  elsewhere: AWAY,
  moved: AWAY,
  ended: AWAY,
};

/** Who comes to a session, as this peer vouches for it. */
function cardOf(
  { account, remembers, session: { continues } }: Pass,
  { clientId, capabilities = {}, metadata, comes = { chain: crypto.randomUUID(), nth: 0 } }: Payload<"REGISTER">,
): Parameters<SessionHouse["open"]>[0]["card"] {
  const timeZone = metadata?.["timeZone"];
  return {
    visitId: crypto.randomUUID(),
    clientId,
    account,
    remembers,
    timeZone: typeof timeZone === "string" && timeZone.length <= MAX_NAME_CHARS ? timeZone : undefined,
    streams: capabilities.supportsStreaming ?? false,
    ...(continues === undefined ? {} : { continues }),
    comes: { ...comes, asked: 0 },
  };
}
