/** `parley client`: who may come in, and as what. */
import type { Command } from "commander";
import { PeerError } from "../../errors.ts";
import { read } from "../cluster/answers.ts";
import { admittedAnswer, clientAnswer, clientsAnswer } from "../clients/answers.ts";
import { clientsText } from "../clients/texts.ts";
import type { CliContext } from "../context.ts";
import { printJson } from "../json-line.ts";
import { confirm, withManagement } from "./cluster/with-management.ts";

/** As `gateway/access/rights.ts`; the command line says what they are without loading a peer. */
const ROLES = {
  admin: "everything, clients and peers included",
  member: "somebody of the house: talks, writes to others, remembers",
  bridge: "a program that passes on messages and commands, and talks to nobody",
  guest: "talks and listens, and no more",
} as const;

const ROLES_HELP = Object.entries(ROLES)
  .map(([role, title]) => `  ${role.padEnd(7)} ${title}\n`)
  .join("");

/** Adds `client` to the program. */
export function registerClientCommand(program: Command, context: CliContext): void {
  const clients = program
    .command("client")
    .description("let clients in: phones, tablets, programs, each with a token of its own")
    .addHelpText("after", `\nRoles:\n${ROLES_HELP}`);
  addAdd(clients, context);
  addList(clients, context);
  addChange(clients, context);
  addRenew(clients, context);
  addRemove(clients, context);
}

function addAdd(clients: Command, context: CliContext): void {
  const command = clients
    .command("add")
    .description("let a client in, and show its token, this once")
    .argument("<name>", "letters, digits, dots, dashes, underscores")
    .option("--role <role>", `what it may do: ${Object.keys(ROLES).join(", ")}`, "member")
    .option("--group <name...>", "groups it is in")
    .option(
      "--to <pattern...>",
      "whom it may write to, such as phone, lamp-*, group:family, all; anybody when not given",
    )
    .option("--days <n>", "its token holds for so many days; for ever when not given")
    .option("--remember", "keep its conversations beyond their sessions")
    .addHelpText("after", `\nRoles:\n${ROLES_HELP}`);
  command.action((name: string) =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const { role, group, to, days, remember } = command.opts();
      const body = {
        name,
        role: roleOf(role),
        ...(group === undefined ? {} : { groups: group }),
        ...(to === undefined ? {} : { targets: to }),
        ...(days === undefined ? {} : { expiresInMs: daysMs(days) }),
        ...(remember === true ? { remembers: true } : {}),
      };
      const answer = await management.post("/clients", { body, signal });
      if (json) return printJson(context, answer);
      const { client, token } = read(admittedAnswer, answer);
      context.stdout(`${token}\n`);
      context.stderr(
        `${client.name} may come in as ${client.role}. Its token is shown this once; a new one: parley client renew ${client.name}\n`,
      );
    }),
  );
}

function addList(clients: Command, context: CliContext): void {
  const command = clients.command("list").description("list who may come in, the same at every peer");
  command.action(() =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const answer = await management.get("/clients", { signal });
      if (json) return printJson(context, answer);
      context.stdout(clientsText(read(clientsAnswer, answer).clients, Date.now()));
    }),
  );
}

function addChange(clients: Command, context: CliContext): void {
  const command = clients
    .command("change")
    .description("change what a client may do; it takes effect at once, at every peer")
    .argument("<name>")
    .option("--role <role>", `one of ${Object.keys(ROLES).join(", ")}`)
    .option("--group <name...>", "the groups it is in, in place of those before")
    .option("--no-group", "it is in no group any more")
    .option("--to <pattern...>", "whom it may write to, in place of those before")
    .option("--to-anybody", "it may write to anybody")
    .option("--lock", "let it in no more, until --unlock")
    .option("--unlock", "let it in again")
    .option("--remember", "keep its conversations beyond their sessions")
    .option("--no-remember", "keep none of them from now on");
  command.action((name: string) =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const { role, group, to, toAnybody, lock, unlock, remember } = command.opts();
      if (to !== undefined && toAnybody === true) throw usage("--to and --to-anybody cannot be given together");
      if (lock === true && unlock === true) throw usage("--lock and --unlock cannot be given together");
      const body = {
        ...(role === undefined ? {} : { role: roleOf(role) }),
        ...(command.getOptionValueSource("group") === "cli" ? { groups: group === false ? [] : group } : {}),
        ...(to === undefined ? {} : { targets: to }),
        ...(toAnybody === true ? { targets: null } : {}),
        ...(lock === true || unlock === true ? { isActive: unlock === true } : {}),
        ...(command.getOptionValueSource("remember") === "cli" ? { remembers: remember === true } : {}),
      };
      if (Object.keys(body).length === 0) throw usage("nothing was said that shall be different");
      const answer = await management.patch(`/clients/${encodeURIComponent(name)}`, { body, signal });
      if (json) return printJson(context, answer);
      context.stdout(clientsText([read(clientAnswer, answer).client], Date.now()));
    }),
  );
}

function addRenew(clients: Command, context: CliContext): void {
  const command = clients
    .command("renew")
    .description("give a client a new token; the old one holds no more")
    .argument("<name>");
  command.action((name: string) =>
    withManagement(command, context, async ({ management, json, signal }) => {
      const answer = await management.post(`/clients/${encodeURIComponent(name)}/token`, { signal });
      if (json) return printJson(context, answer);
      context.stdout(`${read(admittedAnswer, answer).token}\n`);
      context.stderr(`The token of ${name} that there was before holds no more.\n`);
    }),
  );
}

function addRemove(clients: Command, context: CliContext): void {
  const command = clients
    .command("remove")
    .description("take a client away: its token, and what waits for it")
    .argument("<name>")
    .option("--yes", "do not ask");
  command.action((name: string) =>
    withManagement(command, context, async ({ management, json, signal }) => {
      if (command.opts()["yes"] !== true) {
        if (context.person === undefined)
          throw usage(`taking ${name} away cannot be taken back, and there is nobody to ask`, "Give --yes to go on.");
        await confirm(context, `Take ${name} away?`, signal);
      }
      const answer = await management.delete(`/clients/${encodeURIComponent(name)}`, { signal });
      if (json) return printJson(context, answer);
      context.stdout(`${name} comes in no more.\n`);
    }),
  );
}

/** @throws PeerError `usage` */
function roleOf(given: unknown): string {
  const role = String(given);
  if (Object.hasOwn(ROLES, role)) return role;
  throw usage(`there is no role ${role}`, `Choose one of ${Object.keys(ROLES).join(", ")}.`);
}

/** @throws PeerError `usage` */
function daysMs(given: unknown): number {
  const days = Number(given);
  if (Number.isFinite(days) && days > 0 && days <= 3_650) return Math.max(1_000, Math.round(days * 86_400_000));
  throw usage(`${String(given)} is no number of days`, "Give one between 0 and 3650, such as --days 30.");
}

function usage(what: string, nextStep = "See: parley client --help"): PeerError {
  return new PeerError("usage", what, { nextStep });
}
