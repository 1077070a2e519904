/** The replicated state machine of the simulation: registers that clients append to. */
import type { Command, StateMachine } from "@parley/raft";

export const KEYS = 4;

/** What a client asks for: its next value, for one register. Client and sequence name the value, and `attempt` one try. */
export interface Append {
  readonly client: number;
  readonly sequence: number;
  readonly attempt: number;
  readonly key: number;
  /** Whether a session sees to it that it is done once. */
  readonly isOnce: boolean;
}

const MARK = 0xa9;
const APPEND_BYTES = 10;

/** The fields stand at the end, so that they are found in whatever carries the command. */
export function encodeAppend({ client, sequence, attempt, key, isOnce }: Append, padding: number): Uint8Array {
  const bytes = new Uint8Array(padding + APPEND_BYTES);
  const view = new DataView(bytes.buffer, padding);
  view.setUint32(0, sequence);
  view.setUint16(4, attempt);
  bytes.set([client, key, isOnce ? 1 : 0, MARK], padding + 6);
  return bytes;
}

/** Undefined when `data` does not end with a command. */
export function decodeAppend(data: Uint8Array): Append | undefined {
  if (data.length < APPEND_BYTES || data.at(-1) !== MARK) return undefined;
  const view = new DataView(data.buffer, data.byteOffset + data.length - APPEND_BYTES, APPEND_BYTES);
  return {
    sequence: view.getUint32(0),
    attempt: view.getUint16(4),
    client: view.getUint8(6),
    key: view.getUint8(7),
    isOnce: view.getUint8(8) === 1,
  };
}

/** What a command came to: whose it was, and the length of the register after it. */
export interface Result {
  readonly client: number;
  readonly sequence: number;
  readonly position: number;
}

export function decodeResult(bytes: Uint8Array): Result | undefined {
  if (bytes.length !== 9) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { client: view.getUint8(0), sequence: view.getUint32(1), position: view.getUint32(5) };
}

function encodeResult({ client, sequence, position }: Result): Uint8Array {
  const bytes = new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, client);
  view.setUint32(1, sequence);
  view.setUint32(5, position);
  return bytes;
}

/** One command as it was carried out. */
export interface Done {
  readonly index: number;
  readonly term: number;
  readonly append: Append;
  readonly position: number;
}

interface Stored {
  readonly index: number;
  readonly digest: number;
  readonly lengths: readonly number[];
}

const CHUNK_CHARACTERS = 24;
const NOTHING = new Uint8Array();

export class Machine implements StateMachine {
  /** Of the last command. */
  index = 0;
  lengths: number[] = Array.from({ length: KEYS }, () => 0);
  #digest = 0;
  /** Digests after each command of this life, ascending, to say what the state was. */
  #digests: { readonly index: number; readonly digest: number }[] = [{ index: 0, digest: 0 }];
  readonly #done: (done: Done) => void;

  constructor(done: (done: Done) => void) {
    this.#done = done;
  }

  apply(commands: readonly Command[]): readonly Uint8Array[] {
    return commands.map((command) => this.#apply(command));
  }

  /** The state at once, as chunks to be read later. */
  snapshot(): Iterable<Uint8Array> {
    const { index, lengths } = this;
    const text = JSON.stringify({ index, digest: this.#digest, lengths } satisfies Stored);
    const encoder = new TextEncoder();
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < text.length; at += CHUNK_CHARACTERS) {
      chunks.push(encoder.encode(text.slice(at, at + CHUNK_CHARACTERS)));
    }
    return chunks;
  }

  async restore(contents: AsyncIterable<Uint8Array>): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of contents) chunks.push(chunk);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by snapshot()
    const stored = JSON.parse(Buffer.concat(chunks).toString()) as Stored;
    this.index = stored.index;
    this.lengths = [...stored.lengths];
    this.#digest = stored.digest;
    this.#digests = [{ index: stored.index, digest: stored.digest }];
  }

  /** Fingerprint of the commands up to `index` and of what they came to; undefined before this life's first state. */
  digestAt(index: number): number | undefined {
    return this.#digests.findLast((each) => each.index <= index)?.digest;
  }

  #apply({ index, term, data }: Command): Uint8Array {
    this.index = index;
    for (const value of [index, term, ...data]) this.#digest = mix(this.#digest, value);
    const append = decodeAppend(data);
    let result: Uint8Array = NOTHING;
    if (append !== undefined) {
      const { client, sequence, key } = append;
      const position = (this.lengths[key] ?? 0) + 1;
      this.lengths[key] = position;
      this.#digest = mix(this.#digest, position);
      result = encodeResult({ client, sequence, position });
      this.#done({ index, term, append, position });
    }
    this.#digests.push({ index, digest: this.#digest });
    return result;
  }
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x01000193);
  return mixed ^ (mixed >>> 15);
}
