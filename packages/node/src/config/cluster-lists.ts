/** Settings that are lists, as lists. */
import { PeerError } from "../errors.ts";
import { isRole, itemsOf, ROLES, type Role } from "./cluster-schema.ts";
import { readWakeWords, type WakeInput, type WakeWordSetting } from "./ears-schema.ts";
import type { Config } from "./schema.ts";

/**
 * The addresses to ask, each as it was written.
 * @throws PeerError `config-invalid` when some are given though nobody is to be looked for: one of the two is a slip.
 */
export function joinListOf({ cluster }: Pick<Config, "cluster">): readonly string[] {
  const addresses = itemsOf(cluster.join);
  if (cluster.discovery !== "off" || addresses.length === 0) return addresses;
  throw new PeerError(
    "config-invalid",
    `cluster.join names peers, but with cluster.discovery = "off" nobody is asked`,
    {
      nextStep: 'Set cluster.discovery to "static", or leave cluster.join empty.',
    },
  );
}

/** The wake words that are listened for on `input`; on any when absent. */
export function wakeWordsOf({ wake }: Pick<Config, "wake">, input?: WakeInput): readonly WakeWordSetting[] {
  const words = readWakeWords(wake.words) ?? [];
  return words.filter(({ inputs }) => input === undefined || inputs === undefined || inputs.includes(input));
}

/** The single roles that this peer has; `all` is every one of them. */
export function rolesOf({ cluster }: Pick<Config, "cluster">): ReadonlySet<Exclude<Role, "all">> {
  const given: readonly Role[] = itemsOf(cluster.roles).filter(isRole);
  return new Set((given.includes("all") ? ROLES : given).filter((role) => role !== "all"));
}
