/**
 * Who has left, and when: each leaves a word in the replicated state before it goes. The state itself remembers only the number
 * of who left (and all of who was revoked): this is for people, bounded, and nothing is decided by it.
 */
import * as z from "zod";
import type { SharedState, Submitted } from "../consensus/shared-state.ts";
import type { ClusterState } from "../state/model.ts";
import type { CommandOf } from "../state/schemas.ts";

const PREFIX = "left/";

/** Who is remembered with a name; of more the latest. */
export const MAX_DEPARTURES = 64;

const wordSchema = z.strictObject({ name: z.string().min(1).max(128), atMs: z.int().min(0) });

/** Somebody who belongs no more, or a while not. */
export interface Departure {
  readonly peer: string;
  readonly name: string;
  /** By its own clock; epoch. */
  readonly atMs: number;
}

/** Whether a key holds such a word. */
export function isDeparture(key: string): boolean {
  return key.startsWith(PREFIX);
}

/** The words of all who left one, the latest first: also of those who have come back since. */
export function departuresIn({ settings }: ClusterState): readonly Departure[] {
  const found: Departure[] = [];
  for (const [key, value] of settings.range({ from: PREFIX })) {
    if (!isDeparture(key)) break;
    const word = wordSchema.safeParse(parsed(value));
    if (word.success) found.push({ peer: key.slice(PREFIX.length), ...word.data });
  }
  return found.toSorted((one, other) => other.atMs - one.atMs);
}

/** What `peer` says before it leaves; and first, so that there is room for it, what is forgotten of others. */
export function farewell(state: ClusterState, { peer, name, atMs }: Departure): readonly CommandOf<"set">[] {
  const others = departuresIn(state).filter((departure) => departure.peer !== peer);
  const forgotten = [
    // Who belongs again has not left.
    ...others.filter((departure) => state.members.has(departure.peer)),
    ...others.filter((departure) => !state.members.has(departure.peer)).slice(MAX_DEPARTURES - 1),
  ];
  return [...forgotten.map((departure) => word(departure.peer, null)), word(peer, JSON.stringify({ name, atMs }))];
}

/** Says farewell, as far as that can be agreed on, and leaves. Never rejects. */
export async function depart(
  shared: SharedState,
  peer: string,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<Submitted> {
  const name = shared.now.members.get(peer)?.name ?? peer;
  for (const command of farewell(shared.now, { peer, name, atMs: Date.now() }))
    await shared.submit(command, { timeoutMs });
  return shared.submit({ type: "leave", peer }, { timeoutMs });
}

function word(peer: string, value: string | null): CommandOf<"set"> {
  return { type: "set", key: `${PREFIX}${peer}`, value };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not one of ours: left out.
    return undefined;
  }
}
