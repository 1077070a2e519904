/** Two clusters with contents that have met: neither is given up by itself (merging is a person's matter). Pure. */
import { list } from "./words.ts";

/** Another cluster that holds something. */
export interface OtherCluster {
  readonly cluster: string;
  /** Of its peers that were met. */
  readonly names: readonly string[];
}

/** A member that went on without this peer, as a cluster of its own: by what its door shows. */
export interface MovedOnMember {
  readonly peer: string;
  readonly name: string;
  readonly cluster: string;
}

export function describeOther({ cluster, names }: OtherCluster): string {
  return `There is another cluster nearby, ${cluster} of ${list(names)}: both go on by themselves, and neither gives itself up.`;
}

/** Of members that went on without the others, as a cluster of their own. */
export function describeMovedOn(movedOn: readonly MovedOnMember[]): readonly string[] {
  return [...Map.groupBy(movedOn, ({ cluster }) => cluster)].map(([cluster, members]) => {
    const [belong, they] = members.length === 1 ? ["belongs", "it"] : ["belong", "they"];
    const names = members.map(({ name }) => name);
    return `${list(names)} ${belong} to another cluster now (${cluster}): ${they} went on without this one.`;
  });
}

export function howToFollow(movedOn: readonly MovedOnMember[]): readonly string[] {
  if (movedOn.length === 0) return [];
  const names = movedOn.map(({ name }) => name);
  return [
    `To follow ${list(names, "or")}: \`parley leave --force\` here, then \`parley join\` with a code that \`parley pair\` shows there.`,
  ];
}

/** Of peers that say they belong to this peer's cluster, and may not. */
export function describeClaimants(names: readonly string[]): string {
  const [show, do_] = names.length === 1 ? ["shows", "it does"] : ["show", "they do"];
  return `${list(names)} ${show} this cluster, and this peer does not know that ${do_} belong to it: it asks for proof.`;
}

export const CLAIMANTS_STEP =
  "If those are yours and it stays so: `parley leave --force` here, then `parley join` with a code that `parley pair` shows there.";

/** @param command how commands are called: `parley`, `npx parley` */
export function howToUnite(command = "parley"): string {
  return (
    `If both are yours and shall be one: choose the one to keep; on each peer of the other \`${command} leave\`, then ` +
    `\`${command} join\` with a code that \`${command} pair\` shows on the one that is kept. What the other holds is given up.`
  );
}
