/** Speech as a WAV file: 16-bit PCM, mono, under a RIFF header of 44 bytes. */

const HEADER_BYTES = 44;
const LOUDEST = 32_767;

/** @param pieces samples from -1 to 1 */
export function wavOf(pieces: readonly Float32Array[], sampleRateHz: number): Uint8Array {
  const samples = pieces.reduce((sum, { length }) => sum + length, 0);
  const bytes = new DataView(new ArrayBuffer(HEADER_BYTES + 2 * samples));
  const text = (at: number, word: string): void => {
    for (const [n, letter] of [...word].entries()) bytes.setUint8(at + n, letter.charCodeAt(0));
  };
  text(0, "RIFF");
  bytes.setUint32(4, HEADER_BYTES - 8 + 2 * samples, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, sampleRateHz, true);
  bytes.setUint32(28, 2 * sampleRateHz, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  text(36, "data");
  bytes.setUint32(40, 2 * samples, true);
  let at = HEADER_BYTES;
  for (const piece of pieces) {
    for (const sample of piece) {
      bytes.setInt16(at, Math.round(LOUDEST * Math.max(-1, Math.min(1, sample))), true);
      at += 2;
    }
  }
  return new Uint8Array(bytes.buffer);
}
