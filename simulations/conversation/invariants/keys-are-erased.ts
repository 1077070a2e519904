/** Once a turn has ended nobody has the key of what it has written: what is in the log can be read by nobody any more. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import type { Library } from "../library.ts";

const NAME = "keys-are-erased";

export function keysAreErased({ keyOf }: Library): Invariant {
  /** Names of keys that something was written with, with their sessions and turns. */
  const used = new Map<string, { readonly session: string; readonly turn: number }>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "written" && happening.isDone && happening.command.type === "journal-append") {
        const { session, turn, records } = happening.command;
        const name = keyOf(records[0]);
        if (name !== undefined) used.set(name, { session, turn });
      }
      if (happening.type !== "healed") return;
      for (const { peer, name } of happening.keys) {
        const { session, turn } = used.get(name) ?? {};
        if (session === undefined || turn === undefined) continue;
        const journal = happening.state.journals.get(session);
        const isOpen = journal?.turn === turn && journal.records !== undefined;
        demand(isOpen, NAME, () => `${peer} still has the key of turn ${turn} of ${session}`);
      }
    },
  };
}
