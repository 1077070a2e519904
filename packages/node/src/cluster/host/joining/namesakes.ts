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

/**
 * Of those who wait, the one whom a person means by a name, a fingerprint or a peer id; undefined when none is meant.
 * @throws PeerError `usage` for a name that others have as well, with the fingerprints of all that may be meant
 */
export function toApprove<Waiting extends Named>(who: string, company: Company<Waiting>): Waiting | undefined {
  const { waiting } = company;
  const exact = waiting.find(({ peerId }) => peerId === who || isFingerprintOf(who, peerId));
  if (exact !== undefined) return exact;
  const [named] = waiting.filter(({ name }) => name === who);
  if (named === undefined) return undefined;
  const namesakes = namesakesOf(named, company);
  if (namesakes.length === 0) return named;
  const all = [{ ...named, isMember: false }, ...namesakes];
  const told = all.map(
    ({ peerId, name, isMember }) =>
      `${JSON.stringify(name)} ${fingerprintOf(peerId)} ${isMember ? "belongs to the cluster already" : "waits"}`,
  );
  throw new PeerError("usage", `${JSON.stringify(who)} may mean several peers: ${told.join("; ")}`, {
    nextStep:
      "Compare the fingerprint with what the newcomer shows, and name it by that: parley pair --approve FINGERPRINT",
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
