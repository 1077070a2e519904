/**
 * What an actor takes from other hosts, written down once: the kinds of its messages, told apart by their `type`, and a check
 * for each. Gives the `accepts` of `SpawnOptions`.
 */
import { ActorError } from "../errors.ts";

/** Gives back the message, or what it should be; throws when it will not do. */
export type MessageCheck<Message> = (message: unknown) => Message;

/** What zod, valibot, arktype and others are: https://standardschema.dev, version 1. */
export interface StandardSchema<Message> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Message> | Promise<StandardResult<Message>>;
  };
}

type StandardResult<Message> =
  { readonly value: Message; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** One kind of message per entry, by its `type`. */
export type MessageKinds<Message extends { readonly type: string }> = {
  readonly [Type in Message["type"]]:
    MessageCheck<Extract<Message, { readonly type: Type }>> | StandardSchema<Extract<Message, { readonly type: Type }>>;
};

/**
 * The check of a protocol. It throws ActorError `bad-message` for a message of a kind that is not listed, or one that its
 * check refuses. Checks must be synchronous: a message that waits would lose its place.
 * @param protocol its name, for errors
 */
export function messageKinds<Message extends { readonly type: string }>(
  protocol: string,
  kinds: MessageKinds<Message>,
): MessageCheck<Message> {
  const checks = new Map<string, MessageCheck<Message> | StandardSchema<Message>>(
    Object.entries<MessageCheck<Message> | StandardSchema<Message>>(kinds),
  );
  return (message) => {
    const type = typeOf(message);
    const check = type === undefined ? undefined : checks.get(type);
    if (check === undefined) {
      throw new ActorError("bad-message", `${protocol} has no message of type ${JSON.stringify(type)}`);
    }
    if (!("~standard" in check)) return run(() => check(message), `${protocol}: ${type}`);
    return run(() => validated(check, message), `${protocol}: ${type}`);
  };
}

function typeOf(message: unknown): string | undefined {
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  return typeof message.type === "string" ? message.type : undefined;
}

function run<Message>(check: () => Message, what: string): Message {
  try {
    return check();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ActorError("bad-message", `${what} will not do: ${why}`, { cause: error });
  }
}

function validated<Message>(schema: StandardSchema<Message>, message: unknown): Message {
  const result = schema["~standard"].validate(message);
  if (result instanceof Promise) throw new TypeError("its check is asynchronous");
  if (result.issues === undefined) return result.value;
  throw new TypeError(result.issues.map((issue) => describeIssue(issue)).join("; "));
}

function describeIssue({ message, path }: StandardIssue): string {
  const keys = (path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  return keys.length === 0 ? message : `${keys.join(".")}: ${message}`;
}
