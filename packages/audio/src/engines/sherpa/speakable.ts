/** Cuts text into the pieces that are synthesised in one native call, which cannot be interrupted or paused. */

/** Long enough to keep abbreviations ("Dr. Smith") whole in most sentences, short enough to be cancelled soon. */
const PIECE_CHARS = 160;

const sentences = new Intl.Segmenter(undefined, { granularity: "sentence" });

/** Whole sentences joined into pieces of about {@link PIECE_CHARS}; nothing when there is nothing to pronounce. */
export function speakablePieces(text: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (const { segment } of sentences.segment(text)) {
    piece += segment;
    if (piece.length < PIECE_CHARS) continue;
    pieces.push(piece);
    piece = "";
  }
  pieces.push(piece);
  return pieces.map((each) => each.trim()).filter((each) => /[\p{L}\p{N}]/u.test(each));
}
