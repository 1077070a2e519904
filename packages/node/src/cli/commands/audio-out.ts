/** Where spoken audio goes: a file that appears only when it is whole, or stdout; WAV or Ogg Opus. */
import { Option, type Command } from "commander";
import type { Pcm } from "@parley/audio";
import {
  BoundedQueue,
  formatOfName,
  writeOpusFile,
  writeOpusStream,
  writeWavFile,
  writeWavStream,
  type WrittenFormat,
} from "@parley/audio/format";
import type { TurnEvent } from "@parley/sdk";
import { PeerError } from "../../errors.ts";

export type SoundFormat = WrittenFormat;

/** Adds `--out` and `--format` to `command`; `what` is the beginning of the help text. */
export function addOutFlags(command: Command, what: string): Command {
  return command
    .option("-o, --out <file>", `${what} this file: Opus when it ends in .opus or .ogg, else WAV (- is stdout)`)
    .addOption(new Option("--format <format>", "what is written, whatever the name").choices(["wav", "opus"]));
}

/** The sound of a piece of work on its way to its file. */
export class AudioOut {
  readonly #blocks = new BoundedQueue<Pcm>({ capacity: 64 });
  readonly #written: Promise<unknown>;
  #hasSound = false;

  /** `path` may be `-` for stdout; without a `format` its name tells. */
  constructor(path: string, format: SoundFormat | undefined, signal: AbortSignal) {
    const isOpus = (format ?? formatOfName(path)) === "opus";
    const [toFile, toStream] = isOpus ? [writeOpusFile, writeOpusStream] : [writeWavFile, writeWavStream];
    const writing =
      path === "-" ? toStream(process.stdout, this.#blocks, { signal }) : toFile(path, this.#blocks, { signal });
    this.#written = writing;
    // A file that cannot be written reads no further: `write` is told by the queue and then meets the reason.
    writing.catch(() => this.#blocks.return());
  }

  /** @throws AudioError `file-unwritable`, `disk-full`. */
  async write(event: Extract<TurnEvent, { type: "audio" }>): Promise<void> {
    this.#hasSound = true;
    const { sampleRateHz, samples } = event;
    if (!(await this.#blocks.push({ sampleRateHz, samples }))) await this.#written;
  }

  /** Makes the file visible. @throws AudioError; PeerError `usage` when there was nothing to say. */
  async finish(): Promise<void> {
    if (!this.#hasSound) {
      const empty = new PeerError("usage", "there was nothing to say, so no sound was written", {
        nextStep: "Give a text with words in it.",
      });
      await this.abandon(empty);
      throw empty;
    }
    this.#blocks.close();
    await this.#written;
  }

  /** Leaves nothing behind; `reason` is what ended the work. */
  async abandon(reason: unknown): Promise<void> {
    this.#blocks.fail(reason);
    await this.#written.catch(() => undefined);
  }
}
