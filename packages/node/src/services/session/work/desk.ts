/** The work of one client: what runs, what comes in for it, and how it ends. */
import type { Logger } from "pino";
import { decodeAudioFrame, type Payload, type TalkEvent, type WorkEvent } from "@parley/sdk";
import type { Services } from "../../services.ts";
import type { Session } from "../session.ts";
import { failureOf } from "../../stage.ts";
import type { SessionRefusal, WorkRemark, WorkRequest } from "../wire.ts";
import { Work } from "./work.ts";

/** Pieces of work a client may have running. */
const MAX_WORK = 8;

/** Where it tells of it. */
export interface DeskSink {
  event(commandId: string, event: WorkEvent | TalkEvent): Promise<void>;
  frame(bytes: Uint8Array): Promise<void>;
  result(commandId: string, outcome: Omit<Payload<"COMMAND_RESULT">, "commandId">): Promise<void>;
}

export interface DeskDeps {
  readonly services: Services;
  readonly session: Session;
  readonly sink: DeskSink;
  readonly log: Logger;
}

export class WorkDesk {
  readonly #deps: DeskDeps;
  readonly #byCommand = new Map<string, Work>();
  readonly #byStream = new Map<number, Work>();

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** Runs a command to its end. @returns why it is not begun */
  async run(commandId: string, request: WorkRequest): Promise<SessionRefusal | undefined> {
    if (this.#byCommand.size >= MAX_WORK) {
      return { code: "RATE_LIMIT_EXCEEDED", reason: `${MAX_WORK} pieces of work are running` };
    }
    if (this.#byCommand.has(commandId)) {
      return { code: "INVALID_MESSAGE", reason: `a command with the id ${commandId} is running` };
    }
    const work = new Work(request);
    if (this.#byStream.has(work.stream)) {
      return { code: "INVALID_MESSAGE", reason: `stream ${work.stream} is in use` };
    }
    this.#byCommand.set(commandId, work);
    this.#byStream.set(work.stream, work);
    await this.#finish(commandId, request, work);
    return undefined;
  }

  /** Something about work that runs; what concerns none is late, and no error. */
  remark(remark: WorkRemark): void {
    const work = this.#byCommand.get(remark.parameters.commandId);
    switch (remark.command) {
      case "cancel":
        return work?.cancel();
      case "input.end":
        return work?.endInput();
      case "talk.key":
        return work?.key(remark.parameters);
      case "talk.heard":
        return work?.heard(remark.parameters);
    }
  }

  /** A binary frame; resolves once there is room for it. @returns what is wrong with it */
  async audio(bytes: Uint8Array): Promise<string | undefined> {
    const frame = decodeAudioFrame(bytes);
    if (typeof frame === "string") return frame;
    // Frames of work that has just ended are still on their way: they are not an error.
    const work = this.#byStream.get(frame.stream);
    if (work === undefined) return undefined;
    const wrong = work.check(frame);
    if (wrong !== undefined) {
      work.cancel();
      return wrong;
    }
    if (!work.tryReceive(frame.samples)) await work.receive(frame.samples);
    return undefined;
  }

  /** The client is gone. */
  close(): void {
    for (const work of this.#byCommand.values()) work.leave();
  }

  async #finish(commandId: string, request: WorkRequest, work: Work): Promise<void> {
    const { services, session, sink, log } = this.#deps;
    try {
      await work.run(services, session, {
        event: (event) => sink.event(commandId, event),
        frame: (bytes) => sink.frame(bytes),
      });
      await sink.result(commandId, { success: true });
    } catch (error) {
      const failure = failureOf(error);
      const level = failure.code === "internal" ? "error" : "info";
      log[level]({ err: error, command: request.command }, "work failed");
      await sink.result(commandId, { success: false, error: failure });
    } finally {
      this.#byCommand.delete(commandId);
      this.#byStream.delete(work.stream);
    }
  }
}
