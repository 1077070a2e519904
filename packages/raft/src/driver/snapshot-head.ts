/**
 * What the driver puts before the state machine's part of a snapshot:
 *
 *     version (1 byte) · bytes of the sessions (4) · count of demoted members (4) · sessions · demoted (id and number, 8 each)
 */
import type { NodeId } from "../core/types.ts";
import { RaftError } from "../errors.ts";

export interface DriverState {
  readonly sessions: Uint8Array;
  readonly demoted: readonly (readonly [NodeId, number])[];
}

const VERSION = 1;
const FIXED_BYTES = 9;
const DEMOTED_BYTES = 16;
/** More than any session table may hold: a length beyond it is garbage. */
const MAX_HEAD_BYTES = 2 ** 30;

export function headChunk({ sessions, demoted }: DriverState): Uint8Array {
  const out = new Uint8Array(FIXED_BYTES + sessions.length + demoted.length * DEMOTED_BYTES);
  const view = new DataView(out.buffer);
  out[0] = VERSION;
  view.setUint32(1, sessions.length, true);
  view.setUint32(5, demoted.length, true);
  out.set(sessions, FIXED_BYTES);
  for (const [i, [id, number]] of demoted.entries()) {
    const at = FIXED_BYTES + sessions.length + i * DEMOTED_BYTES;
    view.setFloat64(at, id, true);
    view.setFloat64(at + 8, number, true);
  }
  return out;
}

/** Takes the head off a snapshot. @throws RaftError `corrupt`, `unknown-format`. */
export async function splitHead(
  contents: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: DriverState; readonly rest: AsyncIterable<Uint8Array> }> {
  const source = contents[Symbol.asyncIterator]();
  let read = new Uint8Array();
  const need = async (bytes: number): Promise<void> => {
    if (bytes > MAX_HEAD_BYTES) throw new RaftError("corrupt", `the head of a snapshot claims ${bytes} bytes`);
    while (read.length < bytes) {
      const next = await source.next();
      if (next.done === true) throw new RaftError("corrupt", "a snapshot ends within its head");
      const joined = new Uint8Array(read.length + next.value.length);
      joined.set(read);
      joined.set(next.value, read.length);
      read = joined;
    }
  };
  await need(FIXED_BYTES);
  const [version] = read;
  if (version !== VERSION) throw new RaftError("unknown-format", `snapshots of version ${version} are not known here`);
  const lengths = new DataView(read.buffer, read.byteOffset, FIXED_BYTES);
  const sessionBytes = lengths.getUint32(1, true);
  const count = lengths.getUint32(5, true);
  const headBytes = FIXED_BYTES + sessionBytes + count * DEMOTED_BYTES;
  await need(headBytes);
  const view = new DataView(read.buffer, read.byteOffset, read.length);
  const demoted = Array.from({ length: count }, (_, i): readonly [NodeId, number] => {
    const at = FIXED_BYTES + sessionBytes + i * DEMOTED_BYTES;
    return [view.getFloat64(at, true), view.getFloat64(at + 8, true)];
  });
  const first = read.subarray(headBytes);
  const head = { sessions: read.slice(FIXED_BYTES, FIXED_BYTES + sessionBytes), demoted };
  return { head, rest: remaining(first, source) };
}

async function* remaining(first: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  if (first.length > 0) yield first;
  for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
}
