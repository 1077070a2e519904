/** All work that this client has under way, at whatever peer it is connected to. */
import { abortedError, ParleyError } from "../../errors.ts";
import { decodeAudioFrame } from "../../protocol/audio-frame.ts";
import { createMessage, type MessageOf, type Payload } from "../../protocol/envelope.ts";
import { decodeOpusFrame } from "../../protocol/opus-frame.ts";
import { SERVER_ID } from "../../protocol/limits.ts";
import { SESSION_MOVED } from "../../protocol/session.ts";
import type { CommandName } from "../../protocol/work.ts";
import { againMs } from "../again.ts";
import type { Doing } from "../link/watchfulness.ts";
import { failedWork } from "../failed-work.ts";
import type { Course, NextPeer } from "./course.ts";
import { Upload, type TalkInput } from "./upload.ts";

/** What was said to work that runs, and may still be refused. */
const TOLD_KEPT = 64;
/** Peers that are asked in a row without a word of an answer: it may be what is asked that they die of. */
const MOST_IN_VAIN = 5;
/** Work that is over, of which something may still be on its way. */
const OVER_KEPT = 256;
/** Pieces of work of one client; a peer takes fewer at once. */
const MOST_WORK = 64;

/** What work needs of the connection. */
export interface WorkLine {
  readonly clientId: string;
  readonly isUp: boolean;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
}

/** A piece of work. */
export interface Work {
  readonly course: Course;
  readonly upload: Upload | undefined;
  /** Aborted when it is over. */
  readonly over: AbortController;
  /** Names it at the peer that has it now; empty while none has. */
  commandId: string;
  stream: number;
  /** Some peer had it before. */
  wasBegun: boolean;
  /** How often it was begun since anything was heard of it. */
  inVain: number;
  /** How often it was asked again because there was no room for it. */
  again: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Works {
  readonly #line: WorkLine;
  readonly #all = new Set<Work>();
  readonly #byCommand = new Map<string, Work>();
  readonly #byStream = new Map<number, Work>();
  /** By the message that told something about it. */
  readonly #told = new Map<string, Work>();
  /** Names of work that is over. */
  readonly #past = new Set<string>();
  #nextStream = 1;
  #peer: NextPeer & { readonly tellsEcho: boolean } = { name: "", resumes: false, tellsEcho: false };

  constructor(line: WorkLine) {
    this.#line = line;
  }

  /**
   * The peer has work, and time for a sign of life. One that takes in a recording may read no faster than it hears it: what is
   * asked of it waits behind the sound.
   */
  get doing(): Doing {
    const all = [...this.#all];
    if (all.length === 0 || all.some(({ upload }) => upload?.said.isLive === false)) return "nothing";
    return all.some(({ course }) => course.isSounding === true) ? "sounding" : "working";
  }

  /** Begins, now or with the next connection. */
  start(course: Course, audio: TalkInput | undefined, signal: AbortSignal | undefined, neverWaits = false): Work {
    const upload =
      audio === undefined
        ? undefined
        : new Upload({
            neededFrom: (said) => course.neededFrom(said),
            neverWaits,
            onFailed: (error) => this.#fail(work, error),
          });
    const work: Work = {
      course,
      upload,
      over: new AbortController(),
      commandId: "",
      stream: 0,
      wasBegun: false,
      inVain: 0,
      again: 0,
      timer: undefined,
    };
    if (signal?.aborted === true) return begunNever(work, abortedError(signal, "the work"));
    if (this.#all.size >= MOST_WORK) return begunNever(work, tooMuch());
    signal?.addEventListener("abort", () => this.#fail(work, abortedError(signal, "the work")), {
      signal: work.over.signal,
    });
    this.#all.add(work);
    if (this.#line.isUp) this.#begin(work);
    if (audio !== undefined) void upload?.read(audio);
    return work;
  }

  /** Something about work that was begun; nothing when no peer has it now. @returns whether it was told */
  tell(work: Work, command: CommandName, parameters: Readonly<Record<string, unknown>>): boolean {
    if (work.commandId === "" || !this.#line.isUp) return false;
    const told = { ...parameters, commandId: work.commandId };
    const message = createMessage("COMMAND", { command, parameters: told }, { from: this.#line.clientId });
    this.#told.set(message.messageId, work);
    const [oldest] = this.#told.keys();
    if (this.#told.size > TOLD_KEPT && oldest !== undefined) this.#told.delete(oldest);
    this.#line.send(JSON.stringify(message));
    return true;
  }

  /** Its caller wants no more of it. */
  cancel(work: Work): void {
    if (!this.#all.has(work)) return;
    this.tell(work, "cancel", {});
    this.#finish(work);
  }

  /** There is a peer: what waits, and what another one had, begins here. */
  up(peer: NextPeer & { readonly tellsEcho: boolean }): void {
    this.#peer = peer;
    for (const work of this.#all) {
      const isAgain = work.wasBegun;
      if (this.#begin(work) && isAgain) work.course.resumed?.(peer.name);
    }
  }

  /** The peer is gone: what cannot be carried on ends. */
  down(error: ParleyError): void {
    this.#byCommand.clear();
    this.#byStream.clear();
    this.#told.clear();
    for (const work of this.#all) {
      const wasBegun = work.commandId !== "";
      work.commandId = "";
      work.upload?.halt();
      if (wasBegun && (work.inVain >= MOST_IN_VAIN || !work.course.lost())) this.#fail(work, cutOff(error));
    }
  }

  /** The peer stays, and has lost what it had: all of it begins there again, where this client has got to. */
  #beginAgain(messageId: string): void {
    this.down(movedError());
    const from = this.#line.clientId;
    const known = createMessage("MESSAGE_ACK", { messageId, success: true }, { from, inReplyTo: messageId });
    this.#line.send(JSON.stringify(known));
    this.up(this.#peer);
  }

  /** All of it ends. */
  failAll(error: ParleyError): void {
    for (const work of this.#all) this.#fail(work, error);
  }

  /** @returns whether it was about work */
  event({ inReplyTo, payload, source, messageId }: MessageOf<"EVENT">): boolean {
    if (source.clientId === SERVER_ID && payload.eventType === SESSION_MOVED) {
      this.#beginAgain(messageId);
      // Who listens to events may want to know.
      return false;
    }
    const work = this.#byCommand.get(inReplyTo ?? "");
    if (work !== undefined) work.inVain = 0;
    work?.course.event({ ...payload.eventData, type: payload.eventType });
    return work !== undefined || this.#past.has(inReplyTo ?? "");
  }

  result(payload: Payload<"COMMAND_RESULT">): boolean {
    const work = this.#byCommand.get(payload.commandId);
    if (work === undefined) return false;
    if (payload.success) {
      this.#finish(work);
      work.course.end();
    } else this.#ended(work, failedWork(payload.error, "the peer"));
    return true;
  }

  error({ inReplyTo = "", payload }: MessageOf<"ERROR">): boolean {
    const { errorCode, errorMessage, retryable } = payload;
    const asked = this.#byCommand.get(inReplyTo);
    const work = asked ?? this.#told.get(inReplyTo);
    if (work === undefined) return false;
    // What was said to work that is over changes nothing; a report that came too soon behind others is followed by the next.
    if (work.over.signal.aborted || (asked === undefined && retryable)) return true;
    const nextStep = "Check the request; a peer of another version may not know it.";
    const error = new ParleyError("refused", errorMessage, { nextStep, remoteCode: errorCode, retryable });
    const waitMs = asked === undefined ? undefined : againMs(payload, work.again);
    if (asked === undefined) this.#fail(work, error);
    else if (waitMs === undefined) this.#ended(work, error);
    else this.#askAgain(work, waitMs);
    return true;
  }

  /** There was no room for it: nothing of it was begun, and all of it is asked again, here or wherever this client is by then. */
  #askAgain(work: Work, waitMs: number): void {
    work.again += 1;
    this.#forgetName(work);
    work.upload?.halt();
    work.timer = setTimeout(() => {
      if (this.#all.has(work) && work.commandId === "" && this.#line.isUp) this.#begin(work);
    }, waitMs);
  }

  /** @returns what is wrong with the frame; undefined when nothing is */
  frame(bytes: Uint8Array): string | undefined {
    const opus = decodeOpusFrame(bytes);
    if (opus !== undefined) {
      this.#byStream.get(opus.stream)?.course.opus(opus);
      return undefined;
    }
    const frame = decodeAudioFrame(bytes);
    if (typeof frame === "string") return frame;
    this.#byStream.get(frame.stream)?.course.audio(frame);
    return undefined;
  }

  /** @returns whether it could begin */
  #begin(work: Work): boolean {
    const { course, upload } = work;
    const from = upload === undefined ? 0 : upload.beginning(course.mayMiss);
    if (from === undefined) {
      this.#fail(work, tooLong());
      return false;
    }
    const wanted = course.request(from, this.#peer);
    if (wanted === undefined) {
      this.#fail(work, cutOff(olderPeer(this.#peer.name)));
      return false;
    }
    const { command, parameters } = wanted;
    work.stream = this.#nextStream;
    this.#nextStream += 1;
    const message = createMessage(
      "COMMAND",
      { command, parameters: { ...parameters, stream: work.stream } },
      { from: this.#line.clientId },
    );
    clearTimeout(work.timer);
    work.commandId = message.messageId;
    work.wasBegun = true;
    work.inVain += 1;
    this.#byCommand.set(work.commandId, work);
    this.#byStream.set(work.stream, work);
    this.#line.send(JSON.stringify(message));
    if (upload !== undefined && course.neededFrom(upload.said) !== undefined) {
      upload.begin(from, {
        stream: work.stream,
        line: this.#line,
        tellsEcho: this.#peer.tellsEcho,
        onEnd: () => void this.tell(work, "input.end", {}),
      });
    }
    return true;
  }

  /** On this side: a peer that has it is to stop. */
  #fail(work: Work, error: unknown): void {
    if (!this.#all.has(work)) return;
    this.tell(work, "cancel", {});
    this.#ended(work, error);
  }

  #ended(work: Work, error: unknown): void {
    this.#finish(work);
    work.course.fail(error);
  }

  #finish(work: Work): void {
    this.#all.delete(work);
    this.#forgetName(work);
    clearTimeout(work.timer);
    work.upload?.stop();
    work.over.abort();
  }

  /** What still comes under the name that it had is about nothing any more. */
  #forgetName(work: Work): void {
    if (work.commandId !== "") this.#past.add(work.commandId);
    const [oldest] = this.#past;
    if (this.#past.size > OVER_KEPT && oldest !== undefined) this.#past.delete(oldest);
    this.#byCommand.delete(work.commandId);
    this.#byStream.delete(work.stream);
    work.commandId = "";
  }
}

function begunNever(work: Work, error: ParleyError): Work {
  work.over.abort();
  work.course.fail(error);
  return work;
}

function tooMuch(): ParleyError {
  return new ParleyError("overloaded", `${MOST_WORK} pieces of work are under way`, {
    nextStep: "Wait for one to end.",
    retryable: true,
  });
}

function tooLong(): ParleyError {
  return new ParleyError("connection-lost", "the connection was lost, and more had been said than is kept", {
    nextStep: "Say it again.",
    retryable: true,
  });
}

/** What was given out cannot be taken back, nor gone on with from where it is. */
function cutOff(cause: ParleyError): ParleyError {
  return new ParleyError(cause.code, `cut off: ${cause.message}`, {
    nextStep: "Ask again: another peer answers from the beginning.",
    retryable: true,
    cause,
  });
}

function movedError(): ParleyError {
  return new ParleyError("connection-lost", "the session's host was lost", { nextStep: "Ask again.", retryable: true });
}

function olderPeer(name: string): ParleyError {
  return new ParleyError("connection-lost", `the peer was lost, and ${name} is too old to go on with its answer`, {
    nextStep: "Ask again.",
    retryable: true,
  });
}
