/** `parley peers`: who belongs to the cluster. */
import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
import { peersAnswer, read, waitingAnswer } from "../../cluster/answers.ts";
import { peersText, waitingText } from "../../cluster/texts.ts";
import { printJson, withManagement } from "./with-management.ts";

/** Adds `peers` to the program. */
export function registerPeersCommand(program: Command, context: CliContext): void {
  const command = program.command("peers").description("list the peers of the cluster, and who waits to be let in");
  command.action(() =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const answers = [management.get("/peers", { signal }), management.get("/waiting", { signal })] as const;
      const [peers, waiting] = await Promise.all(answers);
      if (json) {
        printJson(context, { ...Object(peers), ...Object(waiting) });
        return;
      }
      const text = peersText(read(peersAnswer, peers).peers, Date.now());
      context.stdout(text + waitingText(read(waitingAnswer, waiting).waiting));
    }),
  );
}
