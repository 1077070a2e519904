/**
 * A proposal that is said to be committed is the entry it is said to be; one that is said to be refused, or not to have been
 * taken, is never carried out. What is unknown may be either.
 */
import { demand } from "../../kit/violation.ts";
import { decodeAppend } from "../machine.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";

const NAME = "client-outcomes-are-true";

export function clientOutcomesAreTrue(chronicle: Chronicle): Invariant {
  /** Tries and whole operations that were refused, and how. */
  const refused = new Map<string, string>();
  const done = new Set<string>();
  const refuse = (name: string, how: string): void => {
    demand(!done.has(name), NAME, () => `${name} was carried out, and is said to be ${how}`);
    refused.set(name, how);
  };
  return {
    name: NAME,
    done({ id }, { index, append: { client, sequence, attempt } }) {
      const operation = `${client}:${sequence}`;
      for (const name of [operation, `${operation}:${attempt}`]) {
        done.add(name);
        const how = refused.get(name);
        demand(how === undefined, NAME, () => `node ${id} carries ${name} out at ${index}, which was ${how}`);
      }
    },
    answered({ id, applied }, { append: { client, sequence, attempt }, outcome }) {
      const name = `${client}:${sequence}:${attempt}`;
      if (outcome.outcome === "refused") return refuse(name, `refused (${outcome.reason})`);
      if (outcome.outcome === "not-leader") return refuse(name, "not taken");
      if (outcome.outcome !== "committed") return;
      const { index, term } = outcome;
      const entry = chronicle.committedAt(index);
      const found = entry === undefined ? undefined : decodeAppend(entry.data);
      demand(
        entry?.term === term && found?.client === client && found.sequence === sequence && index <= applied,
        NAME,
        () => `node ${id}, at ${applied}, says that ${name} is entry ${index} of term ${term}, which it is not`,
      );
    },
    concluded({ client, sequence, outcome }) {
      const name = `${client}:${sequence}`;
      if (outcome.outcome === "refused") {
        const isOwnDoing = outcome.reason === "already-acknowledged";
        demand(!isOwnDoing, NAME, () => `${name} was acknowledged by its own session before it was answered`);
        refuse(name, `refused in the end (${outcome.reason})`);
      }
      if (outcome.outcome === "not-leader") refuse(name, "not taken in the end");
    },
  };
}
