/** The `parley` program: every command, and how each ends. */
import { Command, CommanderError } from "commander";
import { EXIT_CODES, exitCodeOf } from "../errors.ts";
import { VERSION } from "../version.ts";
import { commandsFor } from "./commands/index.ts";
import type { Invocation } from "./commands/start-voice.ts";
import type { CliContext } from "./context.ts";
import { failureJson, failureText } from "./failure.ts";
import { addGlobalFlags } from "./setting-flags.ts";

async function createProgram(args: readonly string[], context: CliContext, invocation: Invocation): Promise<Command> {
  const program = new Command("parley")
    .description("Parley: a voice assistant for the machines you own")
    .version(VERSION, "-V, --version", "print the version")
    .showHelpAfterError("(--help tells how it is used)")
    .configureOutput({ writeOut: context.stdout, writeErr: context.stderr })
    .exitOverride();
  addGlobalFlags(program);
  for (const register of await commandsFor(args)) register(program, context, invocation);
  const codes = EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`).join("\n");
  program.addHelpText("after", `\nExit codes:\n${codes}\n\nEach command has help of its own: parley ask --help`);
  return program;
}

/** Runs one command line (without the program's own name). Never throws; resolves to the exit code. */
export async function runCli(args: readonly string[], context: CliContext, invocation: Invocation): Promise<number> {
  const program = await createProgram(args, context, invocation);
  try {
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has written its own message; asking for help or the version is no failure.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const json = program.opts()["json"] === true || args.includes("--json");
    context.stderr(json ? failureJson(error) : failureText(error));
    return exitCodeOf(error);
  }
}
