/** Words that a transducer is to hear more readily, as sherpa-onnx takes them: two files that it reads once. */

/** The pieces of a model's `tokens.txt`: lines of a token and its number. */
export function piecesOf(tokens: string): readonly string[] {
  return tokens
    .split("\n")
    .map((line) => /^(.+)[ \t]+\d+\s*$/u.exec(line)?.[1] ?? "")
    .filter((piece) => piece !== "");
}

/** True for a model whose letters are capitals, as those trained on LibriSpeech. */
export function hasCapitalsOnly(pieces: readonly string[]): boolean {
  const words = pieces.filter((piece) => !/^<.*>$/u.test(piece)).join("");
  return /\p{Lu}/u.test(words) && !/\p{Ll}/u.test(words);
}

/**
 * The vocabulary of a byte-pair model with the rank of each merge, which is what SentencePiece exports as `bpe.vocab`: its
 * pieces are numbered in the order they were merged, and a piece's score is that number, negative
 * (github.com/google/sentencepiece, `bpe_model_trainer.cc`).
 */
export function bpeVocabulary(pieces: readonly string[]): string {
  let rank = 0;
  return pieces.map((piece) => `${piece}\t${/^<.*>$/u.test(piece) ? 0 : -rank++}\n`).join("");
}

/** A line for each phrase (k2-fsa.github.io/sherpa/onnx/hotwords); what could be read as a score is left out. */
export function hotWordLines(hotWords: readonly string[], capitals: boolean): string {
  const lines = hotWords
    .map((phrase) => phrase.normalize("NFC").replaceAll(/[^\p{L}\p{N}\p{M}' ]+/gu, " "))
    .map((phrase) => phrase.replaceAll(/\s+/gu, " ").trim())
    .filter((phrase) => phrase !== "");
  return lines.map((phrase) => `${capitals ? phrase.toUpperCase() : phrase}\n`).join("");
}
