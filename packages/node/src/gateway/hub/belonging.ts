/** Groups and channels that a client belongs to. */
import type { Seat } from "./hub.ts";

/** What a seat belongs to after `command`. */
export function changed(
  seat: Pick<Seat, "groups" | "channels">,
  command: "join" | "leave",
  { groups, channels }: Pick<Seat, "groups" | "channels">,
): Pick<Seat, "groups" | "channels"> {
  const change = (before: readonly string[], named: readonly string[]): readonly string[] =>
    command === "join" ? [...before, ...named] : before.filter((each) => !named.includes(each));
  return { groups: change(seat.groups, groups), channels: change(seat.channels, channels) };
}
