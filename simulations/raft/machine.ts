/** The replicated state machine of the simulation: registers that clients append to, and who appended last. */
import type { Entry } from "@parley/raft";

export const KEYS = 4;

/** What a client asks for: its next value, for one register. The pair of client and sequence is unique. */
export interface Command {
  readonly client: number;
  readonly sequence: number;
  readonly key: number;
}

export function encodeCommand({ client, sequence, key }: Command, padding: number): Uint8Array {
  const bytes = new Uint8Array(6 + padding);
  new DataView(bytes.buffer).setUint32(2, sequence);
  bytes[0] = client;
  bytes[1] = key;
  return bytes;
}

export function decodeCommand(data: Uint8Array): Command | undefined {
  const [client, key] = data;
  if (data.length < 6 || client === undefined || key === undefined) return undefined;
  return { client, key, sequence: new DataView(data.buffer, data.byteOffset).getUint32(2) };
}

/** A client's last command that took effect: a retry of it takes no second one. */
export interface Session {
  readonly sequence: number;
  /** Length of the register after it. */
  readonly position: number;
}

interface Stored {
  readonly digest: number;
  readonly lengths: readonly number[];
  readonly sessions: readonly (readonly [number, Session])[];
}

export class Machine {
  index = 0;
  term = 0;
  /** Of every entry applied, in order, and of what it came to. */
  digest = 0;
  lengths: number[] = Array.from({ length: KEYS }, () => 0);
  sessions = new Map<number, Session>();

  /** The command of `entry`, with its place in the register; undefined when it is none, or older than its client's last. */
  apply(entry: Entry): (Command & Session) | undefined {
    this.index = entry.index;
    this.term = entry.term;
    this.digest = mix(mix(this.digest, entry.term), entry.type.length);
    for (const byte of entry.data) this.digest = mix(this.digest, byte);
    if (entry.type !== "normal") return undefined;
    const command = decodeCommand(entry.data);
    if (command === undefined) return undefined;
    const { client, sequence, key } = command;
    const before = this.sessions.get(client);
    if (before !== undefined && before.sequence >= sequence) {
      return before.sequence === sequence ? { ...command, position: before.position } : undefined;
    }
    const position = (this.lengths[key] ?? 0) + 1;
    this.digest = mix(this.digest, position);
    this.lengths[key] = position;
    this.sessions.set(client, { sequence, position });
    return { ...command, position };
  }

  encode(): Uint8Array {
    const { digest, lengths, sessions } = this;
    return new TextEncoder().encode(JSON.stringify({ digest, lengths, sessions: [...sessions] } satisfies Stored));
  }

  restore(snapshot: { readonly index: number; readonly term: number; readonly data: Uint8Array }): void {
    this.index = snapshot.index;
    this.term = snapshot.term;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by encode()
    const stored = JSON.parse(new TextDecoder().decode(snapshot.data)) as Stored;
    this.digest = stored.digest;
    this.lengths = [...stored.lengths];
    this.sessions = new Map(stored.sessions);
  }
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x01000193);
  return mixed ^ (mixed >>> 15);
}
