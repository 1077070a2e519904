/** One client's commands of the program that the peer is embedded in: what runs of them, and how each ends. */
import type { Logger } from "pino";
import type { MessageOf, Payload } from "@parley/sdk";
import type { AppCommands, CommandAsker } from "../extend/index.ts";
import type { Refused } from "./hub/hub.ts";

/** Commands of one client that run at once. */
const MAX_RUNNING = 8;

/** Where it tells of them. */
export interface AppSink {
  tell(commandId: string, type: string, data: Readonly<Record<string, unknown>>): Promise<void>;
  result(commandId: string, outcome: Omit<Payload<"COMMAND_RESULT">, "commandId">): Promise<void>;
}

export class AppDesk {
  readonly #commands: AppCommands | undefined;
  readonly #sink: AppSink;
  readonly #log: Logger;
  readonly #running = new Map<string, AbortController>();

  constructor(commands: AppCommands | undefined, sink: AppSink, log: Logger) {
    this.#commands = commands;
    this.#sink = sink;
    this.#log = log;
  }

  /** Of the program. */
  get names(): readonly string[] {
    return this.#commands?.names ?? [];
  }

  /** Whether a command is one of the program's. */
  knows(name: string): boolean {
    return this.#commands?.rightOf(name) !== undefined;
  }

  /** Runs a command of the program to its end. @returns why it is not begun */
  async run(
    { messageId, payload }: MessageOf<"COMMAND">,
    client: CommandAsker["client"],
  ): Promise<Refused | undefined> {
    const { command: name, parameters } = payload;
    const commands = this.#commands;
    if (commands === undefined) return { code: "INVALID_MESSAGE", reason: `there is no command ${name}` };
    if (this.#running.size >= MAX_RUNNING) return busy(`${MAX_RUNNING} commands are running`);
    if (this.#running.has(messageId)) {
      return { code: "INVALID_MESSAGE", reason: `a command with the id ${messageId} is running` };
    }
    const over = new AbortController();
    this.#running.set(messageId, over);
    try {
      const outcome = await commands.run(name, parameters, {
        id: messageId,
        client,
        signal: over.signal,
        emit: (type, data) => this.#sink.tell(messageId, type, data ?? {}),
      });
      if (outcome.kind === "busy") return busy("too many commands are running");
      if (outcome.kind === "wrong") return { code: "INVALID_MESSAGE", reason: `${name}: parameters: ${outcome.why}` };
      if (outcome.kind === "done") await this.#sink.result(messageId, { success: true, result: { ...outcome.result } });
      else {
        const { failure, defect } = outcome;
        if (defect !== undefined) this.#log.error({ err: defect, command: name }, "a command of the program failed");
        await this.#sink.result(messageId, { success: false, error: failure });
      }
      return undefined;
    } finally {
      this.#running.delete(messageId);
    }
  }

  /** It is not wanted any more; what concerns none is late, and no error. */
  cancel(commandId: string): void {
    this.#running.get(commandId)?.abort();
  }

  /** The client is gone. */
  close(): void {
    for (const over of this.#running.values()) over.abort();
  }
}

function busy(reason: string): Refused {
  return { code: "RATE_LIMIT_EXCEEDED", reason };
}
