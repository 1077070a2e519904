/**
 * Speaks on while a client's session is looked for: of an answer that was cut in mid-sound the client has more in writing than it has
 * heard, and any peer can say that. It stops at the end of a sentence once the session is found, and the client goes on there, where it
 * has got to; nothing else of a turn is done here.
 */
import { createMessage, SERVER_ID, type MessageOf, type TalkEvent, type WorkEvent } from "@parley/sdk";
import { createChunker } from "@parley/audio/turn";
import { durationMs } from "@parley/audio/format";
import type { SpeakEvent, SpokenSoFar } from "@parley/audio/pipeline";
import type { Services } from "../services/services.ts";
import type { SessionIn, WorkRequest } from "../services/session/wire.ts";
import { FramesOut } from "../services/session/work/frames-out.ts";
import { spokenSoFar } from "../services/session/work/so-far.ts";
import { toldOf } from "../services/session/work/told.ts";

/** Who speaks. */
export type InterimVoice = Pick<Services, "say" | "answeringVoice">;

type Command = Extract<SessionIn, { readonly type: "command" }>;
type Answer = Exclude<WorkRequest, { readonly command: "listen" }>;

export interface InterimOptions {
  readonly voice: InterimVoice;
  readonly sessionId: string;
  readonly send: (message: MessageOf<"EVENT">) => Promise<void>;
  readonly frame: (bytes: Uint8Array) => Promise<void>;
  /** It cannot be spoken here: the client waits for its session. */
  readonly onFailure: (error: unknown) => void;
}

/** What is sent ahead cannot be interrupted here: nobody listens meanwhile. */
const MOST_SOUND_MS = 8_000;
/** A sentence that is not made in that time is cut, and gone on with by the session. */
const WIND_UP_MS = 3_000;

/** What of the answer can be said here, and what its listener has of that. */
interface Known {
  readonly request: Answer;
  readonly text: string;
  readonly soFar: SpokenSoFar;
}

export class Interim {
  readonly #options: InterimOptions;
  readonly #known: Known;
  readonly #commandId: string;
  readonly #over = new AbortController();
  #isWanted = true;
  #ended: Promise<void> | undefined;

  private constructor(command: Command, known: Known, options: InterimOptions) {
    this.#options = options;
    this.#known = known;
    this.#commandId = command.commandId;
  }

  /** Undefined where nothing is to be said that is certain. */
  static of(item: SessionIn, options: InterimOptions): Interim | undefined {
    const known = item.type === "command" ? knownOf(item.request) : undefined;
    return item.type === "command" && known !== undefined ? new Interim(item, known, options) : undefined;
  }

  start(): void {
    this.#ended ??= this.#run();
  }

  /** Settles once the sentence at hand is told, or has taken too long; none is begun after it. Never rejects. */
  async windUp(): Promise<void> {
    this.#isWanted = false;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, WIND_UP_MS);
    await Promise.race([this.#ended, late.promise]);
    clearTimeout(timer);
    // What a voice still makes that does not stop is not sent any more.
    this.stop();
  }

  /** Nobody listens any more. */
  stop(): void {
    this.#isWanted = false;
    this.#over.abort();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { voice, onFailure } = this.#options;
    const { request, text, soFar } = this.#known;
    const { voice: name, language, speed, privacy } = request.parameters;
    const { signal } = this.#over;
    const asked = { voice: name, language, speed };
    const manner = request.command === "say" ? asked : voice.answeringVoice(asked);
    try {
      await this.#tell(voice.say(text, { ...manner, privacy, soFar, signal }));
    } catch (error) {
      if (!signal.aborted) onFailure(error);
    }
  }

  async #tell(events: AsyncIterable<SpeakEvent>): Promise<void> {
    const { request } = this.#known;
    const isTalk = request.command === "talk";
    const frames = new FramesOut(request.parameters.stream, this.#options.frame);
    let soundMs = 0;
    for await (const event of events) {
      if (this.#over.signal.aborted) return;
      if (event.type === "audio") {
        if (soundMs === 0 && isTalk) await this.#send({ type: "reply", reply: 1 });
        soundMs += durationMs(event.pcm);
        await frames.send(event.pcm);
        continue;
      }
      // What is written its client has.
      if (event.type === "text" || event.type === "unsaid") continue;
      if (event.type === "sentence" && (!this.#isWanted || soundMs >= MOST_SOUND_MS)) return;
      const told = toldOf(event);
      if (told !== undefined) await this.#send(isTalk ? { ...told, turn: 1 } : told);
      if (event.type === "timing" && !this.#isWanted) return;
    }
  }

  #send({ type, ...eventData }: WorkEvent | TalkEvent | (WorkEvent & { readonly turn: number })): Promise<void> {
    const { sessionId, send } = this.#options;
    const payload = { eventType: type, eventData: { ...eventData }, timestamp: Date.now() };
    return send(createMessage("EVENT", payload, { from: SERVER_ID, sessionId, inReplyTo: this.#commandId }));
  }
}

/** Of an answer's text only what is certain to be whole sentences; what is read out is known as a whole. */
function knownOf(request: WorkRequest): Known | undefined {
  if (request.command === "listen") return undefined;
  const { privacy } = request.parameters;
  const soFar = spokenSoFar(request.parameters.soFar);
  const isOpus = "audio" in request.parameters && request.parameters.audio === "opus";
  // What must not leave its host is said there. Nobody knows how far a sound was heard that is compressed.
  if (soFar === undefined || privacy === "host" || isOpus) return undefined;
  if (request.command === "say") {
    const { format, text } = request.parameters;
    return format === "ssml" || soFar.spoken >= text.length ? undefined : { request, text, soFar };
  }
  // Before any of it sounded its client waits for an answer, and there may be a better one.
  if (!request.parameters.speak || (soFar.spoken === 0 && soFar.heardMs === 0)) return undefined;
  const chunks = createChunker({ after: soFar.text.slice(0, soFar.spoken) }).push(soFar.text.slice(soFar.spoken));
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, soFar.spoken);
  const text = soFar.text.slice(0, length);
  return length === soFar.spoken ? undefined : { request, text, soFar: { ...soFar, text } };
}
