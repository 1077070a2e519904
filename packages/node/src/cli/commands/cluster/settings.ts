/** `parley settings [KEY [VALUE]]`: what users have chosen, the same on every peer. */
import type { Command } from "commander";
import { PeerError } from "../../../errors.ts";
import { read, settingAnswer, settingsAnswer } from "../../cluster/answers.ts";
import type { CliContext } from "../../context.ts";
import { printJson } from "../../json-line.ts";
import { withManagement } from "./with-management.ts";

/** Adds `settings` to the program. */
export function registerSettingsCommand(program: Command, context: CliContext): void {
  const command = program
    .command("settings")
    .description("show or change what users have chosen, the same on every peer of the cluster")
    .argument("[key]", "one of them; without it all are shown")
    .argument("[value]", "what it shall be; without it the setting is shown")
    .option("--unset", "as if it had never been chosen")
    .addHelpText(
      "after",
      "\nA choice takes effect when the cluster can agree on it. Until then it waits on this peer's disk (parley status).\n" +
        "What a single peer goes by is in its configuration: parley config\n",
    );
  command.action((key: string | undefined, value: string | undefined) =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const isUnset = command.opts()["unset"] === true;
      if (isUnset ? key === undefined || value !== undefined : false) throw misused();
      if (key !== undefined && (isUnset || value !== undefined)) {
        const body = { key, value: isUnset ? null : (value ?? null) };
        const answer = await management.put("/settings", { body, signal });
        if (json) return printJson(context, answer);
        const { delivery, wasSet } = read(settingAnswer, answer);
        return context.stdout(writtenText(key, { delivery, isIdle: isUnset && !wasSet }));
      }
      const answer = await management.get("/settings", { signal });
      const { settings } = read(settingsAnswer, answer);
      const shown = Object.entries(settings).filter(([name]) => key === undefined || name === key);
      if (json) return printJson(context, { settings: Object.fromEntries(shown) });
      if (shown.length === 0)
        context.stdout(key === undefined ? "Nothing was chosen.\n" : `${key} is not set: nobody has chosen it.\n`);
      for (const [name, chosen] of shown) context.stdout(`${name} = ${shownValue(chosen)}\n`);
    }),
  );
}

/** Line feeds, other control characters and what turns the direction of writing: a value could lie with them on a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** As it is, or as JSON writes it where it holds what cannot be shown, or looks like JSON's writing itself. */
function shownValue(value: string): string {
  if (value.search(UNPRINTABLE) < 0 && !value.startsWith('"')) return value;
  return JSON.stringify(value).replaceAll(
    UNPRINTABLE,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

interface Written {
  readonly delivery: { readonly outcome: string; readonly detail?: string | undefined } | null;
  /** What was taken back had not been chosen. */
  readonly isIdle: boolean;
}

function writtenText(key: string, { delivery, isIdle }: Written): string {
  const waits = "takes effect when the cluster can agree on it";
  if (delivery === null) {
    return isIdle
      ? `${key} was not set, as far as this peer knows. That it shall not be is written down here, and ${waits}.\n`
      : `${key} is written down here, and ${waits}.\n`;
  }
  if (delivery.outcome === "done") {
    return isIdle
      ? `${key} was not set: nobody had chosen it.\n`
      : `${key} is agreed on. Peers that are away learn it when they are back.\n`;
  }
  throw new PeerError("peer-refused", `${key} was not changed: ${delivery.detail ?? delivery.outcome}`, {
    nextStep: "See what was chosen: parley settings.",
  });
}

function misused(): PeerError {
  return new PeerError("usage", "--unset takes a key and no value", {
    nextStep: "Such as: parley settings KEY --unset",
  });
}
