/** What a program can add to the peer it embeds. */
export { CommandError, defineActor, defineCommand } from "./extension.ts";
export type {
  ActorManner,
  AppActor,
  AppCommand,
  CheckedCommand,
  CommandContext,
  CommandDefinition,
  CommandRight,
  Data,
  Extension,
} from "./extension.ts";
export { checkExtension } from "./check.ts";
export { growActors } from "./actors.ts";
export { AppCommands } from "./commands.ts";
export type { CommandAsker, CommandOutcome } from "./commands.ts";
