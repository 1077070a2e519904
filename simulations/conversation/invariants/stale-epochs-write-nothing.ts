/** Once a newer owner of a session has shown its stamp, or a newer stamp of its shard was seen, nothing of an older one is taken. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "stale-epochs-write-nothing";

export function staleEpochsWriteNothing(): Invariant {
  const newest = new Map<string, number>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "written" || !happening.isDone || !("stamp" in happening.command)) return;
      const { type, stamp } = happening.command;
      if (stamp === undefined) return;
      const seen = newest.get(stamp.scope) ?? 0;
      demand(
        stamp.token >= seen,
        NAME,
        () => `${type} of ${stamp.scope} in ${stamp.token} was taken after one in ${seen}`,
      );
      newest.set(stamp.scope, stamp.token);
    },
  };
}
