/** `parley pair`: lets one newcomer in, by a code or by approval. */
import type { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import { PeerError } from "../../../errors.ts";
import { drawInvitation, readInvitation } from "../../../mesh/door/code/invitation.ts";
import {
  approveAnswer,
  pairingAnswer,
  peersAnswer,
  read,
  waitingAnswer,
  type Peer,
  type WaitingPeer,
  type Window,
} from "../../cluster/answers.ts";
import { countdown, waitingText } from "../../cluster/texts.ts";
import type { CliContext } from "../../context.ts";
import { ProgressLine } from "../../progress.ts";
import { printEvent, printJson } from "../../json-line.ts";
import { withManagement, type Managing } from "./with-management.ts";

const LOOK_EVERY_MS = 500;

/** Adds `pair` to the program. */
export function registerPairCommand(program: Command, context: CliContext): void {
  const command = program
    .command("pair")
    .description("let a newcomer into the cluster: show a code for it, and wait until it is in")
    .option("--approve <who>", "let in who waits, by name or fingerprint, without a code")
    .addHelpText(
      "after",
      "\nThe code counts for ten minutes, for one newcomer, and for five tries. Ctrl-C takes it back.\n" +
        "On the newcomer: parley join --code XXXX-XXXX, or type it where parley start asks for it.\n",
    );
  command.action(() =>
    withManagement(command, context, async (managing) => {
      const who: unknown = command.opts()["approve"];
      if (typeof who === "string") await approve(who, managing, context);
      else await pair(managing, context);
    }),
  );
}

async function approve(who: string, { management, json, signal }: Managing, context: CliContext): Promise<void> {
  const answer = await management.post("/waiting/approve", { body: { who }, signal });
  if (json) {
    printJson(context, answer);
    return;
  }
  const { peer } = read(approveAnswer, answer);
  context.stdout(
    peer === null
      ? `${who} is approved. It comes in when its own person agrees there.\n`
      : `${peer.name} belongs to the cluster now.\n`,
  );
}

async function pair(managing: Managing, context: CliContext): Promise<void> {
  const { management, json, signal } = managing;
  const before = new Set((await peersNow(managing)).map(({ peerId }) => peerId));
  const opened = read(pairingAnswer, await management.post("/pairing", { signal })).pairing;
  if (opened === null) throw new PeerError("internal", "the peer opened no window", { nextStep: "Report this." });
  if (json) printEvent(context, { event: "window", ...opened });
  else context.stdout(windowText(opened));
  try {
    await follow(opened, before, managing, context);
  } catch (error) {
    // Who goes away takes the code along.
    if (signal.aborted) await management.delete("/pairing");
    throw error;
  }
}

/** Until somebody is in, or the window is closed. */
async function follow(
  opened: Window,
  before: ReadonlySet<string>,
  managing: Managing,
  context: CliContext,
): Promise<void> {
  const { management, json, signal } = managing;
  const progress = new ProgressLine(context);
  const told = new Set<string>();
  for (;;) {
    const { pairing, ended } = read(pairingAnswer, await management.get("/pairing", { signal }));
    const { waiting } = read(waitingAnswer, await management.get("/waiting", { signal }));
    tellWaiting(waiting, told, json, progress, context);
    const isOver = pairing === null ? ended !== null : pairing.code !== opened.code;
    if (isOver) {
      progress.clear();
      const came = (await peersNow(managing)).filter(({ peerId }) => !before.has(peerId));
      if (ended !== "used" && came.length === 0) throw closed(ended);
      tellCame(came, json, context);
      return;
    }
    progress.status(pairing === null ? "a newcomer is being let in …" : leftText(pairing));
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

function leftText({ expiresAtMs, triesLeft }: Window): string {
  const left = countdown(expiresAtMs - Date.now());
  return `waiting for a newcomer: ${left} and ${triesText(triesLeft)} left; Ctrl-C takes the code back`;
}

function triesText(tries: number): string {
  return tries === 1 ? "1 try" : `${tries} tries`;
}

async function peersNow({ management, signal }: Managing): Promise<readonly Peer[]> {
  return read(peersAnswer, await management.get("/peers", { signal })).peers;
}

function windowText({ code, expiresAtMs, triesLeft, uri }: Window): string {
  const invitation = readInvitation(uri);
  const picture = invitation === undefined ? "" : `${drawInvitation(invitation)}\n`;
  const tries = triesText(triesLeft);
  return `${picture}\nCode: ${code}   (${countdown(expiresAtMs - Date.now())} and ${tries} left)\n\nOn the newcomer: parley join --code ${code}\n`;
}

function tellWaiting(
  waiting: readonly WaitingPeer[],
  told: Set<string>,
  json: boolean,
  progress: ProgressLine,
  context: CliContext,
): void {
  const fresh = waiting.filter(({ peerId }) => !told.has(peerId));
  for (const peer of fresh) {
    told.add(peer.peerId);
    if (json) printEvent(context, { event: "waiting", ...peer });
  }
  if (!json && fresh.length > 0) progress.line(waitingText(fresh).trimEnd());
}

function tellCame(came: readonly Peer[], json: boolean, context: CliContext): void {
  if (json) {
    printEvent(context, { event: "joined", peers: came });
    return;
  }
  const names = came.map(({ name }) => name).join(", ");
  context.stdout(names === "" ? "The newcomer is in.\n" : `${names} belongs to the cluster now.\n`);
}

const ENDINGS: Readonly<Record<string, string>> = {
  expired: "the ten minutes are over and nobody came",
  "too-many-failures": "the code was wrong five times: somebody may be guessing",
  closed: "the code was taken back",
};

function closed(why: string | null): PeerError {
  return new PeerError("pairing-closed", ENDINGS[why ?? ""] ?? "the code counts no more", {
    nextStep: "Run parley pair again for another code.",
  });
}
