/** One command under way: its audio coming in, what happens going out. */
import { BoundedQueue } from "@parley/audio/format";
import type { TurnTimings } from "@parley/audio/pipeline";
import { AudioError, SPEECH_RATE_HZ } from "@parley/audio";
import { INPUT_RATE_HZ, type AudioFrame } from "@parley/sdk";
import type { TalkEvent, TalkHeard, TalkKeyStruck, WorkEvent } from "@parley/sdk";
import type { Services } from "../../services.ts";
import type { Session } from "../session.ts";
import type { WorkRequest } from "../wire.ts";
import { FramesOut, type SoundOut } from "./frames-out.ts";
import { OpusOut } from "./opus-out.ts";
import { VisitOver } from "../visit-over.ts";
import { spokenSoFar } from "./so-far.ts";
import { Talk } from "../talk/talk.ts";
import { toldOf, type AnyEvent } from "./told.ts";

/** Where a piece of work sends what happens. */
export interface WorkSink {
  event(event: WorkEvent | TalkEvent): Promise<void>;
  frame(bytes: Uint8Array): Promise<void>;
}

/** Audio frames that may wait for the engines; beyond that the client is held. */
const FRAMES_WAITING = 64;
/** A live microphone sends all the time, in silence too. */
const INPUT_IDLE_MS = 30_000;

/** A running command. */
export class Work {
  readonly stream: number;
  readonly #request: WorkRequest;
  readonly #abort = new AbortController();
  readonly #input = new BoundedQueue<Float32Array>({
    capacity: FRAMES_WAITING,
    signal: this.#abort.signal,
    doing: "receiving audio",
  });
  /** Fails work whose client neither sends nor ends its audio: it would hold an engine for ever. */
  #idle: NodeJS.Timeout | undefined;
  #received = 0;
  /** A conversation's own ways in. */
  readonly #talk: Talk | undefined;

  constructor(request: WorkRequest) {
    this.#request = request;
    this.stream = request.parameters.stream;
    this.#talk = request.command === "talk" ? new Talk(request.parameters) : undefined;
    this.#watchInput();
  }

  /** Runs to the end. @throws AudioError, PeerError of whatever takes part. */
  async run(services: Services, session: Session, sink: WorkSink): Promise<void> {
    const frames = new FramesOut(this.stream, (bytes) => sink.frame(bytes));
    const { signal } = this.#abort;
    try {
      if (this.#talk !== undefined) await this.#talk.run(this.#input, { session, sink, frames, signal });
      else await this.#tell(this.#events(services, session, sink), sink, this.#soundOut(frames, sink));
    } catch (error) {
      const { reason } = this.#abort.signal;
      throw reason instanceof AudioError ? reason : error;
    } finally {
      clearTimeout(this.#idle);
      // Frames still on their way have no reader.
      this.#abort.abort();
    }
  }

  #soundOut(frames: FramesOut, sink: WorkSink): SoundOut {
    const { parameters } = this.#request;
    const isOpus = "audio" in parameters && parameters.audio === "opus";
    return isOpus ? new OpusOut(this.stream, (bytes) => sink.frame(bytes), this.#abort.signal) : frames;
  }

  async #tell(events: AsyncIterable<AnyEvent>, sink: WorkSink, sound: SoundOut): Promise<void> {
    for await (const event of events) {
      if (event.type === "audio") {
        await sound.send(event.pcm);
        continue;
      }
      // The last of the sound comes before the last event.
      if (event.type === "done") await sound.end();
      const told = toldOf(event);
      if (told !== undefined) await sink.event(told);
    }
  }

  cancel(): void {
    this.#abort.abort();
  }

  /** Its client is gone, and may come back for the rest. */
  leave(): void {
    this.#abort.abort(new VisitOver());
  }

  endInput(): void {
    clearTimeout(this.#idle);
    this.#input.close();
  }

  /** A sentence when `frame` is not the one that is due. */
  check(frame: AudioFrame): string | undefined {
    if (frame.sampleRateHz !== INPUT_RATE_HZ) return `audio comes at ${frame.sampleRateHz} Hz, not ${INPUT_RATE_HZ} Hz`;
    if (frame.sequence !== this.#received) return `audio frame ${frame.sequence} came where ${this.#received} was due`;
    this.#received += 1;
    this.#talk?.captured(frame);
    this.#watchInput();
    return undefined;
  }

  /** A key of a conversation's client; nothing for other work. */
  key(struck: TalkKeyStruck): void {
    this.#talk?.key(struck);
  }

  /** How far a conversation's client has heard a reply; nothing for other work. */
  heard(report: TalkHeard): void {
    this.#talk?.heard(report);
  }

  /** Takes samples in, if there is room now. */
  tryReceive(samples: Float32Array): boolean {
    return this.#input.tryPush(samples);
  }

  /** Takes samples in once there is room, or drops them once nobody will read them. */
  async receive(samples: Float32Array): Promise<void> {
    await this.#input.push(samples);
  }

  #watchInput(): void {
    clearTimeout(this.#idle);
    if (this.#input.ended || !takesAudio(this.#request)) return;
    this.#idle = setTimeout(() => this.#abort.abort(noAudio()), INPUT_IDLE_MS);
  }

  #events(services: Services, session: Session, sink: WorkSink): AsyncIterable<AnyEvent> {
    const { signal } = this.#abort;
    const request = this.#request;
    switch (request.command) {
      case "ask": {
        const { input, speak, hearing: mode, hotWords, privacy, soFar: has, workId, ...manner } = request.parameters;
        const { voice, speed, language } = manner;
        const soFar = spokenSoFar(has);
        const partials = input.kind === "audio" ? input.partials : undefined;
        const words = input.kind === "text" ? input.text : has?.question;
        const question = words === undefined ? { audio: this.#input } : { text: words };
        const onWritten = (length: number): void => void sink.event({ type: "text", delta: "", length });
        const manners = { speak, voice, speed, language, partials, mode, hotWords, privacy };
        const how = { ...manners, soFar, workId, onWritten, signal };
        return session.ask(question, how);
      }
      case "listen": {
        const { partials, language, hearing: mode, hotWords, privacy } = request.parameters;
        const how = { partials, language, mode, hotWords, signal };
        return clocked((timings) => services.listen(counted(this.#input, timings), how, { privacy }));
      }
      case "say": {
        const { text, format, keep, voice, speed, language, privacy, soFar: has } = request.parameters;
        const how = { format, keep, voice, speed, language, privacy, soFar: spokenSoFar(has), signal };
        return clocked(() => services.say(text, how));
      }
      case "talk":
        throw new TypeError("a conversation has events of its own");
    }
  }
}

function takesAudio(request: WorkRequest): boolean {
  return (
    request.command === "talk" ||
    request.command === "listen" ||
    (request.command === "ask" && request.parameters.input.kind === "audio")
  );
}

function noAudio(): AudioError {
  return new AudioError("job-timed-out", `no audio came for ${INPUT_IDLE_MS / 1000} s`, {
    nextStep: "Send the rest, or say that the audio has ended.",
  });
}

/** Adds the closing `done` to work that is not a turn. */
async function* clocked(start: (timings: TurnTimings) => AsyncIterable<AnyEvent>): AsyncGenerator<AnyEvent> {
  const startedAt = performance.now();
  const timings: TurnTimings = { totalMs: 0 };
  for await (const event of start(timings)) {
    if (event.type === "audio") {
      timings.firstAudioMs ??= performance.now() - startedAt;
      timings.outputAudioMs = (timings.outputAudioMs ?? 0) + (event.pcm.samples.length / event.pcm.sampleRateHz) * 1000;
    }
    yield event;
  }
  timings.totalMs = performance.now() - startedAt;
  yield { type: "done", timings };
}

async function* counted(audio: AsyncIterable<Float32Array>, timings: TurnTimings): AsyncGenerator<Float32Array> {
  for await (const chunk of audio) {
    timings.inputAudioMs = (timings.inputAudioMs ?? 0) + (chunk.length / SPEECH_RATE_HZ) * 1000;
    yield chunk;
  }
}
