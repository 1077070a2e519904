/** Groups and channels that a client belongs to. */
import type { Ending, Pass } from "../access-port.ts";
import type { Seat } from "./hub.ts";

/** Where a seat belongs. */
export type Belonging = Pick<Seat, "groups" | "channels">;

/** What a seat belongs to after `command`. */
export function changed(seat: Belonging, command: "join" | "leave", { groups, channels }: Belonging): Belonging {
  const change = (before: readonly string[], named: readonly string[]): readonly string[] =>
    command === "join" ? [...before, ...named] : before.filter((each) => !named.includes(each));
  return { groups: change(seat.groups, groups), channels: change(seat.channels, channels) };
}

/** As much of that as a client may belong to now. */
export function allowed(pass: Pick<Pass, "refusalOf">, { groups, channels }: Belonging): Belonging {
  const mayJoin = (to: Parameters<Pass["refusalOf"]>[0]["to"]): boolean =>
    pass.refusalOf({ type: "COMMAND", name: "join", to }) === undefined;
  return {
    groups: groups.filter((id) => mayJoin({ kind: "group", id })),
    // A channel has no list of who may listen: it takes what the command `join` takes.
    channels: mayJoin({ kind: "peer" }) ? channels : [],
  };
}

/** Keeps a seat to what its client may, as that changes, and ends it when its client may not stay, until the result is called. */
export function keepToRights(
  seat: Seat,
  pass: Pick<Pass, "refusalOf" | "endedBy" | "watch">,
  end: (ending: Ending) => void,
): () => void {
  const look = (): void => {
    const ending = pass.endedBy();
    if (ending !== undefined) {
      // At once, however long the client takes to hear of it.
      seat.leave(ending.why);
      return end(ending);
    }
    const may = allowed(pass, seat);
    const isSame = may.groups.length === seat.groups.length && may.channels.length === seat.channels.length;
    if (!isSame) seat.belong(may);
  };
  seat.onTaken(() => end({ reason: "taken", why: "this client's id is that of somebody else's client" }));
  return pass.watch(look);
}
