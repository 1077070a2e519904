/** `parley pair`: lets one newcomer in, by a code or by approval. */
import type { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import { PeerError } from "../../../errors.ts";
import { hostAndPortOf } from "../../../mesh/host/addresses.ts";
import { drawInvitation, readInvitation } from "../../../mesh/door/code/invitation.ts";
import {
  approveAnswer,
  pairingAnswer,
  peersAnswer,
  read,
  reportSchema,
  waitingAnswer,
  type Peer,
  type WaitingPeer,
  type Window,
} from "../../cluster/answers.ts";
import { leftText, waitingText } from "../../cluster/texts.ts";
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
    .option(
      "--approve <who>",
      "let in who waits, by its fingerprint (or by a name that nobody else has), without a code",
    )
    .option("--close", "take the code back that is shown now, here or elsewhere on this peer")
    .addHelpText(
      "after",
      "\nThe code counts for ten minutes, for one newcomer, and for five tries. Ctrl-C takes it back, and so does parley pair --close.\n" +
        "On the newcomer: parley join ADDRESS --code XXXX-XXXX, or type it where parley start asks for it.\n",
    );
  command.action(() =>
    withManagement(command, context, async (managing) => {
      const who: unknown = command.opts()["approve"];
      const isClosing = command.opts()["close"] === true;
      if (isClosing && who !== undefined) throw misused();
      if (isClosing) await close(managing, context);
      else if (typeof who === "string") await approve(who, managing, context);
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
  if (peer !== null) return context.stdout(`${peer.name} belongs to the cluster now.\n`);
  const { state, sentences, nextSteps } = read(reportSchema, await management.get("/cluster", { signal })).status;
  const [why = "", step] = [sentences[0], nextSteps[0]];
  context.stdout(
    state === "no-quorum"
      ? `${who} is approved, and cannot come in yet. ${why}\n${step === undefined ? "" : `  -> ${step}\n`}`
      : `${who} is approved. It comes in when its own person agrees there.\n`,
  );
}

async function close({ management, json, signal }: Managing, context: CliContext): Promise<void> {
  const { pairing } = read(pairingAnswer, await management.get("/pairing", { signal }));
  const answer = await management.delete("/pairing", { signal });
  if (json) return printJson(context, answer);
  context.stdout(
    pairing === null ? "No code was shown.\n" : "The code is taken back: nobody comes in by it any more.\n",
  );
}

async function pair(managing: Managing, context: CliContext): Promise<void> {
  const { management, json, signal } = managing;
  const before = new Set((await peersNow(managing)).map(({ peerId }) => peerId));
  try {
    const opened = read(pairingAnswer, await management.post("/pairing", { signal })).pairing;
    if (opened === null) throw new PeerError("internal", "the peer opened no window", { nextStep: "Report this." });
    if (json) printEvent(context, { event: "window", ...opened });
    else context.stdout(windowText(opened));
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
  const progress = new ProgressLine(context, undefined, json);
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
    progress.status(pairing === null ? "a newcomer is being let in …" : waitText(pairing));
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

function waitText(window: Window): string {
  return `waiting for a newcomer: ${leftText(window, Date.now())} left; Ctrl-C takes the code back`;
}

async function peersNow({ management, signal }: Managing): Promise<readonly Peer[]> {
  return read(peersAnswer, await management.get("/peers", { signal })).peers;
}

function windowText(window: Window): string {
  const { code, uri } = window;
  const invitation = readInvitation(uri);
  const picture = invitation === undefined ? "" : `${drawInvitation(invitation)}\n`;
  const address = invitation === undefined ? undefined : typedAddress(invitation.addresses);
  const elsewhere =
    address === undefined ? "" : `Where it cannot see this cluster:  parley join ${address} --code ${code}\n`;
  return `${picture}\nCode: ${code}   (${leftText(window, Date.now())} left)\n\nOn the newcomer:  parley join --code ${code}\n${elsewhere}`;
}

/** The first address, as people type it. */
function typedAddress(addresses: readonly string[]): string | undefined {
  const [first] = addresses.flatMap((each) => hostAndPortOf(each) ?? []);
  if (first === undefined) return undefined;
  return `${first.host.includes(":") ? `[${first.host}]` : first.host}:${first.port}`;
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

function misused(): PeerError {
  return new PeerError("usage", "--close and --approve cannot be given together", { nextStep: "Give one of the two." });
}

function closed(why: string | null): PeerError {
  return new PeerError("pairing-closed", ENDINGS[why ?? ""] ?? "the code counts no more", {
    nextStep: "Run parley pair again for another code.",
  });
}
