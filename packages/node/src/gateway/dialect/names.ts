/** Names of fields as the two dialects write them: `clientId` and `client_id`. Pure. */

/** Fields whose inside is the clients' own affair: names in there stay as they are. */
const CARRIED: ReadonlySet<string> = new Set([
  "parameters",
  "result",
  "eventData",
  "filter",
  "details",
  "data",
  "sources",
  "actions",
  "metadata",
  "previousMessages",
  "relevantMemories",
]);

/** As in an envelope, `messageId`, from `message_id`. What is no name of the flat dialect stays as it is. */
export function toCamel(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** As in the flat dialect, `message_id`, from `messageId`. */
export function toSnake(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `value` with the names of an envelope's fields as the flat dialect writes them. */
export function snakeNames(value: unknown): unknown {
  return renamed(value, toSnake, (name) => CARRIED.has(name));
}

/** The way back. */
export function camelNames(value: unknown): unknown {
  return renamed(value, toCamel, (name) => CARRIED.has(toCamel(name)));
}

/** True for an object, and no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The definition is three levels deep; what is deeper is nothing of ours. */
const MAX_DEPTH = 8;

function renamed(
  value: unknown,
  rename: (name: string) => string,
  isCarried: (name: string) => boolean,
  depth = 0,
): unknown {
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((each) => renamed(each, rename, isCarried, depth + 1));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      return [rename(name), isCarried(name) ? inner : renamed(inner, rename, isCarried, depth + 1)];
    }),
  );
}
