/** The loudspeaker of a client, as a conversation sees it: sound goes out as frames, what was heard comes back as reports. */
import type { Pcm } from "@parley/audio";
import { abortable } from "@parley/audio/format";
import type { ReplyPlayback } from "@parley/audio/converse";
import type { TalkEvent, TalkHeard } from "@parley/sdk";

/** Where it sends. Resolves once there is room for more. */
export interface PlaybackSink {
  event(event: TalkEvent): Promise<void>;
  sound(pcm: Pcm): Promise<void>;
}

/** Sound that is sent before it is heard: enough for a network that hesitates, little to be thrown away. */
const AHEAD_MS = 5_000;
/** A client that does not say where it stopped has heard what it last reported. */
const STOPPED_WITHIN_MS = 400;

interface RunningReply {
  readonly number: number;
  sentMs: number;
  heardMs: number;
  isStopped: boolean;
  /** Resolved by the client's last report, and by a stop. */
  readonly over: PromiseWithResolvers<void>;
}

/** One client's loudspeaker. */
export class RemotePlayback implements ReplyPlayback {
  readonly #sink: PlaybackSink;
  #number = 0;
  #reply: RunningReply | undefined;
  /** The reply that was stopped last; its last report may still come. */
  #stopping: RunningReply | undefined;
  #room = Promise.withResolvers<void>();

  constructor(sink: PlaybackSink) {
    this.#sink = sink;
  }

  get heardMs(): number {
    return this.#reply?.heardMs ?? 0;
  }

  async play(pcm: Pcm, signal?: AbortSignal): Promise<boolean> {
    const reply = this.#reply ?? (await this.#begin());
    while (!reply.isStopped && reply.sentMs - reply.heardMs > AHEAD_MS) {
      await abortable(this.#room.promise, signal, "waiting for the client to play");
    }
    if (reply.isStopped) return false;
    reply.sentMs += (1000 * pcm.samples.length) / pcm.sampleRateHz;
    await abortable(this.#sink.sound(pcm), signal, "sending sound");
    return !reply.isStopped;
  }

  async finished(signal: AbortSignal): Promise<number> {
    const reply = this.#reply;
    if (reply === undefined) return 0;
    await this.#sink.event({ type: "reply-end", reply: reply.number });
    await abortable(reply.over.promise, signal, "waiting for the client to play");
    if (this.#reply === reply) this.#reply = undefined;
    return reply.heardMs;
  }

  duck(gainDb: number, fadeMs: number): void {
    this.#tell({ type: "duck", gainDb, fadeMs });
  }

  restore(fadeMs: number): void {
    this.#tell({ type: "restore", fadeMs });
  }

  async stop(): Promise<{ readonly heardMs: number }> {
    const reply = this.#reply;
    if (reply === undefined) return { heardMs: 0 };
    this.#reply = undefined;
    reply.isStopped = true;
    this.#wake();
    this.#tell({ type: "stop", reply: reply.number });
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, STOPPED_WITHIN_MS);
    this.#stopping = reply;
    await Promise.race([reply.over.promise, late.promise]);
    clearTimeout(timer);
    return { heardMs: reply.heardMs };
  }

  /** A report of the client. One of another reply is late. */
  heard({ reply: number, heardMs, state }: TalkHeard): void {
    const reply = [this.#reply, this.#stopping].find((each) => each?.number === number);
    if (reply === undefined) return;
    // No more can be heard than was sent.
    reply.heardMs = Math.max(reply.heardMs, Math.min(heardMs, reply.sentMs));
    if (state !== "playing") reply.over.resolve();
    this.#wake();
  }

  async #begin(): Promise<RunningReply> {
    this.#number += 1;
    const reply: RunningReply = {
      number: this.#number,
      sentMs: 0,
      heardMs: 0,
      isStopped: false,
      over: Promise.withResolvers(),
    };
    this.#reply = reply;
    await this.#sink.event({ type: "reply", reply: reply.number });
    return reply;
  }

  #wake(): void {
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }

  #tell(event: TalkEvent): void {
    // A client that is gone ends the whole conversation; that it could not be told this is no news.
    this.#sink.event(event).catch(() => undefined);
  }
}
