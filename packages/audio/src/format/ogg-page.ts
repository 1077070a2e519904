/** Pages and packets of Ogg (RFC 3533). */
import type { ByteReader } from "./bytes.ts";
import { latin1, skipJunk, viewOf } from "./bytes.ts";
import { crc32 } from "./crc.ts";
import { corruptAudio } from "./failures.ts";

const HEADER_BYTES = 27;
/** Longest packet kept. Sound and setup packets are far below; comment packets with pictures are above and not read. */
const MAX_PACKET_BYTES = 256 * 1024;
/** A page to be checked may be 64 KiB long and begin at every 28th byte: a hostile file may not ask for that without end. */
const MAX_BAD_PAGES = 1000;

/** One page whose CRC-32 is right. */
export interface OggPage {
  readonly serial: number;
  readonly sequence: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly isContinuation: boolean;
  /** Position of the stream at the end of the last packet that ends on this page; undefined when none does. */
  readonly granule: number | undefined;
  /** Lengths of the packet pieces in `body`; the last one goes on in the next page when `isOpen`. */
  readonly pieces: readonly number[];
  readonly isOpen: boolean;
  /** A copy. */
  readonly body: Uint8Array;
}

/** Reads pages and keeps account of what was damaged or cut. */
export class OggPages {
  readonly #reader: ByteReader;
  /** Bytes lost to wrong checksums and rubbish between pages. */
  lostBytes = 0;
  /** The stream ended inside a page. */
  cutShort = false;
  #badPages = 0;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** The next undamaged page; undefined at the end. */
  async next(): Promise<OggPage | undefined> {
    const reader = this.#reader;
    let junkBytes = 0;
    while (await reader.need(1)) {
      const whole = await this.#pageBytes();
      const page = whole > 0 ? parsePage(reader.view(whole)) : undefined;
      if (page === undefined) {
        if (whole > 0 && ++this.#badPages > MAX_BAD_PAGES) {
          throw corruptAudio(reader.label, `more than ${MAX_BAD_PAGES} of its pages have wrong checksums`);
        }
        junkBytes += skipJunk(reader, 0x4f);
        continue;
      }
      reader.skip(whole);
      this.lostBytes += junkBytes;
      return page;
    }
    // Nothing follows: what is left is a page cut in two, or a damaged last page; either way its sound is missing.
    this.cutShort ||= junkBytes > 0;
    return undefined;
  }

  /** Bytes of the page at the reader's position; 0 when there is none or not all of it. */
  async #pageBytes(): Promise<number> {
    const reader = this.#reader;
    if (!(await reader.need(HEADER_BYTES))) return 0;
    const header = reader.view(HEADER_BYTES);
    if (latin1(header, 0, 4) !== "OggS" || header[4] !== 0) return 0;
    const headerBytes = HEADER_BYTES + (header[26] ?? 0);
    if (!(await reader.need(headerBytes))) return 0;
    let total = headerBytes;
    for (const lacing of reader.view(headerBytes).subarray(HEADER_BYTES)) total += lacing;
    return (await reader.need(total)) ? total : 0;
  }
}

function parsePage(bytes: Uint8Array): OggPage | undefined {
  const view = viewOf(bytes);
  const headerBytes = HEADER_BYTES + (bytes[26] ?? 0);
  const header = bytes.slice(0, headerBytes);
  header.fill(0, 22, 26);
  if (crc32(bytes.subarray(headerBytes), crc32(header)) !== view.getUint32(22, true)) return undefined;
  const pieces: number[] = [];
  let piece = 0;
  let isOpen = false;
  for (const lacing of bytes.subarray(HEADER_BYTES, headerBytes)) {
    piece += lacing;
    isOpen = lacing === 255;
    if (isOpen) continue;
    pieces.push(piece);
    piece = 0;
  }
  if (isOpen) pieces.push(piece);
  const granule = view.getBigInt64(6, true);
  const flags = bytes[5] ?? 0;
  return {
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
    isContinuation: (flags & 1) !== 0,
    granule: granule < 0n ? undefined : Number(granule),
    pieces,
    isOpen,
    body: bytes.slice(headerBytes),
  };
}

/** Puts the packets of one logical stream together from its pages. */
export class PacketAssembler {
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #sequence: number | undefined;
  /** Pages that were missing between two that came, and packets lost with them. */
  gaps = 0;

  /** The packets that end on `page`. Bytes of a packet beyond {@link MAX_PACKET_BYTES} are dropped. */
  push(page: OggPage): Uint8Array[] {
    const expected = this.#sequence === undefined ? page.sequence : (this.#sequence + 1) >>> 0;
    const isGap = page.sequence !== expected;
    if (isGap) this.gaps++;
    if (isGap || !page.isContinuation) this.#clear();
    this.#sequence = page.sequence;
    const packets: Uint8Array[] = [];
    let offset = 0;
    for (const [index, length] of page.pieces.entries()) {
      const piece = page.body.subarray(offset, offset + length);
      offset += length;
      // The tail of a packet whose beginning was on a page that is missing.
      const isOrphan = index === 0 && page.isContinuation && this.#parts.length === 0;
      const isWhole = index < page.pieces.length - 1 || !page.isOpen;
      if (isOrphan) continue;
      this.#keep(piece);
      if (!isWhole) continue;
      packets.push(this.#join());
      this.#clear();
    }
    return packets;
  }

  #keep(piece: Uint8Array): void {
    const kept = piece.subarray(0, Math.max(0, MAX_PACKET_BYTES - this.#partBytes));
    this.#parts.push(kept);
    this.#partBytes += kept.length;
  }

  #join(): Uint8Array {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only !== undefined) return only;
    const packet = new Uint8Array(this.#partBytes);
    let offset = 0;
    for (const part of this.#parts) {
      packet.set(part, offset);
      offset += part.length;
    }
    return packet;
  }

  #clear(): void {
    this.#parts = [];
    this.#partBytes = 0;
  }
}
