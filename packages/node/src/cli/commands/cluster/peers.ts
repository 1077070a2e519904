/** `parley peers`: who belongs to the cluster, who waits, and who belonged. */
import type { Command } from "commander";
import { PeerError } from "../../../errors.ts";
import type { CliContext } from "../../context.ts";
import { departedAnswer, peersAnswer, read, waitingAnswer, type Departed, type Peer } from "../../cluster/answers.ts";
import { departedText, peersText, waitingText } from "../../cluster/texts.ts";
import { printJson } from "../../json-line.ts";
import { withManagement } from "./with-management.ts";

/** Adds `peers` to the program. */
export function registerPeersCommand(program: Command, context: CliContext): void {
  const command = program
    .command("peers")
    .description("list the peers of the cluster, and who waits to be let in")
    .option("--waiting", "only who waits")
    .option("--all", "also who has left or was revoked, and when");
  command.action(() =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const isOnlyWaiting = command.opts()["waiting"] === true;
      const isAll = command.opts()["all"] === true;
      if (isOnlyWaiting && isAll) throw misused();
      const [peers, waiting, departed] = await Promise.all([
        isOnlyWaiting ? {} : management.get("/peers", { signal }),
        management.get("/waiting", { signal }),
        isAll ? management.get("/peers/departed", { signal }) : {},
      ]);
      if (json) {
        printJson(context, { ...Object(peers), ...Object(waiting), ...Object(departed) });
        return;
      }
      const knocking = waitingText(read(waitingAnswer, waiting).waiting);
      if (isOnlyWaiting) return context.stdout(knocking === "" ? "Nobody waits.\n" : knocking);
      const members = read(peersAnswer, peers).peers;
      const gone = isAll ? goneText(members, read(departedAnswer, departed).departed) : "";
      context.stdout(peersText(members, Date.now()) + knocking + gone);
    }),
  );
}

function goneText(members: readonly Peer[], departed: readonly Departed[]): string {
  return members.length === 0
    ? "This peer belongs to no cluster now: who has left one, or was revoked, its members know.\n"
    : departedText(departed, Date.now());
}

function misused(): PeerError {
  return new PeerError("usage", "--waiting and --all cannot be given together", { nextStep: "Give one of the two." });
}
