/** A live conversation with a client: its microphone comes in, its loudspeaker is told, and it says what was heard. */
import type { LiveConversation } from "@parley/audio/converse";
import type { CommandParameters, TalkEvent, TalkHeard, TalkKey } from "@parley/sdk";
import type { Session } from "../../services/session.ts";
import type { FramesOut } from "../frames-out.ts";
import { RemotePlayback } from "./remote-playback.ts";
import { toldOf } from "./told.ts";

/** What a conversation runs on. */
export interface TalkGround {
  readonly session: Session;
  readonly sink: { event(event: TalkEvent): Promise<void> };
  readonly frames: FramesOut;
  readonly signal: AbortSignal;
}

/** One conversation. */
export class Talk {
  readonly #parameters: CommandParameters<"talk">;
  #playback: RemotePlayback | undefined;
  #live: LiveConversation | undefined;

  constructor(parameters: CommandParameters<"talk">) {
    this.#parameters = parameters;
  }

  /** Runs until the microphone has ended and all that was asked is answered. @throws AudioError, PeerError */
  async run(microphone: AsyncIterable<Float32Array>, { session, sink, frames, signal }: TalkGround): Promise<void> {
    const { speak, mode, interruptions, followUpMs, language, voice, speed } = this.#parameters;
    const out = { event: (event: TalkEvent) => sink.event(event), sound: frames.send.bind(frames) };
    this.#playback = speak ? new RemotePlayback(out) : undefined;
    const manner = { mode, interruptions, followUpMs, language, voice, speed };
    this.#live = await session.converse(microphone, { ...manner, playback: this.#playback, signal });
    for await (const event of this.#live.events) {
      const told = toldOf(event);
      if (told !== undefined) await sink.event(told);
    }
  }

  key(key: TalkKey): void {
    this.#live?.[key]();
  }

  heard(report: TalkHeard): void {
    this.#playback?.heard(report);
  }
}
