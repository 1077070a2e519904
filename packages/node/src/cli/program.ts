/** The `parley` program: every command, and how each ends. */
import { Command, CommanderError } from "commander";
import { EXIT_CODES, exitCodeOf, PeerError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { commandsFor } from "./commands/index.ts";
import type { Invocation } from "./commands/start-voice.ts";
import type { CliContext } from "./context.ts";
import { failureJson, failureText } from "./failure.ts";
import { addGlobalFlags } from "./setting-flags.ts";

const ANY_PEER = `Commands that ask a peer ask the one that runs here, or any other:
  PARLEY_TOKEN=… parley status --peer kitchen.local --ca house.pem
The token is a client's (parley client add NAME, there); house.pem is what parley trust --out house.pem has written there.
`;

async function createProgram(args: readonly string[], context: CliContext, invocation: Invocation): Promise<Command> {
  const program = new Command("parley")
    .description("Parley: a voice assistant for the machines you own")
    .version(VERSION, "-V, --version", "print the version")
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(--help tells how it is used)")
    .configureOutput({ writeOut: context.stdout, writeErr: args.includes("--json") ? () => undefined : context.stderr })
    .exitOverride();
  addGlobalFlags(program);
  for (const register of await commandsFor(args)) register(program, context, invocation);
  const codes = EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`).join("\n");
  program.addHelpText(
    "after",
    `\n${ANY_PEER}\nExit codes:\n${codes}\n\nEach command has help of its own: parley ask --help`,
  );
  return program;
}

/** Runs one command line (without the program's own name). Never throws; resolves to the exit code. */
export async function runCli(args: readonly string[], context: CliContext, invocation: Invocation): Promise<number> {
  const isForPrograms = args.includes("--json");
  const program = await createProgram(args, context, invocation);
  try {
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Asking for help or the version is no failure; of one, Commander has told people.
      if (error.exitCode === 0) return 0;
      if (isForPrograms) context.stderr(failureJson(misused(error)));
      return 2;
    }
    const json = program.opts()["json"] === true || isForPrograms;
    context.stderr(json ? failureJson(error) : failureText(error));
    return exitCodeOf(error);
  }
}

function misused({ code, message }: CommanderError): PeerError {
  const what = code === "commander.help" ? "no command was given" : message.replace(/^error: /, "");
  return new PeerError("usage", what, { nextStep: "See how it is used: parley --help, parley COMMAND --help." });
}
