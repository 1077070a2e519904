/** `parley audit`: what was done to the house at this peer, and by whom. */
import type { Command } from "commander";
import { PeerError } from "../../errors.ts";
import { read } from "../cluster/answers.ts";
import { auditAnswer } from "../clients/answers.ts";
import { auditText } from "../clients/texts.ts";
import type { CliContext } from "../context.ts";
import { printJson } from "../json-line.ts";
import { withManagement } from "./cluster/with-management.ts";

const MOST = 10_000;

/** Adds `audit` to the program. */
export function registerAuditCommand(program: Command, context: CliContext): void {
  const command = program
    .command("audit")
    .description("show what was done to the house at this peer, and by whom, the newest first")
    .option("--last <n>", "so many", "50");
  command.action(() =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const answer = await management.get(`/audit?limit=${entriesOf(command.opts()["last"])}`, { signal });
      if (json) return printJson(context, answer);
      context.stdout(auditText(read(auditAnswer, answer).entries));
    }),
  );
}

/** @throws PeerError `usage` */
function entriesOf(given: unknown): number {
  const entries = Number(given);
  if (Number.isInteger(entries) && entries >= 1 && entries <= MOST) return entries;
  throw new PeerError("usage", `${String(given)} is no number of entries`, { nextStep: `Give 1 to ${MOST}.` });
}
