/** Tags that stand before, between or after the frames of MP3 and FLAC files: skipped, never read. */
import type { ByteReader } from "./bytes.ts";
import { latin1, viewOf } from "./bytes.ts";

/** Bytes that {@link tagBytes} needs to see. */
export const TAG_HEADER_BYTES = 32;

/** Length in bytes of the tag that `bytes` begin with (ID3v2, ID3v1, APEv2); 0 when they begin with none. */
export function tagBytes(bytes: Uint8Array): number {
  if (bytes.length < 10) return 0;
  const magic = latin1(bytes, 0, 3);
  if (magic === "ID3") {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(6, 10);
    if ((a | b | c | d) >= 0x80) return 0;
    const footer = ((bytes[5] ?? 0) & 0x10) === 0 ? 0 : 10;
    return 10 + ((a << 21) | (b << 14) | (c << 7) | d) + footer;
  }
  if (magic === "TAG") return 128;
  if (bytes.length >= 32 && latin1(bytes, 0, 8) === "APETAGEX") {
    // The size counts items and footer; a tag that begins with a header has 32 bytes more than that.
    const view = viewOf(bytes);
    const isHeader = (view.getUint32(20, true) & 0x2000_0000) !== 0;
    return isHeader ? 32 + view.getUint32(12, true) : 32;
  }
  return 0;
}

/** Skips all tags at the reader's position; true when there was one. */
export async function skipTags(reader: ByteReader): Promise<boolean> {
  let skipped = false;
  for (;;) {
    await reader.need(TAG_HEADER_BYTES);
    const length = tagBytes(reader.view(TAG_HEADER_BYTES));
    if (length === 0) return skipped;
    await reader.discard(length);
    skipped = true;
  }
}
