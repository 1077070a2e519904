/** `parley drain`: a peer hands over what it does, and stays a member. */
import type { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import { PeerError } from "../../../errors.ts";
import type { CliContext } from "../../context.ts";
import { drainAnswer, read, type DrainState } from "../../cluster/answers.ts";
import { drainText, leftOfDrain } from "../../cluster/drain-text.ts";
import { printJson } from "../../json-line.ts";
import { withManagement, type Managing } from "./with-management.ts";

const LOOK_EVERY_MS = 250;
/** After its time: for what was told to go to be gone. */
const GRACE_MS = 3_000;
const SECONDS = 60;
const MOST_SECONDS = 3_600;

/** Adds `drain` to the program. */
export function registerDrainCommand(program: Command, context: CliContext): void {
  const command = program
    .command("drain")
    .argument("[peer]", "the name, fingerprint or id of a peer of the cluster; this one when absent")
    .description("have a peer hand over what it does, so that it may be stopped; it stays a member")
    .option("--undo", "it takes part again")
    .option("--timeout <seconds>", "how long it has for that", String(SECONDS))
    .addHelpText(
      "after",
      "\nOthers lead and vote, what runs is finished, sessions move, and clients are told to go to another peer, where they go on.\n" +
        "It lasts until --undo, or until the peer is started anew. Ctrl-C here ends the watching only.\n" +
        "With --json the last line is {drain}: how far it is; what is left is in its `left`.\n",
    );
  command.action((peer: string | undefined) => {
    const { undo, timeout } = command.opts<{ undo?: boolean; timeout: string }>();
    const timeoutMs = timeOf(timeout);
    return withManagement(command, context, async (managing) => {
      if (undo === true) await takeBack(peer, managing, context);
      else await drain(peer, timeoutMs, managing, context);
    });
  });
}

async function takeBack(peer: string | undefined, managing: Managing, context: CliContext): Promise<void> {
  const { management, json, signal } = managing;
  const answer = await management.delete("/drain", { body: peer === undefined ? {} : { peer }, signal });
  if (json) return printJson(context, answer);
  context.stdout(`${read(drainAnswer, answer).drain.name} takes part as before.\n`);
}

/** @throws PeerError `not-ready` where something is left when the time is up */
async function drain(
  peer: string | undefined,
  timeoutMs: number,
  managing: Managing,
  context: CliContext,
): Promise<void> {
  const { management, json, signal } = managing;
  const whose = peer === undefined ? "" : `?peer=${encodeURIComponent(peer)}`;
  let answer = await management.post("/drain", {
    body: { timeoutMs, ...(peer === undefined ? {} : { peer }) },
    signal,
  });
  const untilMs = performance.now() + timeoutMs + GRACE_MS;
  let told = "";
  for (;;) {
    const state = read(drainAnswer, answer).drain;
    const text = drainText(state);
    if (!json && text !== told) context.stdout(`${text}\n`);
    told = text;
    if (!state.isDraining) throw undone(state);
    if (state.mayStop || performance.now() >= untilMs) {
      if (json) printJson(context, answer);
      if (!state.mayStop) throw leftBehind(state);
      return;
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
    answer = await management.get(`/drain${whose}`, { signal });
  }
}

/** @throws PeerError `usage` */
function timeOf(given: string): number {
  const seconds = Number(given);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_SECONDS) return seconds * 1_000;
  throw new PeerError("usage", `--timeout ${given} is no number of seconds`, {
    nextStep: `Give a whole number from 1 to ${MOST_SECONDS}.`,
  });
}

function undone({ name }: DrainState): PeerError {
  return new PeerError("interrupted", `somebody has ${name} take part again, or it was started anew`, {
    nextStep: "See how it fares: parley status.",
  });
}

function leftBehind(state: DrainState): PeerError {
  return new PeerError("not-ready", `${state.name} has something left after its time: ${leftOfDrain(state)}`, {
    nextStep: "Stopping it now cuts that off. Or give it more time (parley drain --timeout), or take it back (--undo).",
  });
}
