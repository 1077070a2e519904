/** The cluster in lines for people. */
import type { Namesake } from "../../cluster/face.ts";
import { fingerprintOf } from "../../mesh/door/code/fingerprint.ts";
import type { Departed, OpenWindow, Peer, Report, TakesPart, WaitingPeer } from "./answers.ts";

/** Rows in columns, the last one as it is. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? "")].length)));
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        const missing = (widths[column] ?? 0) - [...cell].length;
        return column === row.length - 1 ? cell : cell + " ".repeat(missing);
      });
      return `${cells.join("  ").trimEnd()}\n`;
    })
    .join("");
}

/** Who belongs, the prime and this peer marked. */
export function peersText(peers: readonly Peer[], nowMs: number): string {
  const rows = peers.map((peer) => [
    peer.name,
    peer.isPrime ? `${peer.role}, prime` : peer.role,
    peer.isDraining ? `${presence(peer, nowMs)}, draining` : presence(peer, nowMs),
    peer.roundTripMs === undefined ? "" : `${peer.roundTripMs.toFixed(1)} ms`,
    fingerprintOf(peer.peerId),
    [peer.version, peer.platform].filter((part) => part !== undefined).join(" "),
  ]);
  return table([["name", "role", "seen", "round trip", "fingerprint", "runs"], ...rows]);
}

/** Those who are shown: of more the latest. */
const DEPARTED_SHOWN = 50;

/** Who belonged, and what became of it. */
export function departedText(departed: readonly Departed[], nowMs: number): string {
  if (departed.length === 0) return "Nobody has left, and nobody was revoked.\n";
  const rows = departed
    .slice(0, DEPARTED_SHOWN)
    .map(({ name = "?", how, atMs, fingerprint, by }) => [
      `  ${name}`,
      by === undefined ? how : `${how} by ${by}`,
      atMs === undefined ? "" : `${ageText(nowMs - atMs)} ago`,
      `fingerprint ${fingerprint}`,
    ]);
  const more = departed.length - rows.length;
  return `No more of the cluster:\n${table(rows)}${more > 0 ? `  and ${more} before (parley peers --all --json)\n` : ""}`;
}

function presence({ isSelf, isOnline, lastSeenMs }: Peer, nowMs: number): string {
  if (isSelf) return "this peer";
  if (isOnline) return "online";
  return lastSeenMs === undefined ? "offline, not seen yet" : `offline, seen ${ageText(nowMs - lastSeenMs)} ago`;
}

const UNITS: readonly (readonly [ms: number, sign: string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
];

/** How long, in one unit. */
export function ageText(ms: number): string {
  const [unitMs, sign] = UNITS.find(([each]) => ms >= each) ?? [1000, "s"];
  return `${Math.max(0, Math.floor(ms / unitMs))} ${sign}`;
}

/** Who knocks, and how to let each in; empty when nobody does. */
export function waitingText(waiting: readonly WaitingPeer[]): string {
  if (waiting.length === 0) return "";
  const rows = waiting.map(({ name, fingerprint }) => [`  ${name}`, `fingerprint ${fingerprint}`]);
  const warnings = waiting.flatMap((peer) => namesakeText(peer) ?? []).map((line) => `  ${line}\n`);
  return (
    `Waiting to be let in:\n${table(rows)}${warnings.join("")}` +
    "Compare the fingerprint with what the newcomer shows, then: parley pair --approve FINGERPRINT\n"
  );
}

interface Knocking extends Pick<WaitingPeer, "name" | "fingerprint"> {
  readonly namesakes: readonly Pick<Namesake, "name" | "fingerprint" | "isMember">[];
}

/** Namesakes that are named in one line. */
const NAMESAKES_SHOWN = 5;

/** That who waits may not be who its name says; undefined where nobody else is called so. */
export function namesakeText({ name, fingerprint, namesakes }: Knocking): string | undefined {
  if (namesakes.length === 0) return undefined;
  const told = namesakes.slice(0, NAMESAKES_SHOWN).map((other) => {
    const what = other.isMember ? "a member of the cluster" : "another one who waits";
    return `${other.name} (${other.fingerprint}), ${what}`;
  });
  const more = namesakes.length - told.length;
  const rest = more > 0 ? `; and ${more} more` : "";
  return `Careful: ${name} (${fingerprint}) is called like ${told.join("; ")}${rest}. A name proves nothing, the fingerprint does.`;
}

/** How this peer stands with its cluster. */
export function reportText(report: Report, nowMs: number): string {
  const { clusterId, status, waiting, fingerprint, pairing } = report;
  const { prime, term, voters, learners } = status;
  const facts: readonly (readonly [string, string])[] = [
    ["cluster", clusterId ?? ""],
    ["fingerprint", fingerprint],
    ["prime", prime === null ? "" : `${prime.name}, term ${term ?? "unknown"}`],
    ["voters", voters.map(takesPartText).join(", ")],
    ["learners", learners.map(takesPartText).join(", ")],
  ];
  const head = facts.flatMap(([name, value]) => (value === "" ? [] : [`${name.padEnd(17)} ${value}\n`])).join("");
  const isSaid = status.sentences.some((sentence) => sentence.includes(status.trouble ?? ""));
  const trouble = status.trouble === undefined || isSaid ? [] : [troubleText(status.trouble)];
  const lines = [...trouble, ...status.sentences, ...status.nextSteps.map((step) => `-> ${step}`)].map(
    (line) => `  ${line}\n`,
  );
  const window = pairing === null ? "" : openText(pairing, nowMs);
  return `${head}${lines.join("")}${metText(report)}${waitingText(waiting)}${window}`;
}

function openText(window: OpenWindow, nowMs: number): string {
  return `A newcomer can come in by a code: ${leftText(window, nowMs)} left. To take the code back: parley pair --close\n`;
}

/** What is left of a window. */
export function leftText({ expiresAtMs, triesLeft }: OpenWindow, nowMs: number): string {
  return `${countdown(expiresAtMs - nowMs)} and ${triesLeft === 1 ? "1 try" : `${triesLeft} tries`}`;
}

/** One that votes or learns, with what is to be known of it. */
function takesPartText({ name, isOnline, isAsleep, losesVoteBy, lag }: TakesPart): string {
  const isBehind = lag !== null && lag > 0;
  const going = losesVoteBy === null ? "" : losesVoteBy === "leaving" ? "leaving" : "being revoked";
  const notes = [isAsleep ? "asleep" : "", going, isOnline ? "" : "not there", isBehind ? `${lag} entries behind` : ""];
  const said = notes.filter((note) => note !== "");
  return said.length === 0 ? name : `${name} (${said.join(", ")})`;
}

/** Why a peer works by itself that should not. */
export function troubleText(why: string): string {
  return `This peer cannot take part in a cluster: ${why}. It works by itself.`;
}

/** Clusters nearby that this peer does not belong to, with those of their peers that it has met. */
function metText({ clusterId, met }: Report): string {
  if (met.length === 0) return "";
  const rows = met.map(({ clusterId: other, name, fingerprint }) => [
    `  ${other}`,
    `of ${name}`,
    `fingerprint ${fingerprint}`,
  ]);
  return `${clusterId === null ? "Found nearby" : "Other clusters nearby"}:\n${table(rows)}`;
}

/** Minutes and seconds that are left. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
