/** Writing the pages of one logical Ogg stream (RFC 3533). */
import { crc32 } from "./crc.ts";

const HEADER_BYTES = 27;
const MAX_SEGMENTS = 255;
const SEGMENT_BYTES = 255;

/** Packets of one stream into pages; every packet begins and ends on one page, as those of sound do. */
export class OggWriter {
  readonly #serial: number;
  #sequence = 0;
  #packets: Uint8Array[] = [];
  #segments = 0;
  #granule = 0;

  /** `serial`: 32 bits that tell this stream from others in the file. */
  constructor(serial: number) {
    this.#serial = serial;
  }

  /** True when a packet of `bytes` still fits into the page being filled. */
  fits(bytes: number): boolean {
    return this.#segments + segmentsOf(bytes) <= MAX_SEGMENTS;
  }

  /** Adds a packet after which the stream stands at `granule`; it must fit. */
  add(packet: Uint8Array, granule: number): void {
    if (!this.fits(packet.length))
      throw new RangeError(`a packet of ${packet.length} bytes does not fit into the page`);
    this.#packets.push(packet);
    this.#segments += segmentsOf(packet.length);
    this.#granule = granule;
  }

  /** The page with the packets added since the last one; `isLast` ends the stream. */
  page(isLast = false): Uint8Array {
    const bodyBytes = this.#packets.reduce((sum, { length }) => sum + length, 0);
    const page = new Uint8Array(HEADER_BYTES + this.#segments + bodyBytes);
    const view = new DataView(page.buffer);
    view.setUint32(0, 0x4f67_6753); // "OggS"
    page[5] = (this.#sequence === 0 ? 2 : 0) | (isLast ? 4 : 0);
    view.setBigInt64(6, BigInt(this.#granule), true);
    view.setUint32(14, this.#serial, true);
    view.setUint32(18, this.#sequence, true);
    page[26] = this.#segments;
    let lacing = HEADER_BYTES;
    let body = HEADER_BYTES + this.#segments;
    for (const packet of this.#packets) {
      const segments = segmentsOf(packet.length);
      page.fill(SEGMENT_BYTES, lacing, lacing + segments - 1);
      page[lacing + segments - 1] = packet.length % SEGMENT_BYTES;
      page.set(packet, body);
      lacing += segments;
      body += packet.length;
    }
    view.setUint32(22, crc32(page), true);
    this.#sequence += 1;
    this.#packets = [];
    this.#segments = 0;
    return page;
  }
}

/** A packet ends with a segment below 255 bytes, an empty one if need be. */
function segmentsOf(bytes: number): number {
  return Math.floor(bytes / SEGMENT_BYTES) + 1;
}
