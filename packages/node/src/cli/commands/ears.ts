/** `parley ears [DO]`: the running peer's own ears: opened and shut, and the keys that need no wake word. */
import { Argument, type Command } from "commander";
import { earsSchema, earsText } from "../ears-text.ts";
import type { CliContext } from "../context.ts";
import { printJson } from "../json-line.ts";
import { withManagement } from "./cluster/with-management.ts";

const HELP = `
  on, off          opens and shuts them, until the peer is started again (ears.enabled says how it begins)
  press, release   push-to-talk: the key goes down, and up again
  strike           a key that is struck once: begins to listen, or ends what is being said
  cancel           no more of what is being done

For hot keys: bind "parley ears strike" to a key of the desktop, or to a button of a remote control.
`;

/** Adds `ears` to the program. */
export function registerEarsCommand(program: Command, context: CliContext): void {
  const command = program
    .command("ears")
    .description("the running peer's own microphone and loudspeaker: how they fare, open, shut, or a key for them")
    .addArgument(
      new Argument("[do]", "what is to be done; without it, how they fare is shown").choices([
        "on",
        "off",
        "press",
        "release",
        "strike",
        "cancel",
      ]),
    )
    .addHelpText("after", HELP);
  command.action((order: string | undefined) =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const answer =
        order === undefined
          ? await management.get("/ears", { signal })
          : await management.post("/ears", { body: { do: order }, signal });
      if (json) return printJson(context, answer);
      // A key is struck where nobody reads.
      if (order === undefined || order === "on" || order === "off") {
        context.stdout(earsText(earsSchema.parse(answer), Date.now()));
      }
    }),
  );
}
