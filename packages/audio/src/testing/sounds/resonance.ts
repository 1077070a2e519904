/** What throats, wood and metal do to what goes through them. */

/** A two-pole resonator at `hz`, `widthHz` wide, at `SPEECH_RATE_HZ`. */
export function resonance(hz: number, widthHz: number): (input: number) => number {
  const radius = Math.exp((-Math.PI * widthHz) / 16_000);
  const turn = 2 * radius * Math.cos((2 * Math.PI * hz) / 16_000);
  let [last, beforeLast] = [0, 0];
  return (input) => {
    const output = (1 - radius) * input + turn * last - radius * radius * beforeLast;
    [last, beforeLast] = [output, last];
    return output;
  };
}
