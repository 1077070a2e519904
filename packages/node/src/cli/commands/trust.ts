/** `parley trust`: what clients are to trust once, and how. */
import type { Command } from "commander";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { messageOf, PeerError } from "../../errors.ts";
import { read } from "../cluster/answers.ts";
import type { CliContext } from "../context.ts";
import { printJson } from "../json-line.ts";
import { confirm, withManagement } from "./cluster/with-management.ts";

const trustAnswer = z.object({
  name: z.string(),
  fingerprint: z.string(),
  pem: z.string(),
  notAfterMs: z.number(),
  file: z.string(),
  predecessor: z.object({ fingerprint: z.string(), why: z.string(), untilMs: z.number() }).nullable(),
  isOwnShown: z.boolean(),
  addresses: z.array(z.string()),
  steps: z.array(z.object({ platform: z.string(), title: z.string(), lines: z.array(z.string()) })),
});
type Trust = z.output<typeof trustAnswer>;

const WHY: Readonly<Record<string, string>> = {
  age: "its end comes near",
  revoked: "a peer was revoked that knew its key",
  asked: "a person wanted it",
  clock: "it was made by a clock that was wrong",
};

/** Adds `trust` to the program. */
export function registerTrustCommand(program: Command, context: CliContext): void {
  const command = program
    .command("trust")
    .description("show the certificate that clients on other machines are to trust once, and how each platform does")
    .option("--pem", "print the certificate, and nothing else")
    .option("--out <file>", "write the certificate to a file")
    .option("--platform <name>", "only the steps for one platform, such as debian, ios, firefox, node")
    .option("--renew", "make another authority: clients have to trust that one, within 30 days")
    .option("--yes", "do not ask before --renew");
  command.action(() =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const { pem, out, platform, renew, yes } = command.opts();
      if (renew === true && yes !== true) {
        await confirm(context, "Every client of the house has to trust another certificate then. Go on?", signal);
      }
      const answer =
        renew === true ? await management.post("/trust/renew", { signal }) : await management.get("/trust", { signal });
      const trust = read(trustAnswer, answer);
      if (typeof out === "string") await write(path.resolve(context.cwd, out), trust.pem);
      if (json) return printJson(context, answer);
      if (pem === true) return context.stdout(trust.pem);
      if (typeof platform === "string") return context.stdout(stepsText([stepsFor(trust, platform)]));
      context.stdout(trustText(trust));
      if (typeof out === "string") context.stdout(`\nWritten to ${out}.\n`);
    }),
  );
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new PeerError("file-unwritable", `the certificate cannot be written: ${messageOf(cause)}`, {
      nextStep: "Give a file in a folder that you may write to.",
      cause,
    });
  }
}

function stepsFor({ steps }: Trust, platform: string): Trust["steps"][number] {
  const found = steps.find((each) => each.platform === platform);
  if (found !== undefined) return found;
  const known = steps.map((each) => each.platform).join(", ");
  throw new PeerError("usage", `no platform is called ${platform}`, { nextStep: `Give one of ${known}.` });
}

function trustText(trust: Trust): string {
  const { name, fingerprint, notAfterMs, file, predecessor, isOwnShown, addresses } = trust;
  const [address] = addresses;
  const lines = [
    `The authority of this house: ${name}`,
    `  fingerprint  ${fingerprint}  (SHA-256)`,
    `  valid until  ${dateOf(notAfterMs)}`,
    `  file         ${file}`,
    address === undefined
      ? "  served       to this machine only (listen.local_only, listen.host)"
      : `  served       ${address}/trust, for phones and other machines; ${address}/ca.pem, the certificate alone`,
    "Whoever fetches it from the peer compares the fingerprint with the one above: anybody in between could exchange both.",
  ];
  if (predecessor !== null) {
    lines.push(
      `It has taken the place of another one (${WHY[predecessor.why] ?? predecessor.why}). Clients that trust only that one,`,
      `  ${predecessor.fingerprint},`,
      `are served until ${dateOf(predecessor.untilMs)}: let them trust this one, and forget that one.`,
    );
  }
  if (isOwnShown) lines.push("This peer itself shows a certificate that you have given it (tls.certificate).");
  return `${lines.join("\n")}\n\n${stepsText(trust.steps)}`;
}

function stepsText(steps: Trust["steps"]): string {
  return steps.map(({ title, lines }) => `${title}:\n${lines.map((line) => `  ${line}\n`).join("")}`).join("\n");
}

function dateOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}
