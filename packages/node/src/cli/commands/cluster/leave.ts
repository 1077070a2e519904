/** `parley leave`: this peer belongs to its cluster no more. */
import type { Command } from "commander";
import { plural } from "../../../cluster/status/words.ts";
import { PeerError } from "../../../errors.ts";
import type { CliContext } from "../../context.ts";
import { leaveAnswer, read, reportSchema } from "../../cluster/answers.ts";
import { printJson } from "../../json-line.ts";
import { confirm, withManagement } from "./with-management.ts";

const WARNING =
  "should too few of the others be there to agree, this peer forgets the cluster all the same. The others cannot know that:\n" +
  "they count this peer, and its vote, until one of them revokes it (parley revoke) or it is paired again.\n";

/** Adds `leave` to the program. */
export function registerLeaveCommand(program: Command, context: CliContext): void {
  const command = program
    .command("leave")
    .description("leave the cluster for good; what this peer did for it is handed to the others first")
    .option("--force", "also when the others cannot agree to it, for want of a quorum")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      `\nTo come back, a peer is paired again. To only stop a peer, press Ctrl-C where it runs.\nWith --force: ${WARNING}`,
    );
  command.action(() =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const { clusterId, fingerprint } = read(reportSchema, await management.get("/cluster", { signal }));
      const isForced = command.opts()["force"] === true;
      if (command.opts()["yes"] !== true) {
        if (context.person === undefined) throw unasked();
        if (isForced) context.stderr(`With --force: ${WARNING}`);
        await confirm(context, `Leave the cluster ${clusterId ?? ""} for good?`, signal);
      }
      const left = await management.post("/leave", { signal, ...(isForced ? { body: { isForced } } : {}) });
      if (json) return printJson(context, left);
      context.stdout(`This peer has left the cluster ${clusterId ?? ""}. It goes on by itself.\n`);
      const { isAgreed, dropped } = read(leaveAnswer, left);
      if (dropped > 0) context.stdout(`${plural(dropped, "write")} that waited to be delivered to it will never be.\n`);
      if (!isAgreed) context.stdout(stillCounted(fingerprint));
    }),
  );
}

function stillCounted(fingerprint: string): string {
  return (
    "The others do not know: they count it, and its vote, until it is let in again or one of them throws it out for ever:\n" +
    `  parley revoke ${fingerprint}\n`
  );
}

function unasked(): PeerError {
  return new PeerError("usage", "leaving is for good, and there is nobody to ask", {
    nextStep: "Give --yes to go on.",
  });
}
