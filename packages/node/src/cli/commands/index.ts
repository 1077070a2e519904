/**
 * Every command, in the order in which help shows them. Each is loaded when it is called: most ask a running peer something, and
 * need nothing of what makes one.
 */
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { Invocation } from "./start-voice.ts";

/** Adds a command to the program. */
export type Register = (program: Command, context: CliContext, invocation: Invocation) => void;

export const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  start: async () => (await import("./start.ts")).registerStartCommand,
  status: async () => (await import("./status.ts")).registerStatusCommand,
  join: async () => (await import("./cluster/join.ts")).registerJoinCommand,
  pair: async () => (await import("./cluster/pair.ts")).registerPairCommand,
  peers: async () => (await import("./cluster/peers.ts")).registerPeersCommand,
  revoke: async () => (await import("./cluster/revoke.ts")).registerRevokeCommand,
  chaos: async () => (await import("./chaos.ts")).registerChaosCommand,
  drain: async () => (await import("./cluster/drain.ts")).registerDrainCommand,
  leave: async () => (await import("./cluster/leave.ts")).registerLeaveCommand,
  recover: async () => (await import("./cluster/recover.ts")).registerRecoverCommand,
  settings: async () => (await import("./cluster/settings.ts")).registerSettingsCommand,
  client: async () => (await import("./client.ts")).registerClientCommand,
  memory: async () => (await import("./memory.ts")).registerMemoryCommand,
  route: async () => (await import("./route.ts")).registerRouteCommand,
  sessions: async () => (await import("./sessions.ts")).registerSessionsCommand,
  top: async () => (await import("./top.ts")).registerTopCommand,
  trust: async () => (await import("./trust.ts")).registerTrustCommand,
  audit: async () => (await import("./audit.ts")).registerAuditCommand,
  ask: async () => (await import("./ask.ts")).registerAskCommand,
  talk: async () => (await import("./talk/command.ts")).registerTalkCommand,
  ears: async () => (await import("./ears.ts")).registerEarsCommand,
  chat: async () => (await import("./chat.ts")).registerChatCommand,
  say: async () => (await import("./say.ts")).registerSayCommand,
  listen: async () => (await import("./listen.ts")).registerListenCommand,
  voices: async () => (await import("./voices.ts")).registerVoicesCommand,
  models: async () => (await import("./models.ts")).registerModelsCommand,
  doctor: async () => (await import("./doctor.ts")).registerDoctor,
  config: async () => (await import("../config-command.ts")).registerConfigCommand,
};

/** The commands that `args` may mean: each that is named among them; all when none is, as for help and slips. */
export async function commandsFor(args: readonly string[]): Promise<readonly Register[]> {
  const named = Object.entries(COMMANDS).filter(([name]) => args.includes(name));
  return Promise.all((named.length > 0 ? named : Object.entries(COMMANDS)).map(([, load]) => load()));
}
