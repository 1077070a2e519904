/** Who votes, and so keeps keys. While the cluster changes that, there are two sets of voters, and each of them counts. */

/** Peers; one set or two. */
export type Electorate = readonly (readonly string[])[];

/** Whether most of each set are among `peers`. */
export function isMajority(electorate: Electorate, peers: ReadonlySet<string>): boolean {
  const hasMost = (voters: readonly string[]): boolean =>
    voters.filter((peer) => peers.has(peer)).length * 2 > voters.length;
  return electorate.length > 0 && electorate.every(hasMost);
}

export function votersOf(electorate: Electorate): readonly string[] {
  return [...new Set(electorate.flat())];
}

/** The same text for the same electorate. */
export function textOf(electorate: Electorate): string {
  return electorate.map((voters) => voters.toSorted().join(" ")).join(" | ");
}
