/** Reads what came from another host. */
import type { ActorRef } from "@parley/actors";

/** @throws TypeError */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) throw new TypeError("it is no object");
  const found: unknown = Reflect.get(value, name);
  return found;
}

/** @throws TypeError */
export function textIn(value: unknown, name: string): string {
  const found = field(value, name);
  if (typeof found !== "string") throw new TypeError(`${name} is no text`);
  return found;
}

/** What it takes cannot be seen in it. @throws TypeError */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- see above
export function refIn<Message>(value: unknown, name: string): ActorRef<Message> {
  const found = field(value, name);
  if (!isRef<Message>(found)) throw new TypeError(`${name} is no reference`);
  return found;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- see above
function isRef<Message>(value: unknown): value is ActorRef<Message> {
  return typeof value === "object" && value !== null && "tell" in value;
}
