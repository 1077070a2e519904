/** One peer for one home: its identity, tokens and memory have one owner. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, readFile, rename, unlink, writeFile } from "node:fs/promises";
import * as z from "zod";
import { codeOf, messageOf, PeerError } from "../errors.ts";

const ownerSchema = z.object({ pid: z.int(), started: z.string(), token: z.string() });
type Owner = z.output<typeof ownerSchema>;

/** A held lock. */
export interface HomeLock {
  /** Lets go. Does nothing when another process has taken over since. */
  release(): Promise<void>;
}

/** Taking over from dead owners; each round means that another process was quicker. */
const MAX_ROUNDS = 20;

/**
 * Takes the lock at `path`. A lock whose owner no longer lives, after kill -9 or a power cut, is taken over at once.
 * @throws PeerError `port-in-use` when a living process holds it; `home-unusable` when the file cannot be written.
 */
export async function lockHome(path: string): Promise<HomeLock> {
  const own: Owner = { pid: process.pid, started: startOf(process.pid), token: randomUUID() };
  const draft = `${path}.${own.token}.partial`;
  try {
    await writeFile(draft, JSON.stringify(own), { mode: 0o600, flag: "wx" });
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      // `link` fails when the name is taken, and shows the file whole or not at all.
      if (await linked(draft, path)) return { release: () => release(path, own) };
      const holder = await read(path);
      if (holder !== undefined && isAlive(holder)) throw held(path, holder);
      if (holder !== undefined) await takeAway(path, holder);
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
  throw held(path, await read(path));
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

/** Moves a dead owner's lock aside. Should it turn out to be another's by then, that one is put back. */
async function takeAway(path: string, dead: Owner): Promise<void> {
  const aside = `${path}.${randomUUID()}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if ((await read(aside))?.token !== dead.token) await linked(aside, path);
  await removeIfThere(aside);
}

async function release(path: string, own: Owner): Promise<void> {
  if ((await read(path))?.token === own.token) await removeIfThere(path);
}

/** The lock's owner; one who is long dead for a file that a crash left broken. */
async function read(path: string): Promise<Owner | undefined> {
  try {
    const parsed = ownerSchema.safeParse(JSON.parse(await readFile(path, "utf8")));
    return parsed.success ? parsed.data : { pid: 0, started: "", token: "" };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    if (error instanceof SyntaxError) return { pid: 0, started: "", token: "" };
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
  const now = startOf(pid);
  return now === "" || started === "" || now === started;
}

/** When a process began, in ticks since boot (field 22 of /proc/PID/stat); empty where that cannot be known. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the name, may hold blanks and parentheses: fields are counted after its last one.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function held(path: string, holder: Owner | undefined): PeerError {
  return new PeerError(
    "port-in-use",
    `a peer is running already with this home (${path}, process ${holder?.pid ?? "?"})`,
    {
      nextStep: "Talk to it (parley chat), stop it, or start another with --home DIR and --port PORT.",
      details: { pid: holder?.pid ?? 0 },
    },
  );
}
