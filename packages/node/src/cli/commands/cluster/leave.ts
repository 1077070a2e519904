/** `parley leave`: this peer belongs to its cluster no more. */
import type { Command } from "commander";
import { PeerError } from "../../../errors.ts";
import type { CliContext } from "../../context.ts";
import { read, reportSchema } from "../../cluster/answers.ts";
import { confirm, printJson, withManagement } from "./with-management.ts";

/** Adds `leave` to the program. */
export function registerLeaveCommand(program: Command, context: CliContext): void {
  const command = program
    .command("leave")
    .description("leave the cluster for good; what this peer did for it is handed to the others first")
    .option("--yes", "do not ask")
    .addHelpText("after", "\nTo come back, a peer is paired again. To only stop a peer, press Ctrl-C where it runs.\n");
  command.action(() =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const { clusterId } = read(reportSchema, await management.get("/cluster", { signal }));
      if (command.opts()["yes"] !== true) {
        if (context.person === undefined) throw unasked();
        await confirm(context, `Leave the cluster ${clusterId ?? ""} for good?`, signal);
      }
      const left = await management.post("/leave", { signal });
      if (json) printJson(context, left);
      else context.stdout(`This peer has left the cluster ${clusterId ?? ""}. It goes on by itself.\n`);
    }),
  );
}

function unasked(): PeerError {
  return new PeerError("usage", "leaving is for good, and there is nobody to ask", {
    nextStep: "Give --yes to go on.",
  });
}
