/** 0 up to `from`, 1 from `to` on, and straight between them. */
export function ramp(value: number, [from, to]: readonly [number, number]): number {
  return value > from ? Math.min(1, (value - from) / (to - from)) : 0;
}
