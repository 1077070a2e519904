/** `parley recover --last-resort`: goes on from what this peer has, when the others are gone for good. */
import type { Command } from "commander";
import { PeerError } from "../../../errors.ts";
import { joinAnswer, read } from "../../cluster/answers.ts";
import type { CliContext } from "../../context.ts";
import { printJson } from "../../json-line.ts";
import { confirm, withManagement } from "./with-management.ts";

const WARNING =
  "This peer goes on alone with what it has. What the others agreed on without it is lost, and should they come back,\n" +
  "they are strangers: each must be paired anew. Do this only when they are gone for good.\n";

/** Adds `recover` to the program. */
export function registerRecoverCommand(program: Command, context: CliContext): void {
  const command = program
    .command("recover")
    .description(
      "the last resort when most of the peers that vote are gone for good: go on alone, and lose what they had",
    )
    .option("--last-resort", "that is what is wanted")
    .option("--yes", "do not ask")
    .addHelpText("after", `\n${WARNING}First see what would bring the others back: parley status\n`);
  command.action(async () => {
    const isSure = command.opts()["yes"] === true;
    if (command.opts()["lastResort"] !== true) throw notSaid();
    await withManagement(command, context, async ({ management, json, signal }) => {
      if (!isSure && context.person === undefined) throw notSaid();
      if (!isSure) {
        context.stderr(WARNING);
        await confirm(context, "Give the others up?", signal);
      }
      const answer = await management.post("/recover", { body: { isLastResort: true }, signal });
      if (json) printJson(context, answer);
      else context.stdout(`This peer goes on alone, as the cluster ${read(joinAnswer, answer).clusterId ?? ""}.\n`);
    });
  });
}

function notSaid(): PeerError {
  return new PeerError("usage", "this is a last resort that loses what the other peers had", {
    nextStep:
      "See what would bring them back: parley status. Only if they are gone for good: parley recover --last-resort --yes",
  });
}
