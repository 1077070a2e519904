/** `parley peers`: who belongs to the cluster. */
import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
import { peersAnswer, read, waitingAnswer } from "../../cluster/answers.ts";
import { peersText, waitingText } from "../../cluster/texts.ts";
import { printJson } from "../../json-line.ts";
import { withManagement } from "./with-management.ts";

/** Adds `peers` to the program. */
export function registerPeersCommand(program: Command, context: CliContext): void {
  const command = program
    .command("peers")
    .description("list the peers of the cluster, and who waits to be let in")
    .option("--waiting", "only who waits");
  command.action(() =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const isAll = command.opts()["waiting"] !== true;
      const [peers, waiting] = await Promise.all([
        isAll ? management.get("/peers", { signal }) : {},
        management.get("/waiting", { signal }),
      ]);
      if (json) {
        printJson(context, { ...Object(peers), ...Object(waiting) });
        return;
      }
      const knocking = waitingText(read(waitingAnswer, waiting).waiting);
      if (isAll) context.stdout(peersText(read(peersAnswer, peers).peers, Date.now()) + knocking);
      else context.stdout(knocking === "" ? "Nobody waits.\n" : knocking);
    }),
  );
}
