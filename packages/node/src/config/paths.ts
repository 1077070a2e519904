/** Where a peer's things live under its home folder, and making that folder. */
import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { codeOf, PeerError } from "../errors.ts";

/** Absolute paths of everything a peer keeps. */
export interface HomePaths {
  readonly home: string;
  /** The peer's private key. */
  readonly identityKey: string;
  /** Address and process of the running peer, so that commands find it. */
  readonly peerFile: string;
  /** The token that lets this user's commands talk to the peer. */
  readonly cliToken: string;
  /** Held by the peer that runs with this home. */
  readonly lock: string;
  readonly models: string;
  /** What a peer without a cluster has written down, such as its clients. */
  readonly pairs: string;
  /** The authority that this peer's certificate comes from; secret. */
  readonly authority: string;
  /** Its certificate, for people. */
  readonly caCertificate: string;
  /** What was done to the house at this peer. */
  readonly audit: string;
  /** Sounds of phrases; may be deleted at any time. */
  readonly phrases: string;
}

/** The paths under `home`. Creates nothing. */
export function homePaths(home: string): HomePaths {
  return {
    home,
    identityKey: path.join(home, "identity.key"),
    peerFile: path.join(home, "peer.json"),
    cliToken: path.join(home, "cli-token"),
    lock: path.join(home, "peer.lock"),
    models: path.join(home, "models"),
    pairs: path.join(home, "pairs"),
    authority: path.join(home, "authority.json"),
    caCertificate: path.join(home, "ca.pem"),
    audit: path.join(home, "audit.jsonl"),
    phrases: path.join(home, "phrases"),
  };
}

/** Only the owner: what is in here is the peer's identity. */
const PRIVATE_FOLDER = 0o700;

/**
 * Makes `home`, private to this user, and checks that files can be made there.
 * A folder that others may write to is refused: they could put another identity in its place.
 * @throws PeerError `home-unusable`.
 */
export async function prepareHome(home: string): Promise<HomePaths> {
  const paths = homePaths(home);
  try {
    await makeFolder(home);
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const why = `cannot be made or written to (${codeOf(cause)})`;
    throw unusable(home, why, "Choose another folder with --home or PARLEY_HOME", cause);
  }
  // Windows keeps no such bits; a user's folder is private there by its access list.
  if (process.platform !== "win32" && ((await stat(home)).mode & 0o022) !== 0) {
    throw unusable(
      home,
      "can be written to by other users",
      `Run \`chmod 700 ${home}\`, or choose another folder with --home`,
    );
  }
  return paths;
}

/** As `mkdir -p`. Node's own recursive form never ends in places like /proc, where a parent exists and refuses children. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: PRIVATE_FOLDER });
  } catch (error) {
    if (codeOf(error) === "EEXIST" && (await stat(folder)).isDirectory()) return;
    const parent = path.dirname(folder);
    if (codeOf(error) !== "ENOENT" || parent === folder || (await exists(parent))) throw error;
    await makeFolder(parent);
    await mkdir(folder, { mode: PRIVATE_FOLDER });
  }
}

async function exists(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function unusable(folder: string, why: string, nextStep: string, cause?: unknown): PeerError {
  return new PeerError("home-unusable", `The folder ${folder} ${why}.`, {
    nextStep: `${nextStep}.`,
    details: { folder },
    cause,
  });
}
