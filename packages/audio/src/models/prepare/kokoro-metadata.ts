/**
 * The metadata sherpa-onnx wants inside a Kokoro ONNX file. The exported models come without it; because a protobuf
 * message may be extended by appending fields, the bytes made here go after the last byte of the file.
 * ModelProto and StringStringEntryProto: onnx.proto3 of the ONNX specification.
 */

/** `ModelProto.metadata_props`: field 14, length-delimited. */
const METADATA_PROPS_TAG = (14 << 3) | 2;
/** `StringStringEntryProto.key` and `.value`: fields 1 and 2, length-delimited. */
const KEY_TAG = (1 << 3) | 2;
const VALUE_TAG = (2 << 3) | 2;

/** Kokoro's English voices, in the order in which `voices.bin` holds them: a voice's place is its speaker id. */
export const KOKORO_ENGLISH_VOICES = [
  ..."alloy aoede bella heart jessica kore nicole nova river sarah sky".split(" ").map((name) => `af_${name}`),
  ..."adam echo eric fenrir liam michael onyx puck santa".split(" ").map((name) => `am_${name}`),
  ..."alice emma isabella lily".split(" ").map((name) => `bf_${name}`),
  ..."daniel fable george lewis".split(" ").map((name) => `bm_${name}`),
] as const;

/** The protobuf bytes to append to a Kokoro model file. */
export function kokoroOnnxMetadata(): Buffer {
  const properties = {
    model_type: "kokoro",
    language: "English",
    has_espeak: "1",
    sample_rate: "24000",
    version: "1",
    voice: "en-us",
    style_dim: "510,1,256",
    n_speakers: String(KOKORO_ENGLISH_VOICES.length),
    speaker_names: KOKORO_ENGLISH_VOICES.join(","),
    maintainer: "parley",
  };
  return Buffer.concat(
    Object.entries(properties).map(([key, value]) =>
      field(
        METADATA_PROPS_TAG,
        Buffer.concat([field(KEY_TAG, Buffer.from(key)), field(VALUE_TAG, Buffer.from(value))]),
      ),
    ),
  );
}

function field(tag: number, content: Buffer): Buffer {
  return Buffer.concat([varint(tag), varint(content.length), content]);
}

/** Base-128 varint, least significant group first. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
