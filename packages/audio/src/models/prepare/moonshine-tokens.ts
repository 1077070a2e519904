import { AudioError } from "../../errors.ts";
import type { Made, Member } from "./made.ts";

const LLAMA_PIECES = 32_000;
/** Moonshine adds its own special tokens after Llama's vocabulary. */
const SPECIAL_TOKENS = 768;
/** A piece that stands for one raw byte. */
const BYTE_PIECE = /^<0x([0-9A-F]{2})>$/;
/** U+2028. Left empty, as in the file Moonshine's users have: a separator of lines is never in a transcript. */
const LINE_SEPARATOR = "\u2028";

/**
 * `tokens.txt` of Moonshine, as sherpa-onnx reads it: one line `base64(bytes) id`. Ids 0 to 31999 are Llama's
 * vocabulary, which `llama-tokenizer.js` carries as base64 of its lines; 32000 to 32767 are `<<ST_0>>` and so on.
 * @throws AudioError `model-corrupt` when the vocabulary is not in the file.
 */
export function moonshineTokens(members: readonly Member[]): Made {
  const script = members[0]?.content.toString("utf8") ?? "";
  const encoded = /vocab_base64 = "([A-Za-z0-9+/=]+)"/.exec(script)?.[1] ?? "";
  const pieces = Buffer.from(encoded, "base64").toString("utf8").split("\n");
  if (pieces.length !== LLAMA_PIECES) {
    throw new AudioError(
      "model-corrupt",
      `the Llama vocabulary has ${pieces.length} pieces instead of ${LLAMA_PIECES}`,
      {
        nextStep: "This package is not the one the catalogue means; report it.",
      },
    );
  }
  for (let index = 0; index < SPECIAL_TOKENS; index += 1) pieces.push(`<<ST_${index}>>`);
  const lines = pieces.map((piece, id) => `${pieceBytes(piece).toString("base64")} ${id}\n`);
  return new Map([["tokens.txt", Buffer.from(lines.join(""))]]);
}

function pieceBytes(piece: string): Buffer {
  const byte = BYTE_PIECE.exec(piece)?.[1];
  if (byte !== undefined) return Buffer.from(byte, "hex");
  return Buffer.from(piece === LINE_SEPARATOR ? "" : piece);
}
