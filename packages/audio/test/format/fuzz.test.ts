/**
 * Whatever the bytes: samples, or samples and one AudioError, or one AudioError. `decode` of the kit rethrows anything
 * else; a hang meets the test's deadline.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, decode, fixture, FIXTURES, oggCrc, oggPage } from "./kit.ts";
import type { Outcome } from "./kit.ts";

const WAV = concat(
  "RIFF\u0064\0\0\0WAVEfmt \u0010\0\0\0\u0001\0\u0001\0\u0040\u001f\0\0\u0080\u003e\0\0\u0002\0\u0010\0data\u0020\u0003\0\0",
  new Uint8Array(800),
);
const MAGICS = [
  "RIFF\u0064\0\0\0WAVE",
  "RF64\u00ff\u00ff\u00ff\u00ffWAVEds64",
  "fLaC\0\0\0\u0022",
  "OggS\0\u0002",
  "ID3\u0004\0\0\0\0\0\u0008",
  "\u00ff\u00fb\u0090\u0000",
  "OggS",
];

function isSound({ samples, code }: Outcome): void {
  expect(code === undefined || code.startsWith("audio-")).toBe(true);
  if (code === undefined) expect(samples.length).toBeGreaterThan(0);
  expect(samples.every((sample) => sample >= -1 && sample <= 1)).toBe(true);
}

const files = [WAV, ...FIXTURES.map((name) => fixture(name))];
const anyFile = fc.constantFrom(...files);
const spot = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

describe("no bytes break a decoder", () => {
  test("random bytes behind every magic", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("", ...MAGICS), fc.uint8Array({ maxLength: 3000 }), async (magic, noise) => {
        isSound(await decode(concat(magic, noise)));
      }),
      { numRuns: 400 },
    );
  });

  test("files made of nothing but beginnings are given up early", async () => {
    const frame = concat(fixture("tone.flac").subarray(60, 76));
    const flac = concat(fixture("tone.flac").subarray(0, 60), ...Array.from({ length: 20_000 }, () => frame));
    const page = concat("OggS\0\0", new Uint8Array(20), "\u0001\u00ff");
    const ogg = concat(fixture("tone-opus.ogg"), ...Array.from({ length: 20_000 }, () => page));
    expect(await decode(flac)).toMatchObject({
      code: "audio-corrupt",
      message: expect.stringContaining("more than 200"),
    });
    expect(await decode(ogg)).toMatchObject({
      code: "audio-corrupt",
      message: expect.stringContaining("more than 1000"),
    });
  });

  test("flipped bits anywhere", async () => {
    const flips = fc.array(fc.tuple(spot, fc.integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(anyFile, flips, async (file, places) => {
        const bytes = file.slice();
        for (const [place, bit] of places) {
          const at = Math.floor(place * bytes.length);
          bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        }
        isSound(await decode(bytes));
      }),
      { numRuns: 250 },
    );
  });

  test("flipped bits in the headers", async () => {
    const flips = fc.array(fc.tuple(fc.integer({ min: 0, max: 119 }), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(anyFile, flips, async (file, places) => {
        const bytes = file.slice();
        for (const [at, value] of places) bytes[at] = value;
        isSound(await decode(bytes));
      }),
      { numRuns: 250 },
    );
  });

  test("pieces cut out, doubled, glued to another format", async () => {
    await fc.assert(
      fc.asyncProperty(anyFile, anyFile, spot, spot, async (one, other, from, to) => {
        const head = one.subarray(0, Math.floor(from * one.length));
        const tail = other.subarray(Math.floor(to * other.length));
        isSound(await decode(concat(head, tail)));
      }),
      { numRuns: 250 },
    );
  });

  test("Ogg packets of noise behind right checksums", async () => {
    const packet = fc.uint8Array({ minLength: 1, maxLength: 250 });
    const layout = fc.constantFrom(
      "OpusHead\u0001\u0002\u0038\u0001\u0080\u00bb\0\0\0\0\0",
      "OpusHead\u0001\u0001\0\0\u0080\u00bb\0\0\0\0\0",
    );
    await fc.assert(
      fc.asyncProperty(layout, fc.array(packet, { minLength: 1, maxLength: 12 }), async (head, packets) => {
        const bodies = [concat(head), concat("OpusTags\0\0\0\0\0\0\0\0"), ...packets];
        const pages = bodies.map((body, i) => oggPage(body, i === 0 ? 2 : i === bodies.length - 1 ? 4 : 0, i));
        isSound(await decode(concat(...pages)));
      }),
      { numRuns: 200 },
    );
  });

  test("Vorbis packets of noise behind a right header", async () => {
    const [identification, headers] = vorbisHeaderPages();
    const packet = fc.uint8Array({ minLength: 1, maxLength: 250 });
    await fc.assert(
      fc.asyncProperty(fc.array(packet, { minLength: 1, maxLength: 12 }), async (packets) => {
        const pages = packets.map((body, i) => oggPage(body, i === packets.length - 1 ? 4 : 0, i + 2));
        isSound(await decode(concat(renumbered(identification, 0), renumbered(headers, 1), ...pages)));
      }),
      { numRuns: 100 },
    );
  });
});

/** The first two pages of the Vorbis fixture: identification; comment and set-up. */
function vorbisHeaderPages(): readonly [Uint8Array, Uint8Array] {
  const file = fixture("tone-vorbis.ogg");
  const length = (at: number): number => {
    const segments = file[at + 26] ?? 0;
    return file.subarray(at + 27, at + 27 + segments).reduce((sum, lacing) => sum + lacing, 27 + segments);
  };
  const first = length(0);
  return [file.slice(0, first), file.slice(first, first + length(first))];
}

/** The page with the serial number of {@link oggPage}, another sequence number and a right checksum. */
function renumbered(page: Uint8Array, sequence: number): Uint8Array {
  const copy = page.slice();
  const view = new DataView(copy.buffer);
  view.setUint32(14, 7, true);
  view.setUint32(18, sequence, true);
  view.setUint32(22, 0, true);
  view.setInt32(22, oggCrc(copy), true);
  return copy;
}
