/** A live conversation with a client: its microphone comes in, its loudspeaker is told, and it says what was heard. */
import type { LiveConversation } from "@parley/audio/converse";
import type { AudioFrame, CommandParameters, TalkEvent, TalkHeard, TalkKeyStruck } from "@parley/sdk";
import { EchoLog } from "../../ears/echo-log.ts";
import type { Session } from "../session.ts";
import type { FramesOut } from "../work/frames-out.ts";
import { spokenSoFar } from "../work/so-far.ts";
import { RemotePlayback } from "./remote-playback.ts";
import { toldOf } from "./told.ts";

/** What a conversation runs on. */
export interface TalkGround {
  readonly session: Session;
  readonly sink: { event(event: TalkEvent): Promise<void> };
  readonly frames: FramesOut;
  readonly signal: AbortSignal;
}

/** Keys that are kept for a conversation whose engines are still on their way. */
const EARLY_KEYS = 16;

/** One conversation. */
export class Talk {
  readonly #parameters: CommandParameters<"talk">;
  readonly #echo = new EchoLog();
  #early: TalkKeyStruck[] = [];
  #playback: RemotePlayback | undefined;
  #live: LiveConversation | undefined;

  constructor(parameters: CommandParameters<"talk">) {
    this.#parameters = parameters;
  }

  /** Runs until the microphone has ended and all that was asked is answered. @throws AudioError, PeerError */
  async run(microphone: AsyncIterable<Float32Array>, { session, sink, frames, signal }: TalkGround): Promise<void> {
    const { speak, mode, interruptions, followUpMs, language, voice, speed, hearing, hotWords, privacy, soFar } =
      this.#parameters;
    const [question, has] = [soFar?.question, spokenSoFar(soFar)];
    const out = { event: (event: TalkEvent) => sink.event(event), sound: frames.send.bind(frames) };
    this.#playback = speak ? new RemotePlayback(out) : undefined;
    const manner = {
      mode,
      input: "clients",
      interruptions,
      followUpMs,
      language,
      voice,
      speed,
      hearing,
      hotWords,
      privacy,
      has: question === undefined || has === undefined ? undefined : { question, soFar: has, turnId: soFar?.turnId },
      onWritten: (turn: number, length: number) => void sink.event({ type: "text", turn, delta: "", length }),
      workId: this.#parameters.workId,
      audioFromMs: this.#parameters.audioFromMs,
    } as const;
    const echo = this.#echo.between.bind(this.#echo);
    this.#live = await session.converse(microphone, { ...manner, playback: this.#playback, echo, signal });
    for (const key of this.#early.splice(0)) this.key(key);
    for await (const event of this.#live.events) {
      const told = toldOf(event);
      if (told !== undefined) await sink.event(told);
    }
  }

  /** What the microphone gave; told of every frame before it is heard. */
  captured({ samples, echo = 0 }: AudioFrame): void {
    this.#echo.push(samples.length, echo);
  }

  /** A key; while nobody listens yet the first few are kept. */
  key(struck: TalkKeyStruck): void {
    if (this.#live !== undefined) this.#live[struck.key](struck.atMs);
    else if (this.#early.length < EARLY_KEYS) this.#early.push(struck);
  }

  heard(report: TalkHeard): void {
    this.#playback?.heard(report);
  }
}
