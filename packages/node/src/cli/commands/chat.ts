/** `parley chat`: a conversation in text; what was said before is part of what is thought about. */
import type { Command } from "commander";
import { createInterface } from "node:readline";
import { ParleyError, type AskOptions, type ParleyClient, type TurnEvent } from "@parley/sdk";
import type { CliContext } from "../context.ts";
import { failureJson, failureText } from "../failure.ts";
import { continueOption } from "../sessions/choose.ts";
import { printJson } from "../json-line.ts";
import { onOneLine } from "../one-line.ts";
import { addSettingFlags } from "../setting-flags.ts";
import { checked, show } from "./ask.ts";
import { privacyOf, privacyOption, type PrivacyFlag } from "./privacy.ts";
import { eventJson, withTalk, type Talk } from "./talking.ts";

const GREETING =
  "Type a message and press Enter. Ctrl-C stops an answer, or ends the chat at the prompt; so does Ctrl-D.";

const HELP = `
With --peer the answers of a peer on another machine; when that one is lost, another of its house goes on. Who has answered is said
behind each answer. With --json each event is a line, and the last of an answer, done, tells its peer.

Examples:
  parley chat
  parley chat --continue                       goes on here with what another device of yours had begun
  PARLEY_TOKEN=… parley chat --peer kitchen.local --ca house.pem
`;

/** Adds `chat` to the program. */
export function registerChatCommand(program: Command, context: CliContext): void {
  const command = program
    .command("chat")
    .description("talk with the assistant in text, line by line")
    .addOption(privacyOption())
    .addOption(continueOption())
    .addHelpText("after", HELP);
  addSettingFlags(command, ["llm.provider", "models.download"]);
  command.action(() => withTalk(command, context, ["llm"], (talk) => chat(talk, context, command.opts<PrivacyFlag>())));
}

async function chat(talk: Talk, context: CliContext, flags: PrivacyFlag): Promise<void> {
  const isTerminal = process.stdin.isTTY === true && !talk.json;
  const lines = createInterface({
    input: process.stdin,
    terminal: isTerminal,
    output: process.stderr,
    prompt: "you> ",
  });
  let answering: AbortController | undefined;
  lines.on("SIGINT", () => {
    if (answering === undefined) lines.close();
    else answering.abort();
  });
  talk.signal.addEventListener("abort", () => lines.close(), { once: true });
  if (isTerminal) {
    talk.progress.line(`Talking with ${talk.access.client.server.name}. ${GREETING}`);
    lines.prompt();
  }
  const { continued } = talk.access.client;
  if (continued?.answer !== undefined) {
    const { answer: begun } = continued;
    if (!talk.json) talk.progress.line(`you> ${onOneLine(begun.question)}`);
    await answer(talk, context, (client, how) => client.goOn(begun, how), { ...privacyOf(flags), signal: talk.signal });
  }
  for await (const line of lines) {
    if (line.trim() !== "") {
      answering = new AbortController();
      const signal = AbortSignal.any([talk.signal, answering.signal]);
      const text = line.trim();
      await answer(talk, context, (client, how) => client.ask({ text: checked(text) }, how), {
        ...privacyOf(flags),
        signal,
      });
      answering = undefined;
    }
    if (isTerminal) lines.prompt();
  }
  if (talk.signal.aborted) throw talk.signal.reason;
}

/** One answer; a failure is shown and the chat goes on, unless the peer is gone. */
async function answer(
  talk: Talk,
  context: CliContext,
  ask: (client: ParleyClient, how: AskOptions) => AsyncIterable<TurnEvent>,
  how: PrivacyFlag & { readonly signal: AbortSignal },
): Promise<void> {
  const { access, config, json, progress } = talk;
  const { client } = access;
  const screen = { write: context.stdout, progress, timings: false, spoken: false };
  try {
    for await (const event of ask(client, how)) {
      if (!json) show(event, screen);
      else if (event.type !== "done") context.stdout(eventJson(event));
      // The peer that it began with may be gone.
      else printJson(context, { ...event, peer: { name: client.server.name, peerId: client.server.peerId } });
    }
    const isTold = !json && (process.stdin.isTTY === true || config.client.peer !== "") && access.kind === "running";
    if (isTold) progress.line(`(${onOneLine(client.server.name)} answered)`);
  } catch (error) {
    if (!json) context.stdout("\n");
    if (how.signal.aborted) return;
    if (error instanceof ParleyError && error.code === "connection-lost") throw error;
    context.stderr(json ? failureJson(error) : failureText(error));
  }
}
