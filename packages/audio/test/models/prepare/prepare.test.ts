import { open } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioError } from "../../../src/errors.ts";
import { espeakNgData } from "../../../src/models/prepare/espeak-ng-data.ts";
import { KOKORO_ENGLISH_VOICES, kokoroOnnxMetadata, varint } from "../../../src/models/prepare/kokoro-metadata.ts";
import { kokoroTokens } from "../../../src/models/prepare/kokoro-tokens.ts";
import { moonshineTokens } from "../../../src/models/prepare/moonshine-tokens.ts";
import { sha256 } from "../support/models.ts";

/** Reads a varint as the protobuf specification describes it. */
function readVarint(bytes: Buffer, at: number): { value: number; next: number } {
  let [value, shift, next] = [0n, 0n, at];
  for (;;) {
    const byte = bytes.readUInt8(next);
    value |= BigInt(byte & 0x7f) << shift;
    next += 1;
    if (byte < 0x80) return { value: Number(value), next };
    shift += 7n;
  }
}

/** The fields of a message that holds only length-delimited ones. */
function fields(bytes: Buffer): { field: number; content: Buffer }[] {
  const found: { field: number; content: Buffer }[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = readVarint(bytes, at);
    const length = readVarint(bytes, tag.next);
    expect(tag.value & 7).toBe(2);
    at = length.next + length.value;
    found.push({ field: tag.value >> 3, content: bytes.subarray(length.next, at) });
  }
  return found;
}

describe("Kokoro's metadata", () => {
  test("is a run of metadata_props that a protobuf reader takes apart", () => {
    const props = fields(kokoroOnnxMetadata());
    expect(new Set(props.map(({ field }) => field))).toEqual(new Set([14]));
    const pairs = props.map(({ content }) => fields(content).map(({ content: text }) => text.toString()));
    expect(Object.fromEntries(pairs)).toMatchObject({
      model_type: "kokoro",
      sample_rate: "24000",
      style_dim: "510,1,256",
      n_speakers: "28",
      speaker_names: KOKORO_ENGLISH_VOICES.join(","),
    });
  });

  test("writes varints of every size a reader reads back", () => {
    fc.assert(
      fc.property(fc.nat(0x7fffffff), (value) => {
        const bytes = varint(value);
        expect(readVarint(bytes, 0)).toEqual({ value, next: bytes.length });
      }),
    );
  });

  const models = process.env["PARLEY_MODELS"];
  if (models === undefined) console.log("comparison with a ready Kokoro skipped: PARLEY_MODELS is not set");
  test.skipIf(models === undefined)(
    "is what a ready model that runs has at its end, but for the maintainer",
    async () => {
      const made = kokoroOnnxMetadata();
      const file = await open(join(models ?? "", "tts/kokoro-82m-w8/model.onnx"));
      try {
        const { size } = await file.stat();
        const end = Buffer.alloc(made.length);
        await file.read(end, 0, end.length, size - end.length);
        const upTo = (bytes: Buffer): Buffer =>
          bytes.subarray(bytes.indexOf("model_type"), bytes.indexOf("maintainer"));
        // Two bytes before the key "maintainer" and its own length depend on the maintainer.
        expect(upTo(end).subarray(0, -4)).toEqual(upTo(made).subarray(0, -4));
      } finally {
        await file.close();
      }
    },
  );
});

describe("Kokoro's tokens", () => {
  test("are the published table", () => {
    const tokens = kokoroTokens().get("tokens.txt") ?? Buffer.alloc(0);
    expect(sha256(tokens)).toBe("fa7024773adc4c3a8ded053b15862c51a90e83f5b0cf09304d5ec604506e9303");
  });
});

describe("Moonshine's tokens", () => {
  const script = (pieces: readonly string[]): Buffer =>
    Buffer.from(`x; llamaTokenizer.vocab_base64 = "${Buffer.from(pieces.join("\n")).toString("base64")}"; y`);
  const pieces = ["<unk>", "<0x0A>", "\u2581the", "\u2028", ...Array.from({ length: 31_996 }, (_, id) => `p${id}`)];

  test("are Llama's pieces as bytes, then Moonshine's own", () => {
    const made = moonshineTokens([{ member: "llama-tokenizer.js", content: script(pieces) }]);
    const lines = (made.get("tokens.txt") ?? "").toString().split("\n");
    expect(lines).toHaveLength(32_769);
    expect(lines.slice(0, 4)).toEqual(["PHVuaz4= 0", "Cg== 1", "4paBdGhl 2", " 3"]);
    expect(lines[32_767]).toBe(`${Buffer.from("<<ST_767>>").toString("base64")} 32767`);
  });

  test.each([
    ["no vocabulary", Buffer.from("nothing here")],
    ["a short one", script(pieces.slice(1))],
  ])("are not made from a script with %s", (_, content) => {
    expect(() => moonshineTokens([{ member: "llama-tokenizer.js", content }])).toThrow(AudioError);
    expect(() => moonshineTokens([])).toThrow(AudioError);
  });
});

describe("eSpeak NG's data", () => {
  const row = (name: string, start: number, end: number): string =>
    `{filename:"/usr/share/espeak-ng-data/${name}",start:${start},end:${end}}`;
  const members = (table: string, data = "abcdef") => [
    { member: "espeak-ng.data", content: Buffer.from(data) },
    { member: "espeak-ng.js", content: Buffer.from(`load({files:[${table}]})`) },
  ];

  test("is cut out by the loader's table", () => {
    const made = espeakNgData(members(`${row("phontab", 0, 2)},${row("lang/gmw/en", 2, 6)},${row("empty", 6, 6)}`));
    expect(Object.fromEntries([...made].map(([path, content]) => [path, content.toString()]))).toEqual({
      phontab: "ab",
      "lang/gmw/en": "cdef",
      empty: "",
    });
  });

  test.each([
    ["a row behind the end", row("phontab", 0, 7)],
    ["a row that ends before it starts", row("phontab", 3, 2)],
    ["no rows", ""],
  ])("is refused with %s", (_, table) => {
    expect(() => espeakNgData(members(table))).toThrow(AudioError);
  });
});
