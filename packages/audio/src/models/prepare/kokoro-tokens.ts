import type { Made } from "./made.ts";

/**
 * `tokens.txt` of Kokoro 82M: one line `symbol id`. The table is part of the model's published configuration
 * (Apache-2.0); written down here because the packages that carry it are ninety megabytes for these two kilobytes.
 * Runs of symbols with consecutive ids, each with its first id.
 */
const RUNS: readonly (readonly [firstId: number, symbols: string])[] = [
  [0, "$;:,.!?"],
  [9, '—…"()“” \u0303ʣʥʦʨᵝꭧAI'],
  [31, "O"],
  [33, "Q"],
  [35, "ST"],
  [39, "W"],
  [41, "Yᵊabcdef"],
  [50, "hijklmnopqrstuvwxyzɑɐɒæ"],
  [75, "βɔɕç"],
  [80, "ɖðʤə"],
  [85, "ɚɛɜ"],
  [90, "ɟ"],
  [92, "ɡ"],
  [99, "ɥ"],
  [101, "ɨɪʝ"],
  [110, "ɯɰŋɳɲɴø"],
  [118, "ɸθœ"],
  [123, "ɹ"],
  [125, "ɾɻ"],
  [128, "ʁɽʂʃʈʧ"],
  [135, "ʊʋ"],
  [138, "ʌɣɤ"],
  [142, "χʎ"],
  [147, "ʒʔ"],
  [156, "ˈˌː"],
  [162, "ʰ"],
  [164, "ʲ"],
  [169, "↓"],
  [171, "→↗↘"],
  [177, "ᵻ"],
];

/** Makes `tokens.txt`; needs no input. */
export function kokoroTokens(): Made {
  const lines = RUNS.flatMap(([firstId, symbols]) =>
    [...symbols].map((symbol, index) => `${symbol} ${firstId + index}\n`),
  );
  return new Map([["tokens.txt", Buffer.from(lines.join(""))]]);
}
