/**
 * Ogg Vorbis and Ogg Opus as a stream: picks the first sound stream of a link, follows chained links of the same rate,
 * cuts the encoder's lead-in and tail by granule positions (RFC 7845 section 4; Vorbis I, appendix A).
 */
import type { ByteReader } from "./bytes.ts";
import { latin1 } from "./bytes.ts";
import type { Decoding } from "./decoder.ts";
import { corruptAudio, emptyAudio, truncatedAudio, unsupportedAudio } from "./failures.ts";
import type { OggIdentity, OggPacketDecoder } from "./ogg-codec.ts";
import { identifyOpus } from "./ogg-opus.ts";
import { OggPages, PacketAssembler } from "./ogg-page.ts";
import type { OggPage } from "./ogg-page.ts";
import { identifyVorbis } from "./ogg-vorbis.ts";

/** One logical stream whose headers have been read. */
interface Link {
  readonly identity: OggIdentity;
  readonly decoder: OggPacketDecoder;
  readonly serial: number;
  readonly packets: PacketAssembler;
  /** Sound packets that ended on the last header's page, and that page. */
  readonly firstPackets: readonly Uint8Array[];
  readonly firstPage: OggPage;
}

/** Opens an Ogg stream at its first page. */
export async function openOgg(reader: ByteReader): Promise<Decoding> {
  const stream = new OggStream(reader);
  const first = await stream.openLink();
  if (first === undefined) throw stream.nothingFound();
  return {
    format: first.identity.format,
    sampleRateHz: first.identity.sampleRateHz,
    channels: first.identity.channels,
    declaredSamples: undefined,
    blocks: stream.blocks(first),
    free: () => stream.free(),
  };
}

class OggStream {
  readonly #label: string;
  readonly #pages: OggPages;
  /** A page read too far: the first of the next link. */
  #ahead: OggPage | undefined;
  #decoder: OggPacketDecoder | undefined;
  #foreign: string | undefined;
  #damaged = 0;
  #unended = 0;

  constructor(reader: ByteReader) {
    this.#label = reader.label;
    this.#pages = new OggPages(reader);
  }

  free(): void {
    this.#decoder?.free();
    this.#decoder = undefined;
  }

  /** Reads on to the end of the headers of the next sound stream; undefined when there is none. */
  async openLink(): Promise<Link | undefined> {
    for (let page = await this.#next(); page !== undefined; page = await this.#next()) {
      const identity = page.isFirst ? this.#identify(page) : undefined;
      if (identity !== undefined) return await this.#readHeaders(identity, page);
    }
    return undefined;
  }

  async *blocks(first: Link): AsyncGenerator<Float32Array, void, undefined> {
    for (let link: Link | undefined = first; link !== undefined; link = await this.openLink()) {
      if (link.identity.sampleRateHz !== first.identity.sampleRateHz) {
        throw unsupportedAudio(this.#label, "changes its sample rate on the way");
      }
      yield* this.#decodeLink(link);
      this.free();
    }
    const lost = this.#pages.lostBytes;
    if (lost > 0 || this.#damaged > 0) {
      throw corruptAudio(
        this.#label,
        `${lost} bytes of it are not Ogg pages, ${this.#damaged} packets or pages are lost`,
      );
    }
    if (this.#unended > 0 || this.#pages.cutShort) throw truncatedAudio(this.#label, "its last page is missing");
  }

  /** Why {@link openLink} found nothing at all. */
  nothingFound(): Error {
    if (this.#foreign !== undefined) return unsupportedAudio(this.#label, `is an Ogg file of ${this.#foreign}`);
    if (this.#pages.cutShort) return truncatedAudio(this.#label, "it ends inside its header");
    return corruptAudio(this.#label, "it has no beginning of an Ogg stream");
  }

  async #next(): Promise<OggPage | undefined> {
    const page = this.#ahead ?? (await this.#pages.next());
    this.#ahead = undefined;
    return page;
  }

  #identify(page: OggPage): OggIdentity | undefined {
    const packet = page.body.subarray(0, page.pieces[0] ?? 0);
    const identity = identifyOpus(packet) ?? identifyVorbis(packet);
    if (typeof identity === "string") throw corruptAudio(this.#label, identity);
    if (identity === undefined) this.#foreign ??= foreignCodec(packet);
    return identity;
  }

  async #readHeaders(identity: OggIdentity, start: OggPage): Promise<Link> {
    const packets = new PacketAssembler();
    packets.push(start);
    const headers: Uint8Array[] = [];
    for (;;) {
      const page = await this.#next();
      if (page === undefined) {
        throw headers.length === 0 && !this.#pages.cutShort
          ? emptyAudio(this.#label, "it ends after its header")
          : truncatedAudio(this.#label, "it ends inside its header");
      }
      if (page.serial !== start.serial) continue;
      headers.push(...packets.push(page));
      if (packets.gaps > 0 || page.isFirst) throw corruptAudio(this.#label, "part of its header is missing");
      if (headers.length < identity.moreHeaders) continue;
      const decoder = await this.#createDecoder(identity, headers.slice(0, identity.moreHeaders));
      const firstPackets = headers.slice(identity.moreHeaders);
      return { identity, decoder, serial: start.serial, packets, firstPackets, firstPage: page };
    }
  }

  async #createDecoder(identity: OggIdentity, headers: readonly Uint8Array[]): Promise<OggPacketDecoder> {
    try {
      this.#decoder = await identity.createDecoder(headers);
      return this.#decoder;
    } catch (error) {
      throw corruptAudio(this.#label, "its codec headers cannot be used", error);
    }
  }

  async *#decodeLink(link: Link): AsyncGenerator<Float32Array, void, undefined> {
    const trim = new GranuleTrim(link.identity.preSkipSamples);
    let page: OggPage | undefined = link.firstPage;
    let packets = link.firstPackets;
    for (;;) {
      if (packets.length > 0) {
        const mono = trim.apply(await this.#decode(link.decoder, packets), page);
        if (mono.length > 0) yield mono;
      }
      if (page.isLast) break;
      page = await this.#nextOf(link.serial);
      if (page === undefined) {
        this.#unended++;
        break;
      }
      packets = link.packets.push(page);
    }
    this.#damaged += link.packets.gaps;
  }

  /** The next page of one logical stream; undefined when the link ends without saying so. */
  async #nextOf(serial: number): Promise<OggPage | undefined> {
    for (let page = await this.#next(); page !== undefined; page = await this.#next()) {
      if (page.serial === serial && !page.isFirst) return page;
      if (page.isFirst) {
        this.#ahead = page;
        return undefined;
      }
    }
    return undefined;
  }

  async #decode(decoder: OggPacketDecoder, packets: readonly Uint8Array[]): Promise<Float32Array> {
    try {
      const { mono, damaged } = await decoder.decode(packets);
      this.#damaged += damaged;
      return mono;
    } catch (error) {
      throw corruptAudio(this.#label, "a packet broke the decoder", error);
    }
  }
}

function foreignCodec(packet: Uint8Array): string | undefined {
  if (latin1(packet, 0, 5) === "\u007fFLAC") return "FLAC, which is supported only without Ogg around it";
  if (latin1(packet, 0, 5) === "Speex") return "Speex, which is not supported";
  if (latin1(packet, 0, 7) === "\u0080theora") return "video without Vorbis or Opus sound";
  return undefined;
}

/** Cuts what the codec decodes beyond the sound, at both ends. */
class GranuleTrim {
  /** Samples to drop from the front, still. */
  #skip: number;
  /** Samples decoded, dropped ones included. */
  #decoded = 0;
  /** Granule position of the first decoded sample: above 0 when the recording began in mid-stream. */
  #origin: number | undefined;

  constructor(preSkipSamples: number) {
    this.#skip = preSkipSamples;
  }

  apply(mono: Float32Array, page: OggPage): Float32Array {
    this.#decoded += mono.length;
    let end = mono.length;
    if (page.granule !== undefined) {
      if (this.#origin === undefined) {
        this.#origin = page.isLast ? Math.max(0, page.granule - this.#decoded) : page.granule - this.#decoded;
        // Vorbis: a first page that ends earlier than its samples do starts with samples to drop.
        if (this.#origin < 0) this.#skip = Math.max(this.#skip, Math.min(-this.#origin, mono.length));
      }
      if (page.isLast) {
        const excess = this.#decoded - (page.granule - this.#origin);
        end -= Math.min(Math.max(0, excess), mono.length);
      }
    }
    const start = Math.min(this.#skip, end);
    this.#skip -= start;
    return mono.subarray(start, end);
  }
}
