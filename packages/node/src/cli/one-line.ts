/** Names and values come from other peers: on one line, without signs that move what stands around them, and not without end. */

const LONGEST = 200;

export function onOneLine(text: string, longest = LONGEST): string {
  const plain = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  return plain.length > longest ? `${plain.slice(0, Math.max(0, longest - 1))}…` : plain;
}
