/** Numbers and names as people say them. */

/** `1 voter`, `3 voters`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(names: readonly string[], word = "and"): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} ${word} ${last}`;
}

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];

/** In the largest unit that it has one of: `3 hours`. */
export function duration(ms: number): string {
  const [unitMs, name] = UNITS.find(([each]) => ms >= each) ?? [1_000, "second"];
  return plural(Math.round(ms / unitMs), name);
}
