/** `parley memory`: what is kept of the conversations of clients that want that. */
import type { Command } from "commander";
import { ParleyError } from "@parley/sdk";
import { PeerError } from "../../errors.ts";
import { clientsAnswer } from "../clients/answers.ts";
import {
  findingsAnswer,
  findingsText,
  forgottenAnswer,
  ownerAnswer,
  threadsAnswer,
  threadsText,
} from "../clients/memory.ts";
import { read } from "../cluster/answers.ts";
import type { CliContext } from "../context.ts";
import { printJson } from "../json-line.ts";
import { confirm, withManagement, type Managing } from "./cluster/with-management.ts";

/** What was looked for, on a terminal and elsewhere. */
const BRACKETS = ["[", "]"] as const;

/** Adds `memory` to the program. */
export function registerMemoryCommand(program: Command, context: CliContext): void {
  const memory = program
    .command("memory")
    .description("what is kept of the conversations of clients that want that (parley client add NAME --remember)");
  addSearch(memory, context);
  addThreads(memory, context);
  addForget(memory, context);
}

function addSearch(memory: Command, context: CliContext): void {
  const command = memory
    .command("search")
    .description("find what was said")
    .argument("<text...>", 'words, "a phrase", begin*, AND, OR, NOT, ( )')
    .option("--client <name>", "of this client; when not given, of all, or of whoever asks and may not see others")
    .option("--thread <id>", "in this thread")
    .option("--from <date>", "from this day or time, as ISO 8601 writes it")
    .option("--before <date>", "before this day or time")
    .option("--limit <n>", "so many of each client", "20");
  command.action((words: readonly string[]) =>
    withManagement(command, context, async (managing) => {
      const { client, thread, from, before, limit } = command.opts();
      const asked = new URLSearchParams({ text: words.join(" "), limit: String(limit) });
      for (const [name, value] of Object.entries({ thread, from, before })) {
        if (value !== undefined) asked.set(name, String(value));
      }
      const answers = await ofEach(managing, nameOf(client), (account) => {
        asked.set("account", account);
        return managing.management.get(`/memory/search?${asked.toString()}`, { signal: managing.signal });
      });
      if (managing.json) return printJson(context, { clients: answers });
      const all = answers.map(({ account, ...answer }) => ({ account, ...read(findingsAnswer, answer) }));
      context.stdout(findingsText(all, BRACKETS));
    }),
  );
}

function addThreads(memory: Command, context: CliContext): void {
  const command = memory
    .command("threads")
    .description("list the threads that are kept, the one that was last spoken in first")
    .option("--client <name>", "of this client; when not given, of all, or of whoever asks and may not see others");
  command.action(() =>
    withManagement(command, context, async (managing) => {
      const answers = await ofEach(managing, nameOf(command.opts()["client"]), (account) =>
        managing.management.get(`/memory/threads?account=${encodeURIComponent(account)}`, { signal: managing.signal }),
      );
      if (managing.json) return printJson(context, { clients: answers });
      context.stdout(
        threadsText(answers.map(({ account, ...answer }) => ({ account, ...read(threadsAnswer, answer) }))),
      );
    }),
  );
}

function addForget(memory: Command, context: CliContext): void {
  const command = memory
    .command("forget")
    .description("forget a thread of a client, or all of them, at every peer")
    .argument("[thread]", "its id (parley memory threads); all when not given")
    .requiredOption("--client <name>", "whose")
    .option("--yes", "do not ask");
  command.action((thread: string | undefined) =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const { client, yes } = command.opts();
      const account = String(client);
      if (yes !== true) {
        if (context.person === undefined) {
          const why = "what is forgotten cannot be brought back, and there is nobody to ask";
          throw new PeerError("usage", why, { nextStep: "Give --yes to go on." });
        }
        const what = thread === undefined ? "everything" : `the thread ${thread}`;
        await confirm(context, `Forget ${what} of ${account}?`, signal);
      }
      const path = thread === undefined ? "/memory" : `/memory/threads/${encodeURIComponent(thread)}`;
      const answer = await management.delete(`${path}?account=${encodeURIComponent(account)}`, { signal });
      if (json) return printJson(context, answer);
      const { forgotten } = read(forgottenAnswer, answer);
      context.stdout(`${forgotten === 1 ? "1 turn is" : `${forgotten} turns are`} forgotten.\n`);
    }),
  );
}

/** What is answered about the client that was named, or about each that is remembered. */
async function ofEach(
  managing: Managing,
  named: string | undefined,
  ask: (account: string) => Promise<unknown>,
): Promise<readonly (Record<string, unknown> & { readonly account: string })[]> {
  const accounts = named === undefined ? await rememberedBy(managing) : [named];
  const answers = [];
  for (const account of accounts) answers.push({ ...Object(await ask(account)), account });
  return answers;
}

/** Each client that is remembered; to who may not know of the others, only itself. */
async function rememberedBy({ management, signal }: Managing): Promise<readonly string[]> {
  try {
    const { clients } = read(clientsAnswer, await management.get("/clients", { signal }));
    return clients.flatMap(({ name, remembers }) => (remembers ? [name] : []));
  } catch (error) {
    if (!(error instanceof ParleyError) || error.remoteCode !== "AUTHORIZATION_DENIED") throw error;
    return [read(ownerAnswer, await management.get("/memory/threads", { signal })).account];
  }
}

function nameOf(given: unknown): string | undefined {
  return typeof given === "string" ? given : undefined;
}
