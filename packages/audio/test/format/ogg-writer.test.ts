import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteReader } from "../../src/format/bytes.ts";
import { OggPages, PacketAssembler } from "../../src/format/ogg-page.ts";
import { OggWriter } from "../../src/format/ogg-writer.ts";
import { concat, pieces } from "./kit.ts";

test("packets of any length, multiples of 255 above all, come out of the pages they went into", async () => {
  const lengths = fc.array(fc.oneof(fc.constantFrom(0, 254, 255, 256, 510, 1275), fc.integer({ min: 0, max: 4000 })), {
    minLength: 1,
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(lengths, async (sizes) => {
      const ogg = new OggWriter(0xffff_fffe);
      const packets = sizes.map((size, n) => new Uint8Array(size).fill(n + 1));
      const pages: Uint8Array[] = [];
      for (const [n, packet] of packets.entries()) {
        if (!ogg.fits(packet.length)) pages.push(ogg.page());
        ogg.add(packet, (n + 1) * 960);
      }
      pages.push(ogg.page(true));
      const reader = new OggPages(new ByteReader(pieces(concat(...pages)), { label: "test" }));
      const assembler = new PacketAssembler();
      const read: Uint8Array[] = [];
      for (let page = await reader.next(); page !== undefined; page = await reader.next()) {
        read.push(...assembler.push(page));
        expect(page).toMatchObject({ serial: 0xffff_fffe, isOpen: false, granule: read.length * 960 });
      }
      expect(read.map((packet) => [...packet])).toEqual(packets.map((packet) => [...packet]));
      expect([assembler.gaps, reader.lostBytes, reader.cutShort]).toEqual([0, 0, false]);
    }),
    { numRuns: 60 },
  );
});

test("a packet that does not fit is refused, not torn", () => {
  const ogg = new OggWriter(1);
  ogg.add(new Uint8Array(60_000), 0);
  expect(ogg.fits(6000)).toBe(false);
  expect(() => ogg.add(new Uint8Array(6000), 0)).toThrow(RangeError);
});
