/** What a client is, and what was changed of it, as the audit log tells it: never its token, nor what proves it. */
import type { AuditEntry } from "./audit.ts";
import type { ClientRecord } from "./client-record.ts";

type Details = AuditEntry["details"];
type Field = "role" | "groups" | "targets" | "isActive" | "remembers" | "expiresMs";
/** Of a client, what is told; a field that is undefined stands for nothing. */
export type Told = { readonly [Each in Field]?: ClientRecord[Each] | undefined };

/** Longest list that is written down as a whole. */
const MOST_CHARS = 512;

/** What a client is. */
export function toldOf(fields: Told): Details {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([field, value]) => [field, flat(value)]));
}

/** What was different of it before, and what it is now: `role` and `roleBefore`. */
export function changesOf(before: Told | undefined, change: Told): Details {
  const entries = Object.entries(change).flatMap(([field, value]) => {
    const was = before === undefined ? undefined : Object.entries(before).find(([each]) => each === field)?.[1];
    const [now, then] = [flat(value), flat(was)];
    return now === then ? [] : [[field, now] as const, [`${field}Before`, then] as const];
  });
  return Object.fromEntries(entries);
}

function flat(value: ClientRecord[Field] | undefined): Details[string] {
  if (value === undefined) return null;
  if (typeof value !== "object") return value;
  const list = value.join(", ");
  return list.length <= MOST_CHARS ? list : `${value.length} of them`;
}
