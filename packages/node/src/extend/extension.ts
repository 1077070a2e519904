/** What a program adds to the peer it embeds. */
import type { Behavior, SpawnOptions, StandardSchema } from "@parley/actors";
import type { Tool } from "../assistant/tools/tool.ts";
import type { GivenEngines } from "../services/given-engine.ts";
import type { SpawnService } from "../services/mesh/offer/tree.ts";

/** What a program adds; names are its own, see {@link checkExtension}. */
export interface Extension {
  /** By name: `parley://PEER/app/NAME`. Each is spawned in every membership of the peer; where it belongs to no cluster there are none. */
  readonly actors?: Readonly<Record<string, AppActor>> | undefined;
  /** By name: what clients may have it do. */
  readonly commands?: Readonly<Record<string, AppCommand>> | undefined;
  /** Its own engines; each takes the place of the peer's, and works for the whole house. */
  readonly services?: GivenEngines | undefined;
  /** What language models may do while they answer clients of this peer. */
  readonly tools?: readonly Tool[] | undefined;
}

/** Values that JSON can carry. */
export type Data = Readonly<Record<string, unknown>>;

/** An actor with messages of any kind. */
export interface AppActor {
  readonly spawn: (spawn: SpawnService, name: string) => void;
}

/** How an actor is spawned; its name comes with the extension, and it is always started anew. */
export type ActorManner<Message> = Omit<SpawnOptions<Message>, "name" | "restart">;

/**
 * An actor of a program's own. Without `accepts`, which looks at what comes from other peers (`messageKinds` of `@parley/actors`),
 * it takes nothing from them.
 */
export function defineActor<Message>(behavior: Behavior<Message>, manner: ActorManner<Message> = {}): AppActor {
  return { spawn: (spawn, name) => spawn(behavior, { ...manner, name, restart: "permanent" }) };
}

/** What a client has to have the right to: see `docs/ACCESS.md`. */
export type CommandRight = "converse" | "look" | "message" | "broadcast" | "command" | "memory" | "manage";

/** What a command is told beside its parameters. */
export interface CommandContext {
  /** Ends when the client cancels or is gone, the time is over, or the peer closes. */
  readonly signal: AbortSignal;
  /** The same when a client that was cut off sends the same command again, perhaps to another peer. */
  readonly id: string;
  readonly client: { readonly id: string; readonly account: string };
  /** Tells the client of something on the way; resolves once its socket has room. @throws Error of what JSON cannot carry */
  readonly emit: (type: string, data?: Data) => Promise<void>;
}

/** A command with parameters of type `Parameters`, which a client sends as JSON. */
export interface CommandDefinition<Parameters> {
  /** Zod, or any other standard schema. */
  readonly parameters: StandardSchema<Parameters>;
  /** `command` when absent: members, bridges and admins. */
  readonly right?: CommandRight;
  /** 30,000 when absent, at most 600,000. */
  readonly timeoutMs?: number;
  /** What it comes to. @throws CommandError for what the client is to know; anything else is a defect, and told as such */
  readonly run: (parameters: Parameters, context: CommandContext) => Data | void | Promise<Data | void>;
}

/** Parameters that were looked at, ready to be acted on. */
export type CheckedCommand =
  | { readonly ok: true; readonly run: (context: CommandContext) => Promise<Data | void> }
  | { readonly ok: false; readonly why: string };

/** A command with parameters of any kind. */
export interface AppCommand {
  readonly right: CommandRight;
  readonly timeoutMs: number;
  readonly check: (parameters: unknown) => Promise<CheckedCommand>;
}

/** Why a command cannot be carried out, for its client. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** For programs; at most 128 characters. */
  readonly code: string;
  /** What a person can do now. */
  readonly nextStep: string;

  constructor(code: string, message: string, options: { readonly nextStep: string; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.nextStep = options.nextStep;
  }
}

const TIMEOUT_MS = 30_000;

export function defineCommand<Parameters>(definition: CommandDefinition<Parameters>): AppCommand {
  const { parameters, right = "command", timeoutMs = TIMEOUT_MS, run } = definition;
  return {
    right,
    timeoutMs,
    async check(given) {
      const result = await parameters["~standard"].validate(given);
      if (result.issues === undefined) return { ok: true, run: async (context) => run(result.value, context) };
      const [issue] = result.issues;
      const path = (issue?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
      return { ok: false, why: `${path === "" ? "" : `${path}: `}${issue?.message ?? "invalid"}` };
    },
  };
}
