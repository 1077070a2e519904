/** Addresses: `parley://peer/path#incarnation`. */
import { ActorError } from "../errors.ts";

export interface ActorAddress {
  /** The host's id: letters, digits, `.`, `_`, `-`. */
  readonly peer: string;
  /** Names from the root down to the actor, decoded; at least one. */
  readonly path: readonly string[];
  /** One life of the name: an actor that is spawned anew under an old name has another. Without it: whoever lives there. */
  readonly incarnation?: string | undefined;
}

const SCHEME = "parley://";
const PEER = /^[\w.-]{1,128}$/;
const INCARNATION = /^[0-9a-z.]{1,64}$/;
const MAX_NAME_CHARS = 256;
const MAX_ADDRESS_CHARS = 4096;

export function formatAddress({ peer, path, incarnation }: ActorAddress): string {
  const suffix = incarnation === undefined ? "" : `#${incarnation}`;
  return `${SCHEME}${peer}${formatPath(path)}${suffix}`;
}

/** `/a/b`, each name percent-encoded. */
export function formatPath(path: readonly string[]): string {
  return path.map((name) => `/${encodeURIComponent(name)}`).join("");
}

/** @throws ActorError `bad-address` */
export function parseAddress(text: string): ActorAddress {
  const bad = (why: string): ActorError =>
    new ActorError("bad-address", `${JSON.stringify(text.slice(0, 200))} is no address: ${why}`);
  if (text.length > MAX_ADDRESS_CHARS) throw bad("it is too long");
  if (!text.startsWith(SCHEME)) throw bad(`it does not start with ${SCHEME}`);
  const [place = "", incarnation, ...rest] = text.slice(SCHEME.length).split("#");
  if (rest.length > 0 || (incarnation !== undefined && !INCARNATION.test(incarnation))) throw bad("its end is unknown");
  const [peer = "", ...names] = place.split("/");
  if (!PEER.test(peer)) throw bad("the peer's name is missing or unusable");
  if (names.length === 0) throw bad("it has no path");
  const path = names.map((name) => decodeName(name));
  if (!path.every((name): name is string => name !== undefined)) throw bad("a name in its path is unusable");
  return incarnation === undefined ? { peer, path } : { peer, path, incarnation };
}

/** Whether a host may be called so. */
export function isPeerName(name: unknown): name is string {
  return typeof name === "string" && PEER.test(name);
}

/** Whether an actor may be called so. */
export function isActorName(name: unknown): name is string {
  if (typeof name !== "string") return false;
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  return name.length > 0 && name.length <= MAX_NAME_CHARS && name.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(name);
}

function decodeName(encoded: string): string | undefined {
  try {
    const name = decodeURIComponent(encoded);
    // One actor has one address: another spelling of the same name is refused.
    return isActorName(name) && encodeURIComponent(name) === encoded ? name : undefined;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
