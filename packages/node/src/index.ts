/** `@parley/node`: a whole peer, to be embedded in another program. */

/** The peer. */
export { createPeer } from "./embed/index.ts";
export type { EmbeddedPeer, EmbedOptions, PeerEvents } from "./embed/index.ts";
export type { Peer } from "./peer.ts";
/** What a program adds to it: actors, commands, engines, tools. */
export { CommandError, defineActor, defineCommand } from "./extend/index.ts";
export type {
  ActorManner,
  AppActor,
  AppCommand,
  CommandContext,
  CommandDefinition,
  CommandRight,
  Extension,
} from "./extend/index.ts";
export { defineTool, ToolError } from "./assistant/tools/tool.ts";
export type { Tool, ToolContext, ToolDefinition } from "./assistant/tools/tool.ts";
export type { GivenEngineOf, GivenEngines } from "./services/given-engine.ts";
export type { TurnReport } from "./services/services.ts";
/** Its part in a cluster. */
export type {
  Belonging,
  Cluster,
  DepartedPeer,
  JoinRequest,
  LeaveOptions,
  LeaveReport,
  MetCluster,
  Namesake,
  PairingWindow,
  PeerReport,
  RevocationReport,
  WaitingPeer,
} from "./cluster/face.ts";
/** What it writes when the cluster can agree on it. */
export type { Delivery, Later, OutboxLoad } from "./cluster/outbox/outbox.ts";
export type { PostponedCommand } from "./cluster/state/schemas.ts";
/** Its configuration. */
export { hostFacts, loadConfig, readConfig } from "./config/index.ts";
export type { Config, ConfigSources, ConfigValues, FlagValues, LoadResult } from "./config/index.ts";
/** Errors, and the exit code each ends a command with. */
export { EXIT_CODES, exitCodeOf, isPeerError, PeerError } from "./errors.ts";
export type { ExitCode, PeerErrorCode } from "./errors.ts";
/** How far each service is. */
export { failureOf, serviceNames } from "./services/stage.ts";
export type { ServiceName, Stage, StageFailure } from "./services/stage.ts";
/** Engines from elsewhere than the model store. */
export type { EngineSource, StartHost } from "./services/engine-source.ts";
export type { EngineSources } from "./services/engine-sources.ts";
/** The port to whatever thinks. */
export type { ChatMessage, GenerateOptions, LanguageModel } from "./providers/language-model.ts";
