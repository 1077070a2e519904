/**
 * Who is called alike. A name is only its bearer's word: whoever waits may take a member's, or one that looks like it, and be
 * let in for it. Told are those whom a person may take for one another; which is which the fingerprints say.
 */
import { PeerError } from "../../../errors.ts";
import { fingerprintOf, isFingerprintOf } from "../../../mesh/door/code/fingerprint.ts";
import type { Namesake } from "../../face.ts";

interface Named {
  readonly peerId: string;
  readonly name: string;
}

export interface Company<Waiting extends Named = Named> {
  readonly members: readonly Named[];
  readonly waiting: readonly Waiting[];
}

/** Those of `members` and `waiting` who are called like `peer`, members first. */
export function namesakesOf({ peerId, name }: Named, { members, waiting }: Company): readonly Namesake[] {
  const looks = looksOf(name);
  const alike = (others: readonly Named[], isMember: boolean): readonly Namesake[] =>
    others
      .filter((other) => other.peerId !== peerId && looksOf(other.name) === looks)
      .map((other) => ({ ...pick(other), fingerprint: fingerprintOf(other.peerId), isMember }));
  return [...alike(members, true), ...alike(waiting, false)];
}

/** Whether `who`, as a person has typed it, names that peer and no other, whatever that one is called. */
export function isNamedBy({ peerId }: Named, who: string): boolean {
  return peerId === who || isFingerprintOf(who, peerId);
}

/**
 * The member whom a person means by a peer id, a fingerprint, or a name that no other has.
 * @throws PeerError `no-such-peer`, with the fingerprints of all that may be meant
 */
export function memberNamed<Member extends Named>(who: string, members: readonly Member[]): Member {
  const exact = members.find((peer) => isNamedBy(peer, who));
  if (exact !== undefined) return exact;
  const [peer, ...others] = members.filter(({ name }) => name === who);
  if (peer === undefined) {
    throw new PeerError("no-such-peer", `no peer ${JSON.stringify(who)} belongs to this cluster`, {
      nextStep: "See who does: parley peers.",
    });
  }
  if (others.length === 0) return peer;
  const all = [peer, ...others].map(({ peerId }) => fingerprintOf(peerId));
  throw new PeerError("no-such-peer", `${all.length} peers are called ${JSON.stringify(who)}: ${all.join(", ")}`, {
    nextStep: "Name it by its fingerprint.",
  });
}

/**
 * Of those who wait here, the one whom a person means by a name, a fingerprint or a peer id; undefined when none is meant.
 * @throws PeerError `usage` for a name that others have as well, with the fingerprints of all that may be meant
 */
export function toApprove<Waiting extends Named>(
  who: string,
  { members, waiting, elsewhere = [] }: Company<Waiting> & { readonly elsewhere?: readonly Named[] },
): Waiting | undefined {
  const exact = waiting.find((peer) => isNamedBy(peer, who));
  if (exact !== undefined) return exact;
  const named = waiting.find(({ name }) => name === who);
  if (named === undefined) return undefined;
  const all = new Map([...elsewhere, ...waiting].map((peer) => [peer.peerId, peer]));
  const namesakes = namesakesOf(named, { members, waiting: [...all.values()] });
  if (namesakes.length === 0) return named;
  const told = [{ ...named, isMember: false }, ...namesakes].map(
    ({ peerId, name, isMember }) =>
      `${JSON.stringify(name)} ${fingerprintOf(peerId)} ${isMember ? "belongs to the cluster already" : "waits"}`,
  );
  throw new PeerError("usage", `${JSON.stringify(who)} may mean several peers: ${told.join("; ")}`, {
    nextStep: "Compare the fingerprints with what the newcomer shows: parley pair --approve FINGERPRINT.",
  });
}

/** That who is to be approved does not wait here, with where it does wait. */
export function waitsNotHere(who: string, elsewhere: readonly (Named & { readonly at: string })[]): PeerError {
  const meant = elsewhere.filter((peer) => isNamedBy(peer, who) || peer.name === who);
  const places = [...Map.groupBy(meant, ({ peerId }) => peerId)].map(
    ([peerId, all]) => `${fingerprintOf(peerId)} waits at ${all.map(({ at }) => at).join(", ")}`,
  );
  const where = places.length === 0 ? "" : `, but elsewhere: ${places.join("; ")}`;
  return new PeerError("no-such-peer", `no peer ${JSON.stringify(who)} waits at this peer${where}`, {
    nextStep:
      places.length === 0
        ? "See who waits: parley peers --waiting."
        : "Compare the fingerprint with what the newcomer shows, and approve it where it waits: parley pair --approve FINGERPRINT.",
  });
}

function pick({ peerId, name }: Named): Named {
  return { peerId, name };
}

/**
 * What a name looks like on a screen, roughly: case, accents, widths, what cannot be seen, and signs between words are left out,
 * and letters that are drawn alike are one. After the idea of Unicode's confusables (UTS 39, 4), with the few that names of
 * machines are made of.
 */
function looksOf(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[\p{M}\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, "");
  const bare = plain.replaceAll(/[\s\p{P}]/gu, "");
  const drawn = [...(bare === "" ? plain : bare)].map((sign) => DRAWN_ALIKE.get(sign) ?? sign).join("");
  return drawn.replaceAll("rn", "m").replaceAll("vv", "w").replaceAll("cl", "d");
}

/** Each letter with those that are drawn like it: Cyrillic, Greek, digits. */
const ALIKE: readonly (readonly [letter: string, alike: string])[] = [
  ["a", "аα"],
  ["b", "ьв"],
  ["c", "сϲ"],
  ["d", "ԁ"],
  ["e", "еє"],
  ["h", "һн"],
  ["j", "ј"],
  ["k", "кκ"],
  ["l", "1i|ıіιӏ!"],
  ["m", "м"],
  ["n", "пη"],
  ["o", "0оοσ"],
  ["p", "рρ"],
  ["q", "ԛ"],
  ["s", "5ѕ"],
  ["t", "тτ"],
  ["u", "υ"],
  ["v", "ѵν"],
  ["w", "ԝω"],
  ["x", "хχ"],
  ["y", "уγ"],
  ["z", "2ᴢ"],
];

const DRAWN_ALIKE: ReadonlyMap<string, string> = new Map(
  ALIKE.flatMap(([letter, alike]) => Array.from(alike, (sign) => [sign, letter] as const)),
);
