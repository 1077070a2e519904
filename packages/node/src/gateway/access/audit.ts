/**
 * What was done to the house by people and programs, and by whom: a line of JSON each, only the owner's, kept on the peer at which it was done.
 * Never what somebody said, nor a secret.
 */
import { createReadStream } from "node:fs";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { createInterface } from "node:readline";
import * as z from "zod";
import { codeOf } from "../../errors.ts";

/** A file that has become as long as this makes room for the next one. */
const MOST_BYTES = 10_485_760;
/** The one that is written, and those before it. */
const MOST_FILES = 10;

const entrySchema = z.object({
  /** ISO 8601, by the clock of the peer. */
  at: z.string(),
  /** Who did it: a client's name, or `this machine`. */
  actor: z.string(),
  /** What was done, such as `client.add`. */
  action: z.string(),
  /** To whom or what. */
  target: z.string(),
  outcome: z.enum(["done", "refused", "failed"]),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

/** One thing that was done. */
export type AuditEntry = z.output<typeof entrySchema>;

/** Options of {@link AuditLog}. */
export interface AuditOptions {
  readonly path: string;
  /** What cannot be written down is told here. */
  readonly onFailure: (error: unknown) => void;
  readonly nowMs?: () => number;
  readonly mostBytes?: number;
}

/** The audit log of one peer. */
export class AuditLog {
  readonly #options: AuditOptions;
  #file: FileHandle | undefined;
  #bytes = 0;
  /** Lines are written one after another. */
  #tail: Promise<void> = Promise.resolve();

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** Writes an entry down; on disk when it settles. Never rejects: what fails is told to {@link AuditOptions.onFailure}. */
  note(entry: Omit<AuditEntry, "at">): Promise<void> {
    const at = new Date((this.#options.nowMs ?? Date.now)()).toISOString();
    const line = `${JSON.stringify({ at, ...entry } satisfies AuditEntry)}\n`;
    this.#tail = this.#tail.then(() => this.#write(line)).catch(this.#options.onFailure);
    return this.#tail;
  }

  /** The newest entries, the newest first. @throws the system's error */
  async read(most: number): Promise<readonly AuditEntry[]> {
    await this.#tail;
    const entries: AuditEntry[] = [];
    for (let number = 0; number < MOST_FILES && entries.length < most; number += 1) {
      const lines = await linesOf(this.#pathOf(number));
      entries.push(...lines.toReversed().flatMap((line) => readEntry(line) ?? []));
    }
    return entries.slice(0, most);
  }

  async close(): Promise<void> {
    await this.#tail;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #write(line: string): Promise<void> {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > (this.#options.mostBytes ?? MOST_BYTES)) await this.#rotate();
    this.#file ??= await this.#open();
    await this.#file.appendFile(line);
    await this.#file.datasync();
    this.#bytes += bytes;
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#options.path, "a", 0o600);
    this.#bytes = (await file.stat()).size;
    return file;
  }

  async #rotate(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#bytes = 0;
    await rm(this.#pathOf(MOST_FILES - 1), { force: true });
    for (let number = MOST_FILES - 2; number >= 0; number -= 1) {
      if (await exists(this.#pathOf(number))) await rename(this.#pathOf(number), this.#pathOf(number + 1));
    }
  }

  #pathOf(number: number): string {
    return number === 0 ? this.#options.path : `${this.#options.path}.${number}`;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function linesOf(path: string): Promise<readonly string[]> {
  if (!(await exists(path))) return [];
  const lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) lines.push(line);
  return lines;
}

/** Undefined for a line that was torn off as the power went. */
function readEntry(line: string): AuditEntry | undefined {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // No JSON: torn.
    return undefined;
  }
}
