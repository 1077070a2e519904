import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileBytes, hashFile, writeAt } from "./disk.ts";
import { hasCode, throwIfAborted, writing } from "./file-errors.ts";
import { backOffMs } from "./limits.ts";
import type { Answer, Refusal, RequestOptions } from "./request.ts";
import { request } from "./request.ts";

/** One file to fetch. It grows as `<target>.partial` and is `target` only when its sha256 was right. */
export interface Download {
  readonly url: string;
  /** Sent with every request, such as what lets in at a registry. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly target: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface DownloadOptions extends RequestOptions {
  /** True when another source is left: then a failure without progress is not waited for. */
  readonly impatient: boolean;
  /** Bytes of this file that are on disk now. */
  readonly onBytes: (bytes: number) => void;
}

/** How a download ended, other than by an exception. */
export type DownloadResult =
  { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly status?: number };

type Attempt = Refusal | { readonly kind: "complete" } | { readonly kind: "restart"; readonly reason: string };

/** However much progress there is between them, a file that breaks off this often will not come. */
const MAX_ATTEMPTS = 100;
/** Starting over because the content changed or was wrong: once, or a lying server would be asked for gigabytes. */
const MAX_RESTARTS = 1;

const partialOf = (target: string): string => `${target}.partial`;
const validatorOf = (target: string): string => `${target}.partial.etag`;

/** Bytes of `download` that need not be fetched again. */
export async function bytesOnDisk(download: Omit<Download, "url">): Promise<number> {
  const whole = await fileBytes(download.target);
  if (whole === download.bytes) return whole;
  const part = (await fileBytes(partialOf(download.target))) ?? 0;
  return part <= download.bytes ? part : 0;
}

/**
 * Fetches a file, resuming what is there. The sha256 is taken from the disk after the last byte, not from the stream:
 * so it also covers the part that an earlier process wrote, and what the disk made of it.
 * @throws AudioError `disk-full`, `file-unwritable`, `job-cancelled`, `job-timed-out`.
 */
export async function download(task: Download, options: DownloadOptions): Promise<DownloadResult> {
  if ((await fileBytes(task.target)) === task.bytes) return { ok: true };
  let failures = 0;
  let restarts = 0;
  let reason = "";
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
    const before = await bytesOnDisk(task);
    const attempt = await attemptOnce(task, before, options);
    const outcome = attempt.kind === "complete" ? await settle(task, options) : attempt;
    if (outcome.kind === "complete") return { ok: true };
    reason = outcome.reason;
    if (outcome.kind === "hopeless") {
      return { ok: false, reason, ...(outcome.status === undefined ? {} : { status: outcome.status }) };
    }
    if (outcome.kind === "restart") {
      await discard(task.target);
      restarts += 1;
      if (restarts > MAX_RESTARTS) return { ok: false, reason };
      continue;
    }
    failures = (await bytesOnDisk(task)) > before ? 0 : failures + 1;
    if (failures >= (options.impatient ? 1 : options.limits.attempts)) return { ok: false, reason };
    await pause(outcome.afterMs ?? backOffMs(options.limits, failures), options.signal, task.url);
  }
  return { ok: false, reason: `broke off ${MAX_ATTEMPTS} times, last: ${reason}` };
}

async function attemptOnce(task: Download, have: number, options: DownloadOptions): Promise<Attempt> {
  if (have === task.bytes) return { kind: "complete" };
  const validator = await readValidator(task.target);
  const headers: Record<string, string> = { ...task.headers };
  if (have > 0) headers["range"] = `bytes=${have}-`;
  // A weak validator may not be used with If-Range (RFC 9110, 13.1.5).
  if (have > 0 && validator !== "" && !validator.startsWith("W/")) headers["if-range"] = validator;
  const answer = await request(task.url, headers, options);
  if (answer.kind !== "answer") return answer;
  try {
    const start = startOf(answer.response, task, have, validator);
    return typeof start === "number" ? await receive(task, answer, start, options) : start;
  } finally {
    answer.cancel();
  }
}

/** Where the answer's first byte belongs, or why it is of no use. */
function startOf(response: Response, task: Download, have: number, validator: string): number | Attempt {
  const etag = response.headers.get("etag") ?? "";
  if (response.status === 416) return { kind: "restart", reason: "the partial file is longer than the server's" };
  if (response.status !== 206) {
    const declared = response.headers.get("content-length");
    const encoded = response.headers.has("content-encoding");
    if (declared !== null && !encoded && Number(declared) !== task.bytes) {
      return { kind: "hopeless", reason: `has ${declared} bytes where the catalogue has ${task.bytes}` };
    }
    return 0;
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  if (range === null || Number(range[1]) !== have) return { kind: "restart", reason: "answered with another range" };
  if (range[2] !== "*" && Number(range[2]) !== task.bytes) {
    return { kind: "hopeless", reason: `has ${range[2]} bytes where the catalogue has ${task.bytes}` };
  }
  if (validator !== "" && etag !== "" && etag !== validator) return { kind: "restart", reason: "changed meanwhile" };
  return have;
}

async function receive(task: Download, answer: Answer, start: number, options: DownloadOptions): Promise<Attempt> {
  const partial = partialOf(task.target);
  await writing(partial, () => writeFile(validatorOf(task.target), answer.response.headers.get("etag") ?? ""));
  const file = await writing(partial, () => open(partial, start === 0 ? "w" : "r+"));
  let position = start;
  let tooLong = false;
  try {
    const refusal = await answer.read(async (chunk) => {
      const room = task.bytes - position;
      tooLong ||= chunk.byteLength > room;
      if (tooLong) return answer.cancel();
      await writing(partial, () => writeAt(file, chunk, position));
      position += chunk.byteLength;
      options.onBytes(position);
    });
    if (tooLong) return { kind: "restart", reason: `sent more than the ${task.bytes} bytes of the catalogue` };
    await writing(partial, () => file.sync());
    if (position === task.bytes) return { kind: "complete" };
    return refusal ?? { kind: "again", reason: `ended after ${position} of ${task.bytes} bytes` };
  } finally {
    await file.close();
  }
}

/** All bytes are there: makes the partial file the target if they are the right ones. */
async function settle(task: Download, options: DownloadOptions): Promise<Attempt> {
  const partial = partialOf(task.target);
  const sha256 = await hashFile(partial, options.signal);
  if (sha256 !== task.sha256)
    return { kind: "restart", reason: "its content is not what the catalogue names (sha256)" };
  await writing(task.target, async () => {
    await rename(partial, task.target);
    await rm(validatorOf(task.target), { force: true });
  });
  return { kind: "complete" };
}

async function discard(target: string): Promise<void> {
  await writing(target, async () => {
    await rm(partialOf(target), { force: true });
    await rm(validatorOf(target), { force: true });
  });
}

async function readValidator(target: string): Promise<string> {
  try {
    return await readFile(validatorOf(target), "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  }
}

async function pause(ms: number, signal: AbortSignal, url: string): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throwIfAborted(signal, `fetching ${url}`);
    throw error;
  }
}
