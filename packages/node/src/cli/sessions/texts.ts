/** Sessions in lines for people. */
import { table } from "../cluster/texts.ts";
import { onOneLine } from "../one-line.ts";
import type { ShownSession } from "./answers.ts";

const NAME_CHARS = 24;
const ID_CHARS = 8;

/** Those of the house. @param peers names by id */
export function sessionsText(
  sessions: readonly ShownSession[],
  silent: readonly string[],
  peers: ReadonlyMap<string, string>,
): string {
  const rows = sessions.map((each) => [
    each.sessionId.slice(0, ID_CHARS),
    onOneLine(each.clientId ?? "-", NAME_CHARS),
    hostOf(each),
    each.visit === null ? "-" : nameOf(each.visit.entry, peers),
    each.state,
    `${each.doing}, ${each.turns} ${each.turns === 1 ? "turn" : "turns"}`,
    journalOf(each),
    lastHandOver(each, peers),
  ]);
  const head = ["session", "client", "host", "entry", "state", "turn", "journal", "last hand-over"];
  const missing = silent.map(
    (name) => `${onOneLine(name, NAME_CHARS)} did not answer: its sessions are not all shown.\n`,
  );
  const all = rows.length === 0 ? "There is no session.\n" : table([head, ...rows]);
  return [all, ...missing].join("");
}

/** One of them, with all its hand-overs. */
export function sessionText(session: ShownSession, peers: ReadonlyMap<string, string>): string {
  const { sessionId, account, clientId, sinceMs, state, doing, turns, timers, visit, handOvers } = session;
  const rows = [
    ["session", sessionId],
    ["client", `${onOneLine(clientId ?? "-")} of ${onOneLine(account ?? "-")}`],
    ["host", `${hostOf(session)}, since ${time(sinceMs)}`],
    ["entry", visit === null ? "nobody is there" : `${nameOf(visit.entry, peers)}, since ${time(visit.sinceMs)}`],
    ["state", state],
    ["turn", `${doing}, ${turns} so far, ${timers} timers`],
    ["journal", journalOf(session)],
    ...handOvers.toReversed().map((each) => [time(each.atMs), handOverText(each, peers)]),
  ];
  return table(rows);
}

function hostOf({ host }: ShownSession): string {
  return host === null ? "gone" : onOneLine(host.name, NAME_CHARS);
}

function journalOf({ journal }: ShownSession): string {
  if (journal === null) return "none";
  const { records, bytes, commits, state, why } = journal;
  const reason = why === undefined ? "" : ` (${why})`;
  return `${state}${reason}: ${records} records, ${bytes} bytes, ${commits} commits`;
}

/** How it came to its host, or its client; where that client comes through is the lesser news, and told beside it. */
function lastHandOver({ handOvers }: ShownSession, peers: ReadonlyMap<string, string>): string {
  const last = handOvers.findLast(({ why }) => why !== "entry-changed") ?? handOvers.at(-1);
  return last === undefined ? "-" : `${handOverText(last, peers)}, ${time(last.atMs)}`;
}

function handOverText(
  { from, to, why }: ShownSession["handOvers"][number],
  peers: ReadonlyMap<string, string>,
): string {
  return `${nameOf(from, peers)} to ${nameOf(to, peers)}: ${onOneLine(why.replaceAll("-", " "))}`;
}

function nameOf(id: string, peers: ReadonlyMap<string, string>): string {
  return onOneLine(peers.get(id) ?? id, NAME_CHARS);
}

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
