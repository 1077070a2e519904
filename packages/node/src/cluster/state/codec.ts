/** Commands as bytes: the version that knows them first, then MessagePack; and their results, MessagePack alone. */
import { Packr } from "msgpackr";
import { z } from "zod";
import { invariant } from "../../errors.ts";
import { LIMITS } from "./limits.ts";
import { JOURNALS_VERSION } from "./versions.ts";
import { readPlain } from "../../mesh/wire/plain.ts";
import { command, journalCommand, type ClusterCommand } from "./schemas.ts";

/**
 * Why a command changed nothing. `malformed`: its bytes are none; `not-in-force`: of a version that not every member knows;
 * `mismatch`: a key, table or generation is not what the command expects; `full`: a bound of {@link LIMITS};
 * `too-old`: the newcomer's software does not know the version in force; `other-outbox`: the peer's last word came from another
 * outbox; `overtaken`: that outbox has brought a later command already, or a turn is over.
 */
export const REFUSALS = [
  "malformed",
  "not-in-force",
  "not-founded",
  "already-founded",
  "not-a-member",
  "revoked",
  "last-member",
  "stale-term",
  "stale-epoch",
  "mismatch",
  "too-old",
  "full",
  "other-outbox",
  "overtaken",
] as const;

export type RefusalReason = (typeof REFUSALS)[number];

export interface CommandRefused {
  readonly outcome: "refused";
  readonly reason: RefusalReason;
  /** For a person. */
  readonly detail: string;
}

/** `value`: the number of who was admitted; the generation, version or revision that holds now; else 0. */
export type CommandResult = { readonly outcome: "done"; readonly value: number } | CommandRefused;

/** The commands that came with each version, the first one's first. What a list lets through never changes. */
const COMMANDS: readonly z.ZodType<ClusterCommand>[] = [command, journalCommand];

const JOURNAL_COMMANDS: ReadonlySet<string> = new Set(journalCommand.options.map(({ shape }) => shape.type.value));

const packr = new Packr({ useRecords: false });

const encodedResult = z.union([
  z.tuple([z.literal(0), z.int()]),
  z.tuple([z.literal(1), z.enum(REFUSALS), z.string()]),
]);

/** Its bytes, or `malformed` with what is wrong with it. */
export function encodeChecked(given: ClusterCommand): Uint8Array | CommandRefused {
  const version = JOURNAL_COMMANDS.has(given.type) ? JOURNALS_VERSION : 1;
  const parsed = (version === 1 ? command : journalCommand).safeParse(given);
  if (!parsed.success) return refused("malformed", z.prettifyError(parsed.error));
  const body = packr.pack(parsed.data);
  const out = new Uint8Array(1 + body.length);
  out[0] = version;
  out.set(body, 1);
  return out;
}

/** @throws PeerError `internal` for what is no command: then the caller has a defect. */
export function encodeCommand(given: ClusterCommand): Uint8Array {
  const encoded = encodeChecked(given);
  invariant(encoded instanceof Uint8Array, `${given.type} is no command that can be written`);
  return encoded;
}

/** The command, or why it is none here. `version`: the one in force. Whatever the bytes, it never throws. */
export function decodeCommand(bytes: Uint8Array, version: number): ClusterCommand | CommandRefused {
  const of = bytes[0] ?? 0;
  if (of < 1) return refused("malformed", "a command begins with its version");
  // Alike for those who would know it and for those who would not.
  if (of > version) return refused("not-in-force", `commands of version ${of} are not in force; ${version} is`);
  if (bytes.length > LIMITS.commandBytes) return refused("malformed", "the command is too large");
  const plain = readPlain(bytes.subarray(1));
  const parsed = plain === undefined ? undefined : COMMANDS[of - 1]?.safeParse(plain.value);
  // Without the reason that a library gives: it may say it otherwise in its next release.
  return parsed?.success === true ? parsed.data : refused("malformed", "the bytes are no command");
}

export function encodeResult(result: CommandResult): Uint8Array {
  const fields = result.outcome === "done" ? [0, result.value] : [1, result.reason, result.detail];
  return Uint8Array.from(packr.pack(fields));
}

/** Undefined for what is no result. */
export function decodeResult(bytes: Uint8Array): CommandResult | undefined {
  const parsed = encodedResult.safeParse(readPlain(bytes)?.value);
  if (!parsed.success) return undefined;
  if (parsed.data[0] === 0) return { outcome: "done", value: parsed.data[1] };
  return refused(parsed.data[1], parsed.data[2]);
}

export function done(value = 0): CommandResult {
  return { outcome: "done", value };
}

export function refused(reason: RefusalReason, detail: string): CommandRefused {
  return { outcome: "refused", reason, detail };
}
