/** The `parley` program: every command, and how each ends. */
import { Command, CommanderError } from "commander";
import { EXIT_CODES, exitCodeOf } from "../errors.ts";
import { modelStoreFor } from "../peer.ts";
import { VERSION } from "../version.ts";
import { registerAskCommand } from "./commands/ask.ts";
import { registerChatCommand } from "./commands/chat.ts";
import { registerJoinCommand } from "./commands/cluster/join.ts";
import { registerLeaveCommand } from "./commands/cluster/leave.ts";
import { registerPairCommand } from "./commands/cluster/pair.ts";
import { registerPeersCommand } from "./commands/cluster/peers.ts";
import { registerRecoverCommand } from "./commands/cluster/recover.ts";
import { registerRevokeCommand } from "./commands/cluster/revoke.ts";
import { registerSettingsCommand } from "./commands/cluster/settings.ts";
import { registerListenCommand } from "./commands/listen.ts";
import { registerModelsCommand } from "./commands/models.ts";
import { registerSayCommand } from "./commands/say.ts";
import { registerStartCommand, type Invocation } from "./commands/start.ts";
import { registerStatusCommand } from "./commands/status.ts";
import { registerConfigCommand } from "./config-command.ts";
import type { CliContext } from "./context.ts";
import { registerDoctorCommand } from "./doctor/index.ts";
import { failureJson, failureText } from "./failure.ts";
import { addGlobalFlags } from "./setting-flags.ts";

/** Builds the program without running it. */
export function createProgram(context: CliContext, invocation: Invocation): Command {
  const program = new Command("parley")
    .description("Parley: a voice assistant for the machines you own")
    .version(VERSION, "-V, --version", "print the version")
    .showHelpAfterError("(--help tells how it is used)")
    .configureOutput({ writeOut: context.stdout, writeErr: context.stderr })
    .exitOverride();
  addGlobalFlags(program);
  registerStartCommand(program, context, invocation);
  registerStatusCommand(program, context);
  registerJoinCommand(program, context);
  registerPairCommand(program, context);
  registerPeersCommand(program, context);
  registerRevokeCommand(program, context);
  registerLeaveCommand(program, context);
  registerRecoverCommand(program, context);
  registerSettingsCommand(program, context);
  registerAskCommand(program, context);
  registerChatCommand(program, context);
  registerSayCommand(program, context);
  registerListenCommand(program, context);
  registerModelsCommand(program, context);
  registerDoctorCommand(program, context, { openModels: modelStoreFor });
  registerConfigCommand(program, context);
  const codes = EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`).join("\n");
  program.addHelpText("after", `\nExit codes:\n${codes}\n\nEach command has help of its own: parley ask --help`);
  return program;
}

/** Runs one command line (without the program's own name). Never throws; resolves to the exit code. */
export async function runCli(args: readonly string[], context: CliContext, invocation: Invocation): Promise<number> {
  const program = createProgram(context, invocation);
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
