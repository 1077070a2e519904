/** A program's own commands, carried out for clients: bounded in number, time and size; what one fails with ends only that one. */
import { abortable } from "@parley/audio/format";
import { MAX_TEXT_BYTES } from "@parley/sdk";
import { messageOf } from "../errors.ts";
import type { StageFailure } from "../services/stage.ts";
import { CommandError, type AppCommand, type CommandContext, type CommandRight, type Data } from "./extension.ts";

/** What came of a command. */
export type CommandOutcome =
  /** Its parameters are not as it takes them. */
  | { readonly kind: "wrong"; readonly why: string }
  /** As many run as may. */
  | { readonly kind: "busy" }
  | { readonly kind: "done"; readonly result: Data }
  | { readonly kind: "failed"; readonly failure: StageFailure; readonly defect: unknown };

/** Who asks, and where they are told. */
export interface CommandAsker extends Pick<CommandContext, "id" | "client"> {
  /** Ends when the client wants no more of it, or is gone. */
  readonly signal: AbortSignal;
  readonly emit: CommandContext["emit"];
}

/** Of all clients. A handler that does not end although it was told to counts until it does. */
const MOST_RUNNING = 256;
/** What an event, or a result, may take of a message. */
const MOST_BYTES = MAX_TEXT_BYTES / 2;
const MAX_CODE_CHARS = 128;
const EVENT_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

export class AppCommands {
  readonly #commands: ReadonlyMap<string, AppCommand>;
  readonly #closing = new AbortController();
  #running = 0;

  constructor(commands: Readonly<Record<string, AppCommand>>) {
    this.#commands = new Map(Object.entries(commands));
  }

  get names(): readonly string[] {
    return [...this.#commands.keys()];
  }

  /** What it takes to give it; undefined: there is none of that name. */
  rightOf(name: string): CommandRight | undefined {
    return this.#commands.get(name)?.right;
  }

  /** Carries it out. Never rejects. */
  async run(name: string, parameters: unknown, asker: CommandAsker): Promise<CommandOutcome> {
    const command = this.#commands.get(name);
    if (command === undefined) return { kind: "wrong", why: `there is no command ${name}` };
    if (this.#running >= MOST_RUNNING) return { kind: "busy" };
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), command.timeoutMs);
    const signal = AbortSignal.any([asker.signal, late.signal, this.#closing.signal]);
    try {
      return await abortable(
        this.#carryOut(command, parameters, { ...asker, signal }),
        signal,
        "carrying out a command",
      );
    } catch (error) {
      if (late.signal.aborted) return failed(tooLate(name, command.timeoutMs), undefined);
      if (signal.aborted) return failed(CANCELLED, undefined);
      return error instanceof CommandError ? failed(toldOf(error), undefined) : failed(defectOf(name, error), error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What runs is told to end. */
  close(): void {
    this.#closing.abort();
  }

  async #carryOut(command: AppCommand, parameters: unknown, context: CommandContext): Promise<CommandOutcome> {
    this.#running += 1;
    try {
      const checked = await command.check(parameters);
      if (!checked.ok) return { kind: "wrong", why: checked.why };
      const result = await checked.run({ ...context, emit: emitOf(context) });
      return { kind: "done", result: sendable(result ?? {}, "a result") };
    } finally {
      this.#running -= 1;
    }
  }
}

/** Nothing is told once nobody waits for it. */
function emitOf({ emit, signal }: CommandContext): CommandContext["emit"] {
  return async (type, data = {}) => {
    if (!EVENT_NAME.test(type)) throw new TypeError(`no event can be called ${JSON.stringify(type.slice(0, 80))}`);
    const told = sendable(data, "an event");
    if (!signal.aborted) await emit(type, told);
  };
}

/** @throws TypeError for what is no object, or JSON cannot carry */
function sendable(data: Data, what: string): Data {
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw new TypeError(`${what} must be an object`);
  const bytes = Buffer.byteLength(JSON.stringify(data));
  if (bytes > MOST_BYTES) throw new TypeError(`${what} of ${bytes} bytes is too large: at most ${MOST_BYTES}`);
  return data;
}

function failed(failure: StageFailure, defect: unknown): CommandOutcome {
  return { kind: "failed", failure, defect };
}

function toldOf({ code, message, nextStep }: CommandError): StageFailure {
  return { code: code.slice(0, MAX_CODE_CHARS) || "extension-failed", message, nextStep };
}

function defectOf(name: string, error: unknown): StageFailure {
  return {
    code: "extension-failed",
    message: `the command ${name} failed: ${messageOf(error)}`,
    nextStep: "Look at the log of the program that brings this command.",
  };
}

function tooLate(name: string, timeoutMs: number): StageFailure {
  return {
    code: "timed-out",
    message: `the command ${name} took longer than ${timeoutMs / 1000} s`,
    nextStep: "Ask for less, or look at the log of the program that brings this command.",
  };
}

const CANCELLED: StageFailure = { code: "cancelled", message: "cancelled", nextStep: "Ask again when ready." };
