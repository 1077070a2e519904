/**
 * One peer for one home: its identity, tokens and memory have one owner.
 *
 * The lock is the file `peer.lock.N` with the highest N; it names its owner's process. Whoever finds that owner gone makes
 * N + 1, which only one can (`link` is exclusive), checks that nobody is further, and removes the older files. The highest
 * file is never removed, only marked as let go: so no slow process can make a number that was used before.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, readdir, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import * as z from "zod";
import { codeOf, messageOf, PeerError } from "../errors.ts";

const ownerSchema = z.object({ pid: z.int(), started: z.string() });
type Owner = z.output<typeof ownerSchema>;

/** No process: of a lock that was let go, or that a crash left broken. */
const NOBODY: Owner = { pid: 0, started: "" };

/** A held lock. */
export interface HomeLock {
  release(): Promise<void>;
}

/** Each round means that another process was quicker. */
const MAX_ROUNDS = 100;

/**
 * Takes the lock at `path`. One whose owner no longer lives, after kill -9 or a power cut, is taken over at once.
 * @throws PeerError `port-in-use` when a living process holds it; `home-unusable` when the folder cannot be written.
 */
export async function lockHome(path: string): Promise<HomeLock> {
  const draft = `${path}-${randomUUID()}.partial`;
  try {
    const own: Owner = { pid: process.pid, started: statOf(process.pid).start };
    await writeFile(draft, JSON.stringify(own), { mode: 0o600, flag: "wx" });
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const number = await tryLock(path, draft);
      if (number !== undefined) return { release: () => release(path, number) };
    }
  } catch (cause) {
    if (cause instanceof PeerError) throw cause;
    throw new PeerError("home-unusable", `cannot lock ${path}: ${messageOf(cause)}`, {
      nextStep: "Check the folder's permissions and free space, or choose another with --home.",
      cause,
    });
  } finally {
    await removeIfThere(draft);
  }
  throw held(path, NOBODY);
}

/** The number that was taken; undefined when another was quicker. @throws PeerError `port-in-use`. */
async function tryLock(path: string, draft: string): Promise<number | undefined> {
  const last = Math.max(0, ...(await numbers(path)));
  if (last > 0) {
    const holder = await read(`${path}.${last}`);
    if (holder === undefined) return undefined;
    if (isAlive(holder)) throw held(path, holder);
  }
  const own = last + 1;
  if (!(await linked(draft, `${path}.${own}`))) return undefined;
  const present = await numbers(path);
  if (Math.max(...present) > own) {
    // What was seen above was old: others have been here since.
    await removeIfThere(`${path}.${own}`);
    return undefined;
  }
  for (const number of present) if (number < own) await removeIfThere(`${path}.${number}`);
  return own;
}

async function numbers(path: string): Promise<readonly number[]> {
  const prefix = `${basename(path)}.`;
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(prefix));
  return names.map((name) => name.slice(prefix.length)).flatMap((rest) => (/^\d+$/.test(rest) ? [Number(rest)] : []));
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function release(path: string, number: number): Promise<void> {
  const draft = `${path}-${randomUUID()}.partial`;
  await writeFile(draft, JSON.stringify(NOBODY), { mode: 0o600, flag: "wx" });
  await rename(draft, `${path}.${number}`);
}

/** The lock's owner; undefined when the file is gone by now. */
async function read(path: string): Promise<Owner | undefined> {
  try {
    const parsed = ownerSchema.safeParse(JSON.parse(await readFile(path, "utf8")));
    return parsed.success ? parsed.data : NOBODY;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    if (error instanceof SyntaxError) return NOBODY;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** Alive, and not another process that was given the same number since. */
function isAlive({ pid, started }: Owner): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
  }
  const { state, start } = statOf(pid);
  // Whoever has died, and only its parent has not looked yet, holds nothing.
  if (state === "Z" || state === "X") return false;
  return start === "" || started === "" || start === started;
}

interface Stat {
  /** One letter. */
  readonly state: string;
  /** When it began, in ticks since boot. */
  readonly start: string;
}

/** Fields 3 and 22 of /proc/PID/stat (proc(5)); empty where they cannot be known. */
function statOf(pid: number): Stat {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the name, may hold blanks and parentheses: fields are counted after its last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", start: fields[19] ?? "" };
  } catch {
    return { state: "", start: "" };
  }
}

function held(path: string, holder: Owner): PeerError {
  return new PeerError("port-in-use", `a peer is running already with this home (${path}, process ${holder.pid})`, {
    nextStep: "Talk to it (parley chat), stop it, or start another with --home DIR and --port PORT.",
    details: { pid: holder.pid },
  });
}
