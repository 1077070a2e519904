/** What may be asked of the management routes. */
import * as z from "zod";
import { PeerError } from "../../errors.ts";
import { earsKeys } from "../../services/ears/report.ts";

const text = (max: number) => z.string().trim().min(1).max(max);

/** A peer by its name, fingerprint or id. */
const who = text(128);

export const approveBody = z.strictObject({ who });
export const revokeBody = z.strictObject({ peer: who });
/** Said in so many words, so that nobody does it by a slip. */
export const recoverBody = z.strictObject({ isLastResort: z.literal(true) });
/** `isForced`: also when the others cannot agree to it. */
export const leaveBody = z.strictObject({ isForced: z.boolean().optional() }).nullish();
export const earsBody = z.strictObject({ do: z.enum(["on", "off", ...earsKeys]) });
export const emptyBody = z.strictObject({}).nullish();
export const joinBody = z.union([
  z.strictObject({ code: text(64), address: text(512).optional() }),
  z.strictObject({ fingerprint: text(64), address: text(512).optional() }),
]);

/** @throws PeerError `usage` that says which field is wrong; never what was in it */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = likeliest(parsed.error.issues);
  const where = issue?.path.join(".") ?? "";
  if (issue?.code === "too_small" && issue.origin === "string") {
    throw usage(`${where} is empty`, "Give at least one sign that is no space.");
  }
  const nextStep =
    issue?.code === "too_big" && issue.origin === "string"
      ? `Give at most ${issue.maximum} signs.`
      : "Send a JSON object with the fields that this request has, and no others.";
  throw usage(`${where === "" ? "" : `${where}: `}${issue?.message}`, nextStep);
}

/** Of several forms that a body may have, the one that most of it fits. */
function likeliest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  const [issue] = issues;
  if (issue?.code !== "invalid_union") return issue;
  const [form] = issue.errors.toSorted((one, other) => one.length - other.length);
  return form === undefined ? issue : likeliest(form);
}

function usage(what: string, nextStep: string): PeerError {
  return new PeerError("usage", `the request cannot be used: ${what}`, { nextStep });
}
