/** What `parley sessions` says of where a session is and how it came there. */
import { describe, expect, it } from "vitest";
import type { ShownSession } from "../../src/cli/sessions/answers.ts";
import { sessionsText, sessionText } from "../../src/cli/sessions/texts.ts";

const NAMES = new Map([
  ["id-a", "attic"],
  ["id-b", "barn"],
  ["id-c", "cellar"],
]);
const SESSION: ShownSession = {
  sessionId: "0123456789abcdef",
  state: "visited",
  host: { peerId: "id-b", name: "barn" },
  account: "anna",
  clientId: "phone",
  sinceMs: 0,
  turns: 2,
  doing: "talking",
  timers: 0,
  visit: { entry: "id-c", sinceMs: 0 },
  journal: { records: 3, bytes: 40, commits: 2, state: "behind", why: "no-quorum" },
  handOvers: [
    { atMs: 1_000, from: "tablet", to: "phone", why: "continued" },
    { atMs: 2_000, from: "id-a", to: "id-b", why: "host-died" },
  ],
};

describe("a session for people", () => {
  it("is told with its peers by name, of those as well that have no session, or are gone", () => {
    const [, row = ""] = sessionsText([SESSION], ["dovecot"], NAMES).split("\n");
    expect(row.split(/ {2,}/)).toEqual([
      "01234567",
      "phone",
      "barn",
      "cellar",
      "visited",
      "talking, 2 turns",
      "behind (no-quorum): 3 records, 40 bytes, 2 commits",
      "attic to barn: host died, 1970-01-01 00:00:02 UTC",
    ]);
    expect(sessionsText([SESSION], ["dovecot"], NAMES)).toContain("dovecot did not answer");
    const one = sessionText(SESSION, NAMES);
    expect(one).toContain("cellar, since 1970");
    expect(one.indexOf("attic to barn: host died")).toBeLessThan(one.indexOf("tablet to phone: continued"));
  });

  it("says why it is at its host, also when its client has come through another peer since", () => {
    const entered = { atMs: 3_000, from: "id-a", to: "id-c", why: "entry-changed" };
    const lastOf = (handOvers: ShownSession["handOvers"]): string =>
      sessionsText([{ ...SESSION, handOvers }], [], NAMES).split("\n")[1] ?? "";
    expect(lastOf([...SESSION.handOvers, entered])).toContain("attic to barn: host died");
    expect(lastOf([entered])).toContain("attic to cellar: entry changed");
    const all = sessionText({ ...SESSION, handOvers: [...SESSION.handOvers, entered] }, NAMES);
    expect(all).toContain("attic to cellar: entry changed");
  });

  it("has the id of a peer that nobody knows any more, and is told where it waits for a host", () => {
    const homeless: ShownSession = { ...SESSION, state: "homeless", host: null, visit: null, journal: null };
    const text = sessionsText([homeless], [], new Map());
    for (const part of ["gone", "homeless", "none", "id-a to id-b: host died"]) expect(text).toContain(part);
  });
});
