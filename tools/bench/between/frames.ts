/** Frames on a bare socket: `u32 length (big-endian) · body`, and nothing else. */

const PREFIX_BYTES = 4;

export function framed(frame: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + frame.length);
  bytes.writeUInt32BE(frame.length);
  bytes.set(frame, PREFIX_BYTES);
  return bytes;
}

/** Cuts what comes back into frames; both ends are the bench's own. */
export class Frames {
  #begun: Buffer = Buffer.alloc(0);

  /** The frames that `chunk` completes. */
  *of(chunk: Buffer): Generator<Buffer, void, undefined> {
    const bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    let at = 0;
    while (bytes.length - at >= PREFIX_BYTES) {
      const end = at + PREFIX_BYTES + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      yield bytes.subarray(at + PREFIX_BYTES, end);
      at = end;
    }
    this.#begun = bytes.subarray(at);
  }
}
