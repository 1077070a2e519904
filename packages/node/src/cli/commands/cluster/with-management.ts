/** What commands of the cluster have in common: the peer that is asked, Ctrl-C, and a person to confirm. */
import type { Command } from "commander";
import { PeerError } from "../../../errors.ts";
import type { CliContext } from "../../context.ts";
import { withInterrupt } from "../../interrupt.ts";
import { openManagement, type Management } from "../../management.ts";
import { readCommandConfig, wantsJson } from "../../setting-flags.ts";

/** A command at work. */
export interface Managing {
  readonly management: Management;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Runs `body` over the peer that is to be asked. @throws PeerError `no-peer`, `interrupted`, and what `body` throws. */
export async function withManagement(
  command: Command,
  context: CliContext,
  body: (managing: Managing) => Promise<void>,
): Promise<void> {
  const { config } = readCommandConfig(command, context);
  const management = await openManagement(config, context.env);
  const json = wantsJson(command);
  await withInterrupt("Run it again when you like.", (signal) => body({ management, json, signal }));
}

/**
 * Asks the person whether it shall be.
 * @throws PeerError `interrupted` when not
 */
export async function confirm(context: CliContext, question: string, signal: AbortSignal): Promise<void> {
  const answer = await context.person?.ask(`${question} [y/N] `, signal);
  if (isYes(answer)) return;
  throw new PeerError("interrupted", "nothing was done", { nextStep: "Answer y, or give --yes, to go on." });
}

/** A yes in any writing. */
export function isYes(answer: string | undefined): boolean {
  return /^\s*(y|yes)\s*$/i.test(answer ?? "");
}
