/** `parley join`: this peer becomes a member of a cluster that is there already. */
import type { Command } from "commander";
import { ParleyError } from "@parley/sdk";
import { plural } from "../../../cluster/status/words.ts";
import { PeerError } from "../../../errors.ts";
import { readInvitation } from "../../../mesh/door/code/invitation.ts";
import { joinAnswer, peersAnswer, read, reportSchema, type Report } from "../../cluster/answers.ts";
import type { CliContext } from "../../context.ts";
import { printJson } from "../../json-line.ts";
import { withManagement, type Managing } from "./with-management.ts";

interface JoinFlags {
  readonly code?: string;
  readonly fingerprint?: string;
}

/** What is sent, and where to: the peer tries one address after the other. */
interface Attempt {
  readonly proof: { readonly code: string } | { readonly fingerprint: string };
  readonly addresses: readonly (string | undefined)[];
}

/** Adds `join` to the program. */
export function registerJoinCommand(program: Command, context: CliContext): void {
  const command = program
    .command("join")
    .description("join a cluster, by the code that `parley pair` shows on one of its peers")
    .argument(
      "[address]",
      "HOST:PORT of one of its peers, or what its QR code holds; without, the cluster found nearby",
    )
    .option("--code <code>", "the code; asked for when it is not given")
    .option("--fingerprint <fingerprint>", "without a code: of the peer whose person approves this one")
    .addHelpText(
      "after",
      "\nExamples:\n  parley join\n  parley join kitchen.local --code ACDE-FGHJ\n  parley join --fingerprint 0F3K-QW7A-M2XD\n",
    );
  command.action((address: string | undefined) =>
    withManagement(command, context, async (managing) => {
      const report = read(reportSchema, await managing.management.get("/cluster", { signal: managing.signal }));
      const attempt = await prepare(command.opts<JoinFlags>(), address, report, managing, context);
      const answer = await carryOut(attempt, managing, report, context);
      if (managing.json) printJson(context, answer);
      else context.stdout(`This peer belongs to the cluster ${read(joinAnswer, answer).clusterId ?? ""} now.\n`);
    }),
  );
}

/** Everything that a person has to say. */
async function prepare(
  flags: JoinFlags,
  address: string | undefined,
  report: Report,
  { management, json, signal }: Managing,
  context: CliContext,
): Promise<Attempt> {
  const { code, fingerprint } = flags;
  if (code !== undefined && fingerprint !== undefined) {
    throw usage("a code and a fingerprint cannot be given together", "Give one of the two.");
  }
  const invitation = address === undefined ? undefined : readInvitation(address);
  if (invitation !== undefined) {
    const addresses = invitation.addresses.map((each) => `${each}/p2p/${invitation.peerId}`);
    return { proof: { code: code ?? invitation.code }, addresses };
  }
  const addresses = [address];
  if (fingerprint !== undefined) return { proof: { fingerprint }, addresses };
  if (!json) context.stderr(whereText(report, address));
  if (code !== undefined) return { proof: { code }, addresses };
  if (report.belonging === "member") await expectAlone(report, management, signal);
  const typed = await context.person?.ask("Code that `parley pair` shows there: ", signal);
  if (typed !== undefined && typed.trim() !== "") return { proof: { code: typed.trim() }, addresses };
  throw usage("a code is needed", "Run parley pair on a peer of the cluster, then: parley join --code XXXX-XXXX");
}

/** Who belongs with others need not look for a code. @throws PeerError `already-member` */
async function expectAlone(
  { clusterId }: Report,
  management: Managing["management"],
  signal: AbortSignal,
): Promise<void> {
  const others = read(peersAnswer, await management.get("/peers", { signal })).peers.filter(({ isSelf }) => !isSelf);
  if (others.length === 0) return;
  const what = `this peer belongs to the cluster ${clusterId ?? ""} already, with ${plural(others.length, "other peer")}`;
  throw new PeerError("already-member", what, { nextStep: "To go to another, leave it first: parley leave." });
}

/** Where this goes, and how each side can tell who the other is. */
function whereText({ fingerprint, met }: Report, address: string | undefined): string {
  const mine = `This peer's fingerprint is ${fingerprint}: who waits is shown with it.\n`;
  if (address !== undefined) return mine;
  const found = met.map(
    (each) => `Found the cluster ${each.clusterId} of ${each.name} (fingerprint ${each.fingerprint}).\n`,
  );
  return mine + found.join("");
}

async function carryOut(
  { proof, addresses }: Attempt,
  managing: Managing,
  report: Report,
  context: CliContext,
): Promise<unknown> {
  const isByCode = "code" in proof;
  if (!isByCode && !managing.json) context.stderr(approvalText(report, proof.fingerprint));
  for (;;) {
    const answer = await tryEach(addresses, proof, managing);
    if (read(joinAnswer, answer).belonging === "member" || isByCode) return answer;
  }
}

/** The first address that is reached decides. */
async function tryEach(
  addresses: Attempt["addresses"],
  proof: Attempt["proof"],
  { management, signal }: Managing,
): Promise<unknown> {
  const [address, ...others] = addresses;
  try {
    const body = { ...proof, ...(address === undefined ? {} : { address }) };
    return await management.post("/join", { body, signal });
  } catch (error) {
    const isElsewhere = error instanceof ParleyError && error.remoteCode === "unreachable";
    if (!isElsewhere || others.length === 0) throw error;
    return tryEach(others, proof, { management, signal, json: true });
  }
}

function approvalText({ fingerprint: mine }: Report, theirs: string): string {
  return (
    `Waiting until a person at the peer with the fingerprint ${theirs} approves this one:\n` +
    `  parley pair --approve ${mine}\n`
  );
}

function usage(message: string, nextStep: string): PeerError {
  return new PeerError("usage", message, { nextStep });
}
