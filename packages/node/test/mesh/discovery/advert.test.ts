import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calledOut } from "../../../src/mesh/discovery/advertiser.ts";
import { MAX_TXT_BYTES, readTxt, txtOf, type Advert } from "../../../src/mesh/discovery/advert.ts";
import { kitchen } from "./sample.ts";

const pairsOf = (txt: Readonly<Record<string, string>>) =>
  Object.entries(txt).map(([key, value]) => Buffer.from(`${key}=${value}`));
const details = { models: ["whisper-tiny", "piper-de"], load: 0.25, platform: "linux-x64" };

describe("a peer's advert", () => {
  it("says what DECISIONS 12 lets everybody see, and no more", () => {
    expect(txtOf(kitchen)).toEqual({
      txtvers: "1",
      name: "küche.v2",
      peer: kitchen.peerId,
      cluster: "c-7f3a",
      version: "0.1.0",
      pairing: "closed",
      services: "stt,llm",
      mesh: "8766",
    });
    expect(Object.keys(txtOf(kitchen))[0]).toBe("txtvers");
  });

  it("says models, load and platform only when they are given", () => {
    expect(txtOf({ ...kitchen, details })).toMatchObject({
      models: "whisper-tiny,piper-de",
      load: "0.25",
      platform: "linux-x64",
    });
  });

  it("names no port for clients where those of other machines are not let in, and nothing where nobody is", () => {
    expect(calledOut(8765, kitchen)).toEqual([
      { type: "parley", port: 8765 },
      { type: "janet-mesh", port: 8765 },
    ]);
    expect(calledOut(undefined, kitchen)).toEqual([{ type: "parley", port: 8766 }]);
    expect(calledOut(undefined, { meshPort: undefined })).toEqual([]);
    expect(txtOf({ ...kitchen, clients: "none" })).toMatchObject({ clients: "none", mesh: "8766" });
  });

  it("is read as it was written", () => {
    for (const advert of [
      kitchen,
      { ...kitchen, details },
      { ...kitchen, clients: "none" as const },
      { ...kitchen, clusterId: undefined, meshPort: undefined, services: [] },
    ]) {
      expect(readTxt(pairsOf(txtOf(advert)))).toEqual(advert);
    }
  });

  it("fits a packet, whatever the peer has: what does not fit is left out whole", () => {
    const item = fc.string({ unit: fc.constantFrom("a", "ü", "-", "7"), minLength: 1, maxLength: 60 });
    const any = fc.record({
      models: fc.array(item, { maxLength: 100 }),
      services: fc.array(item, { maxLength: 100 }),
      name: item,
    });
    fc.assert(
      fc.property(any, ({ models, services, name }) => {
        const advert: Advert = { ...kitchen, name, services, details: { ...details, models } };
        const pairs = pairsOf(txtOf(advert));
        expect(Math.max(...pairs.map(({ length }) => length))).toBeLessThanOrEqual(255);
        expect(pairs.reduce((sum, { length }) => sum + length + 1, 0)).toBeLessThanOrEqual(MAX_TXT_BYTES);
        const read = readTxt(pairs);
        // A name of more than 63 characters or bytes is refused by the settings before it comes here.
        if (read === undefined) return;
        expect(models.slice(0, read.details?.models.length)).toEqual(read.details?.models);
        expect(services.slice(0, read.services.length)).toEqual(read.services);
      }),
    );
  });

  it("is read with keys in any case, the first of two counting, and what is not known passed over", () => {
    const pairs = pairsOf(txtOf(kitchen)).filter((pair) => !pair.toString().startsWith("pairing"));
    const odd = ["PAIRING=open", "pairing=closed", "flag", "=x", "later=1"].map((text) => Buffer.from(text));
    expect(readTxt([...pairs, ...odd])).toMatchObject({ pairing: "open" });
  });

  it.each([
    ["nothing", []],
    ["another version", pairsOf({ ...txtOf(kitchen), txtvers: "2" })],
    ["no peer id", pairsOf({ ...txtOf(kitchen), peer: "kitchen" })],
    ["a name that turns the direction of writing", pairsOf({ ...txtOf(kitchen), name: "x\u202e" })],
    ["a name that moves the cursor", pairsOf({ ...txtOf(kitchen), name: "x\u001b[2J" })],
    ["a port that is none", pairsOf({ ...txtOf(kitchen), mesh: "65536" })],
    ["more than a packet", [...pairsOf(txtOf(kitchen)), Buffer.alloc(1200)]],
  ])("is not read from %s", (_what, pairs) => {
    expect(readTxt(pairs)).toBeUndefined();
  });

  it("is read from any bytes without throwing", () => {
    const pair = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(...pairsOf(txtOf({ ...kitchen, details }))),
    );
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 16 }), (pairs) => {
        const read = readTxt(pairs);
        if (read !== undefined) expect(read.peerId).toBe(kitchen.peerId);
      }),
    );
  });
});
