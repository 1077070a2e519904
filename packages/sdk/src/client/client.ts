/** The client: asks a peer for work and hands out what happens as an async stream of events. */
import { ParleyError } from "../errors.ts";
import { decodeAudioFrame, encodeAudioFrame, type AudioFrame } from "../protocol/audio-frame.ts";
import { decodeOpusFrame, type OpusFrame } from "../protocol/opus-frame.ts";
import { createMessage, parseMessage, type Message, type Payload } from "../protocol/envelope.ts";
import { workEventSchema, type CommandName, type CommandParameters, type TurnEvent } from "../protocol/work.ts";
import { EventQueue } from "./event-queue.ts";
import { RunningTalk, type CapturedSound, type TalkOptions, type TalkSession } from "./talk.ts";
import { openSocket, type ConnectOptions, type PeerSocket } from "./socket.ts";

/** The rate of audio sent to a peer, in Hz. */
export const INPUT_RATE_HZ = 16_000;
/** 100 ms a frame. */
const FRAME_SAMPLES = 1600;
/** Above this many unsent bytes, reading the caller's audio waits. */
const SEND_HIGH_WATER_BYTES = 1_048_576;
const SEND_POLL_MS = 5;
/** What was said to work that runs, and may still be refused. */
const TOLD_KEPT = 64;
/** The private range: browsers let no page send 1002 (WHATWG WebSockets, `close()`). */
const CLOSE_PROTOCOL = 4002;

/** Mono audio at {@link INPUT_RATE_HZ}, in chunks of any size. */
export type AudioInput = AsyncIterable<Float32Array>;
/** As {@link AudioInput}, from whoever can tell how much of it is its own playback. */
export type TalkInput = AsyncIterable<Float32Array | CapturedSound>;

/** Options of all requests. */
export interface WorkOptions {
  readonly signal?: AbortSignal;
}
/** Who speaks, and how. */
export interface VoiceOptions extends WorkOptions {
  readonly voice?: string;
  readonly speed?: number;
  /** BCP 47 tag: a voice that speaks it, where none is named. */
  readonly language?: string;
  /** `opus`: sound comes as `opus` events, a twelfth of the bytes; an older peer sends samples all the same. */
  readonly audio?: "pcm" | "opus";
}
/** Options of {@link ParleyClient.say}. */
export interface SayOptions extends VoiceOptions {
  /** The text is a whole SSML document. */
  readonly ssml?: boolean;
  /** The text is the same for everybody and no secret: its sound may be kept on the peer's disk. */
  readonly keep?: boolean;
}
/** How speech is heard. */
export interface HearingOptions {
  /** `command`: plain words, likely ones put right. `dictation`: marks are spoken. Sentences as they are said when absent. */
  readonly hearing?: "command" | "dictation";
  /** Names and words that are likely: at most 100, each of at most 64 characters. */
  readonly hotWords?: readonly string[];
}
/** Options of {@link ParleyClient.listen}. */
export interface ListenOptions extends WorkOptions, HearingOptions {
  /** BCP 47 tag of what is spoken. */
  readonly language?: string;
  /** `live`: skipped when behind; `every`: at fixed points of the audio; `off`. */
  readonly partials?: "live" | "every" | "off";
}
/** Options of {@link ParleyClient.ask}. */
export interface AskOptions extends VoiceOptions, ListenOptions {
  /** Also speak the answer. */
  readonly speak?: boolean;
}

interface Work {
  readonly commandId: string;
  readonly stream: number;
  readonly taker: WorkTaker;
  /** Aborted when the work has ended: stops the upload. */
  readonly over: AbortController;
  /** Of its audio. */
  sentSamples: number;
  result: Payload<"COMMAND_RESULT">["result"];
}

/** Whoever hears what becomes of a piece of work. */
export interface WorkTaker {
  /** `event` as it came, not yet checked. */
  event(event: Readonly<Record<string, unknown>>): void;
  audio(frame: AudioFrame): void;
  /** Of work that has asked for it. */
  opus?(frame: OpusFrame): void;
  end(): void;
  fail(error: unknown): void;
}

/** A connection to one peer. Breaking out of an event loop cancels that work on the peer. */
export class ParleyClient {
  readonly #peer: PeerSocket;
  readonly #byCommand = new Map<string, Work>();
  readonly #told = new Map<string, Work>();
  readonly #byStream = new Map<number, Work>();
  #nextStream = 1;
  #closed: ParleyError | undefined;

  /** Use {@link connect}. */
  constructor(peer: PeerSocket) {
    this.#peer = peer;
    peer.socket.addEventListener("message", (event) => this.#onFrame(event.data));
    peer.socket.addEventListener("close", (event) => this.#onClose(`connection closed (${event.code})`));
    peer.socket.addEventListener("error", () => this.#onClose("connection failed"));
  }

  /** What the peer said of itself when it accepted this client. */
  get server(): Payload<"REGISTER_ACK">["serverInfo"] {
    return this.#peer.welcome.serverInfo;
  }

  /**
   * Asks in text or sound; events end with `done`.
   * @throws ParleyError from the event stream, or what the audio source itself throws.
   */
  ask(
    input: { readonly text: string } | { readonly audio: AudioInput },
    options: AskOptions = {},
  ): AsyncIterable<TurnEvent> {
    const wire =
      "text" in input
        ? ({ kind: "text", text: input.text } as const)
        : ({ kind: "audio", ...partialsOf(options) } as const);
    const parameters = { input: wire, speak: options.speak ?? false, ...voiceOf(options), ...hearingOf(options) };
    return this.#events("ask", parameters, "audio" in input ? input.audio : undefined, options.signal);
  }

  /** Speech to text: `partial` and `segment` events, then `done`. */
  listen(audio: AudioInput, options: ListenOptions = {}): AsyncIterable<TurnEvent> {
    const { language } = options;
    const parameters = {
      ...partialsOf(options),
      ...hearingOf(options),
      ...(language === undefined ? {} : { language }),
    };
    return this.#events("listen", parameters, audio, options.signal);
  }

  /**
   * Text to sound: `sentence` and `audio` events, then `done`.
   * @throws ParleyError `work-failed` from the event stream; with `remoteCode` `input-refused` for SSML that is none (its
   * message says where, its next step how to mend it) and for a voice that is not there.
   */
  say(text: string, options: SayOptions = {}): AsyncIterable<TurnEvent> {
    const { ssml = false, keep = false } = options;
    const how = { ...(ssml ? { format: "ssml" as const } : {}), ...(keep ? { keep } : {}) };
    return this.#events("say", { text, ...how, ...voiceOf(options) }, undefined, options.signal);
  }

  /**
   * A live conversation: `audio` is the microphone, all the time, in silence too. Answers are played on `options.speaker`,
   * ducked and stopped as the peer says; without one they are text only. Ends with the audio, or when `signal` aborts.
   */
  talk(audio: TalkInput, options: TalkOptions = {}): TalkSession {
    const { signal, speaker, hotWords, ...manner } = options;
    const session = new RunningTalk(
      speaker,
      (command, parameters) => this.#tell(work, command, { ...parameters, commandId: work.commandId }),
      () => (1000 * work.sentSamples) / INPUT_RATE_HZ,
    );
    session.onAbandon = () => this.#cancel(work);
    const how = { ...manner, ...(hotWords === undefined ? {} : { hotWords: [...hotWords] }) };
    const parameters = { mode: "open" as const, ...how, speak: speaker !== undefined };
    const work = this.#start("talk", parameters, audio, signal, session);
    return session;
  }

  /** The peer's status, as `GET /status` gives it. */
  async status(options: WorkOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    const over = Promise.withResolvers<void>();
    const taker = { event: () => undefined, audio: () => undefined, end: over.resolve, fail: over.reject };
    const work = this.#start("status", {}, undefined, options.signal, taker);
    await over.promise;
    return work.result ?? {};
  }

  /** Closes the connection; running work fails with `connection-lost`. */
  close(): void {
    this.#onClose("closed by this client");
    this.#peer.socket.close(1000);
  }

  #events<C extends CommandName>(
    command: C,
    parameters: Omit<CommandParameters<C>, "stream">,
    audio: AudioInput | undefined,
    signal: AbortSignal | undefined,
  ): AsyncIterable<TurnEvent> {
    const events = new EventQueue<TurnEvent>(() => this.#cancel(work));
    const work = this.#start(command, parameters, audio, signal, {
      event: (given) => {
        const event = workEventSchema.safeParse(given);
        // A newer peer may say more than this client knows; what it does not know it passes over.
        if (event.success) events.push(event.data);
      },
      audio: ({ sampleRateHz, samples }) => events.push({ type: "audio", sampleRateHz, samples }),
      opus: ({ bytes }) => events.push({ type: "opus", bytes }),
      end: () => events.end(),
      fail: (error) => events.fail(error),
    });
    return events;
  }

  #start<C extends CommandName>(
    command: C,
    parameters: Omit<CommandParameters<C>, "stream">,
    audio: TalkInput | undefined,
    signal: AbortSignal | undefined,
    taker: WorkTaker,
  ): Work {
    const stream = this.#nextStream;
    this.#nextStream += 1;
    const withStream = command === "status" ? parameters : { ...parameters, stream };
    const message = createMessage("COMMAND", { command, parameters: withStream }, { from: this.#peer.clientId });
    const work: Work = {
      commandId: message.messageId,
      stream,
      taker,
      over: new AbortController(),
      sentSamples: 0,
      result: undefined,
    };
    if (this.#closed !== undefined) {
      work.taker.fail(this.#closed);
      return work;
    }
    const onAbort = (): void => {
      work.taker.fail(cancelled());
      this.#cancel(work);
    };
    if (signal?.aborted === true) {
      work.taker.fail(cancelled());
      return work;
    }
    signal?.addEventListener("abort", onAbort, { signal: work.over.signal });
    this.#byCommand.set(work.commandId, work);
    this.#byStream.set(stream, work);
    this.#send(message);
    if (audio !== undefined) void this.#upload(work, audio);
    return work;
  }

  async #upload(work: Work, audio: TalkInput): Promise<void> {
    let sequence = 0;
    const { stream } = work;
    const tellsEcho = this.server.capabilities.echo === true;
    try {
      for await (const given of audio) {
        const { samples: chunk, echo = 0 } = given instanceof Float32Array ? { samples: given } : given;
        for (let at = 0; at < chunk.length; at += FRAME_SAMPLES) {
          await this.#roomToSend(work);
          if (work.over.signal.aborted) return;
          const samples = chunk.subarray(at, at + FRAME_SAMPLES);
          const timestampMs = ((work.sentSamples / INPUT_RATE_HZ) * 1000) % 0xffff_ffff;
          const frame: AudioFrame = { stream, sequence, timestampMs, sampleRateHz: INPUT_RATE_HZ, samples };
          this.#peer.socket.send(
            encodeAudioFrame(tellsEcho && echo > 0 ? { ...frame, echo: Math.min(1, echo) } : frame),
          );
          sequence += 1;
          work.sentSamples += samples.length;
        }
      }
      if (!work.over.signal.aborted) this.#tell(work, "input.end", { commandId: work.commandId });
    } catch (error) {
      // The caller's own source failed: the work cannot be completed, and the caller meets its own error.
      this.#cancel(work);
      work.taker.fail(error);
    }
  }

  async #roomToSend(work: Work): Promise<void> {
    while (this.#peer.socket.bufferedAmount > SEND_HIGH_WATER_BYTES && !work.over.signal.aborted) {
      await new Promise((resolve) => {
        setTimeout(resolve, SEND_POLL_MS);
      });
    }
  }

  #cancel(work: Work): void {
    if (!this.#byCommand.has(work.commandId)) return;
    this.#finish(work);
    this.#tell(work, "cancel", { commandId: work.commandId });
  }

  #finish(work: Work): void {
    this.#byCommand.delete(work.commandId);
    this.#byStream.delete(work.stream);
    work.over.abort();
  }

  /** Something about work that was begun. */
  #tell(work: Work, command: CommandName, parameters: Record<string, unknown>): void {
    const message = createMessage("COMMAND", { command, parameters }, { from: this.#peer.clientId });
    this.#told.set(message.messageId, work);
    const [oldest] = this.#told.keys();
    if (this.#told.size > TOLD_KEPT && oldest !== undefined) this.#told.delete(oldest);
    this.#send(message);
  }

  #send(message: Message): void {
    if (this.#closed === undefined) this.#peer.socket.send(JSON.stringify(message));
  }

  #onFrame(data: unknown): void {
    if (data instanceof ArrayBuffer) return this.#onAudio(new Uint8Array(data));
    const parsed = parseMessage(String(data));
    if (!parsed.ok) return this.#breach(parsed.reason);
    const { message } = parsed;
    if (message.type === "EVENT") return this.#onEvent(message);
    if (message.type === "COMMAND_RESULT") return this.#onResult(message.payload);
    if (message.type === "ERROR") return this.#onError(message);
  }

  #onError(message: Extract<Message, { type: "ERROR" }>): void {
    const { errorCode, errorMessage, retryable } = message.payload;
    if (message.inReplyTo === undefined) return this.#breach(`${errorCode}: ${errorMessage}`);
    const asked = this.#byCommand.get(message.inReplyTo);
    const work = asked ?? this.#told.get(message.inReplyTo);
    const isOver = work === undefined || work.over.signal.aborted;
    // What was said to work that is over changes nothing; a report that came too soon behind others is followed by the next.
    if (isOver || (asked === undefined && retryable)) return;
    this.#finish(work);
    const nextStep = "Check the request; a peer of another version may not know it.";
    work.taker.fail(new ParleyError("refused", errorMessage, { nextStep, remoteCode: errorCode }));
  }

  #onAudio(bytes: Uint8Array): void {
    const opus = decodeOpusFrame(bytes);
    if (opus !== undefined) return this.#byStream.get(opus.stream)?.taker.opus?.(opus);
    const frame = decodeAudioFrame(bytes);
    if (typeof frame === "string") return this.#breach(frame);
    this.#byStream.get(frame.stream)?.taker.audio(frame);
  }

  #onEvent(message: Extract<Message, { type: "EVENT" }>): void {
    const { eventData, eventType } = message.payload;
    this.#byCommand.get(message.inReplyTo ?? "")?.taker.event({ ...eventData, type: eventType });
  }

  #onResult(payload: Payload<"COMMAND_RESULT">): void {
    const work = this.#byCommand.get(payload.commandId);
    if (work === undefined) return;
    this.#finish(work);
    work.result = payload.result;
    if (payload.success) return work.taker.end();
    const { code, message, nextStep } = payload.error ?? {
      code: "internal",
      message: "failed",
      nextStep: "See the peer's log.",
    };
    work.taker.fail(new ParleyError("work-failed", message, { nextStep, remoteCode: code }));
  }

  #breach(reason: string): void {
    this.#onClose(`the peer broke the protocol: ${reason}`, "protocol");
    this.#peer.socket.close(CLOSE_PROTOCOL, "protocol error");
  }

  #onClose(reason: string, code: "connection-lost" | "protocol" = "connection-lost"): void {
    if (this.#closed !== undefined) return;
    this.#closed = new ParleyError(code, reason, {
      nextStep: "Connect again; if the peer is gone, start it: parley start.",
    });
    for (const work of this.#byCommand.values()) {
      this.#finish(work);
      work.taker.fail(this.#closed);
    }
  }
}

/** Connects to a peer. @throws ParleyError as {@link openSocket}. */
export async function connect(options: ConnectOptions): Promise<ParleyClient> {
  return new ParleyClient(await openSocket(options));
}

function cancelled(): ParleyError {
  return new ParleyError("cancelled", "cancelled by the caller", { nextStep: "Ask again when ready." });
}

function hearingOf({ hearing, hotWords }: HearingOptions): { hearing?: "command" | "dictation"; hotWords?: string[] } {
  return {
    ...(hearing === undefined ? {} : { hearing }),
    ...(hotWords === undefined ? {} : { hotWords: [...hotWords] }),
  };
}

function partialsOf({ partials }: ListenOptions): Pick<ListenOptions, "partials"> {
  return partials === undefined ? {} : { partials };
}

function voiceOf({ voice, speed, language, audio }: VoiceOptions): Omit<VoiceOptions, "signal"> {
  return {
    ...(voice === undefined ? {} : { voice }),
    ...(speed === undefined ? {} : { speed }),
    ...(language === undefined ? {} : { language }),
    ...(audio === undefined ? {} : { audio }),
  };
}
