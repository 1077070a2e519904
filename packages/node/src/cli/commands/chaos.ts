/** `parley chaos`: whether this house really survives what may happen to its peers in the middle of a conversation. */
import { randomBytes, randomInt } from "node:crypto";
import type { Command } from "commander";
import { PeerError } from "../../errors.ts";
import { FAULTS, LEAST_HOLD_MS, MAX_HOLD_MS, type FaultKind } from "../../services/chaos/faults.ts";
import type { ChaosPeer } from "../chaos/answers.ts";
import { Conversation } from "../chaos/conversation.ts";
import { ChaosHouse, notWhole } from "../chaos/house.ts";
import {
  isAllowedAnywhere,
  kindsOf,
  NOT_ALLOWED_STEP,
  peersNamed,
  planOf,
  type Plan,
  type Wishes,
} from "../chaos/plan.ts";
import { hasFailed, type ChaosReport } from "../chaos/report.ts";
import { runChaos } from "../chaos/run.ts";
import { BOUNDS, victimOf, type PlannedFault } from "../chaos/schedule.ts";
import { planText, reportText } from "../chaos/texts.ts";
import type { CliContext } from "../context.ts";
import { withInterrupt, withPatience } from "../interrupt.ts";
import { printJson } from "../json-line.ts";
import { ProgressLine } from "../progress.ts";
import { readCommandConfig, wantsJson } from "../setting-flags.ts";
import { confirm } from "./cluster/with-management.ts";

const TURNS = 12;
const READY_MS = 60_000;
const HELP = `
Faults: kill (ends at once, is started again), stop (stands still), cut (reaches no other peer), slow (what it sends to
others is held up), drain (hands over what it does), blink (the connection of this command breaks).
Each ends by itself, also when this command does not live to see it. One at a time, never the quorum, the next one only when
the house is whole again, and none while somebody else is in the middle of a turn (--with-people).
Peers are hurt only where [chaos] allowed = true, and on an admin's demand. docs/CHAOS.md tells more.

Examples:
  parley chaos --dry-run
  parley chaos --faults kill,stop --turns 20
  parley chaos --peers kitchen,attic --hold 5 --yes --json

Exit code 0: nothing was lost; 1: something was; 2: not allowed, or wrong usage; 130: interrupted.
`;

interface Flags {
  readonly faults?: string;
  readonly turns: string;
  readonly seed?: string;
  readonly peers?: string;
  readonly hold?: string;
  readonly withPeople?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Adds `chaos` to the program. */
export function registerChaosCommand(program: Command, context: CliContext): void {
  const command = program
    .command("chaos")
    .description("hurt the peers of this house while a conversation goes on, and tell what of it was lost")
    .option("--faults <list>", `of ${FAULTS.join(", ")}; all when not given`)
    .option("--turns <n>", `so many turns, at most ${BOUNDS.turns}`, String(TURNS))
    .option("--seed <n>", "draws the same turns and faults again")
    .option("--peers <list>", "hurt only these: names, fingerprints or ids, with commas between them")
    .option("--hold <seconds>", `how long each fault lasts, at most ${MAX_HOLD_MS / 1_000}; 1 to 4 when not given`)
    .option("--with-people", "also while somebody else is in the middle of a turn")
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--yes", "do not ask")
    .addHelpText("after", HELP);
  command.action(async () => {
    const flags = command.opts<Flags>();
    const wishes = wishesOf(flags);
    const { config } = readCommandConfig(command, context);
    const json = wantsJson(command);
    const account = `chaos-${randomBytes(4).toString("hex")}`;
    const house = new ChaosHouse(config, context.env, account);
    await withInterrupt("What was done to the house ends by itself.", async (signal) => {
      const peers = await house.peers(signal);
      const services = await house.capabilities(signal);
      const plan = planOf({ ...wishes, peers: peersNamed(wishes.names, peers) }, peers, services);
      if (flags.dryRun === true) return showPlan(plan, peers, json, context);
      refuseIfIdle(plan, peers);
      if (kindsOf(services).length === 0) throw nothingToSay();
      const why = notWhole(peers);
      if (why !== undefined) throw notReady(`the house is not whole: ${why}`);
      await ask(plan, peers, flags, context, signal);
      const progress = new ProgressLine(context, undefined, json);
      const token = await house.admit(signal);
      await withPatience(async () => {
        let conversation: Conversation | undefined;
        try {
          const unknown = await house.untilKnown(READY_MS, signal);
          if (unknown !== undefined) throw notReady(unknown);
          const how = { account, token, speaks: services.tts !== undefined, signal };
          conversation = await Conversation.open(config, context.env, how);
          const known = await conversation.knows(peers.length);
          const notes = [...plan.notes, ...(known < peers.length ? [knowsTooFew(known, peers.length)] : [])];
          const report = await runChaos({
            plan: { ...plan, notes },
            house,
            conversation,
            services,
            before: await house.strength(peers, signal),
            peers: peers.length,
            withPeople: flags.withPeople === true,
            signal,
            onProgress: (line) => (progress.isTerminal ? progress.status(line) : progress.line(line)),
          });
          progress.clear();
          if (json) printJson(context, { chaos: { ...report, leftOut: plan.leftOut, schedule: plan.schedule } });
          else context.stdout(reportText(report));
          if (!signal.aborted) judge(report);
        } finally {
          progress.clear();
          conversation?.close();
          // It would end by itself in some hours.
          const stays = (): void =>
            progress.line(`the client ${account} is still let in: parley client remove ${account}`);
          await house.dismiss().catch(stays);
        }
      });
      signal.throwIfAborted();
    });
  });
}

function showPlan(plan: Plan, peers: readonly ChaosPeer[], json: boolean, context: CliContext): void {
  const { schedule, leftOut, notes } = plan;
  const whole = notWhole(peers);
  const refusedBy = [
    ...(isAllowedAnywhere(peers) ? [] : ["No peer allows it."]),
    ...(whole === undefined ? [] : [`The house is not whole: ${whole}.`]),
  ];
  if (json) return printJson(context, { dryRun: true, schedule, leftOut, refused: refusedBy, notes });
  const told = { ...plan, notes: [...notes, ...refusedBy.map((each) => `It would not begin now. ${each}`)] };
  context.stdout(`${planText(told, (fault) => victimNow(fault, plan))}Nothing was done.\n`);
}

/** By name. Where the conversation would live is where it would begin: not known yet. */
function victimNow(fault: PlannedFault, { mayBeHurt }: Plan): string | null {
  if (fault.target === "host") return null;
  return victimOf(fault, mayBeHurt.get(fault.kind) ?? [], undefined)?.name ?? null;
}

/** @throws PeerError `usage` */
function refuseIfIdle({ mayBeHurt, leftOut }: Plan, peers: readonly ChaosPeer[]): void {
  if (!isAllowedAnywhere(peers)) {
    throw usage("no peer of this house allows that it is hurt", NOT_ALLOWED_STEP);
  }
  if (mayBeHurt.size > 0) return;
  const [first] = leftOut;
  if (first === undefined) throw usage("no fault was chosen", "See: parley chaos --help");
  const { fault, peer, why, nextStep } = first;
  throw usage(`nothing of that can be done: ${fault} of ${peer}: ${why}`, nextStep);
}

/** @throws PeerError `usage` where there is nobody to ask; `interrupted` where the answer is no */
async function ask(
  plan: Plan,
  peers: readonly ChaosPeer[],
  flags: Flags,
  context: CliContext,
  signal: AbortSignal,
): Promise<void> {
  if (flags.yes === true) return;
  if (context.person === undefined) {
    throw usage("this hurts running peers, and there is nobody to ask", "Give --yes to go on, or --dry-run to see.");
  }
  context.stderr(planText(plan, (fault) => victimNow(fault, plan)));
  const count = plan.schedule.turns.filter(({ fault }) => fault !== undefined).length;
  await confirm(context, `Do these ${count} faults to this house of ${peers.length}?`, signal);
}

/** @throws PeerError `not-survived` */
function judge(report: ChaosReport): void {
  if (!hasFailed(report)) return;
  const count = new Set(report.findings.map(({ turn }) => turn)).size;
  const what = count === 0 ? "the house did not become whole again" : `${count} turns were not as they should be`;
  throw new PeerError("not-survived", what, {
    nextStep: report.nextSteps.at(-1) ?? "See the logs of the peers, and how they fare: parley peers.",
  });
}

interface Wished extends Omit<Wishes, "peers"> {
  readonly names: readonly string[] | undefined;
}

/** @throws PeerError `usage` */
function wishesOf({ faults, turns, seed, peers, hold }: Flags): Wished {
  return {
    faults: faults === undefined ? FAULTS : [...new Set(listOf(faults, "--faults").map(faultNamed))],
    turns: wholeOf("--turns", turns, 1, BOUNDS.turns),
    seed: seed === undefined ? randomInt(BOUNDS.seed) : wholeOf("--seed", seed, 0, BOUNDS.seed),
    names: peers === undefined ? undefined : listOf(peers, "--peers"),
    holdMs: hold === undefined ? undefined : holdOf(hold),
  };
}

function faultNamed(given: string): FaultKind {
  const found = FAULTS.find((fault) => fault === given);
  if (found !== undefined) return found;
  throw usage(`there is no fault ${given}`, `Choose of ${FAULTS.join(", ")}.`);
}

function listOf(given: string, flag: string): readonly string[] {
  const items = given.split(",").flatMap((item) => item.trim() || []);
  if (items.length > 0) return items;
  throw usage(`${flag} is empty`, "Give one or more, with commas between them.");
}

function wholeOf(flag: string, given: string, least: number, most: number): number {
  const value = Number(given);
  if (given.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw usage(`${flag} ${given} cannot be`, `Give a whole number from ${least} to ${most}.`);
}

function holdOf(given: string): number {
  const ms = Math.round(Number(given) * 1_000);
  if (given.trim() !== "" && ms >= LEAST_HOLD_MS && ms <= MAX_HOLD_MS) return ms;
  throw usage(`--hold ${given} cannot be`, `Give seconds, from ${LEAST_HOLD_MS / 1_000} to ${MAX_HOLD_MS / 1_000}.`);
}

function knowsTooFew(known: number, peers: number): string {
  return (
    `From here the addresses of ${known} of ${peers} peers are known: when the one that this command talks with is hurt, ` +
    "it may find no other. Clients on the network need listen.local_only off, and --ca or parley trust."
  );
}

function nothingToSay(): PeerError {
  return notReady("nobody in this house speaks or thinks, so there is no conversation to disturb");
}

function notReady(what: string): PeerError {
  return new PeerError("not-ready", what, {
    nextStep: "See who is there and what they can do: parley peers, parley status.",
  });
}

function usage(what: string, nextStep: string): PeerError {
  return new PeerError("usage", what, { nextStep });
}
