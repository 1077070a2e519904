/** What clients may do. Pure: who somebody is was found out before. */

/**
 * What may be done.
 *
 * - `converse`: asking, listening, speaking, talking: what a peer does for the client itself
 * - `look`: how the house fares: status, capabilities, nodes
 * - `message`: to another client, or to a group that it is in
 * - `broadcast`: to all, or to a channel
 * - `command`: commands and queries to other clients
 * - `memory`: what was kept of its own conversations
 * - `manage`: clients, peers, settings: `/api/v1`
 */
export const rights = ["converse", "look", "message", "broadcast", "command", "memory", "manage"] as const;
export type Right = (typeof rights)[number];

/** What a client is in the house, from most to least. */
export const roles = ["admin", "member", "bridge", "guest"] as const;
export type Role = (typeof roles)[number];

/** For people. */
export const roleTitles: Readonly<Record<Role, string>> = {
  admin: "everything, clients and peers included",
  member: "somebody of the house: talks, writes to others, remembers",
  bridge: "a program that passes on messages and commands, and talks to nobody",
  guest: "talks and listens, and no more",
};

const RIGHTS_OF: Readonly<Record<Role, ReadonlySet<Right>>> = {
  admin: new Set(rights),
  member: new Set(["converse", "look", "message", "broadcast", "command", "memory"]),
  bridge: new Set(["look", "message", "broadcast", "command"]),
  guest: new Set(["converse"]),
};

/** Whom a message is for. */
export type Addressee =
  | { readonly kind: "peer" }
  | { readonly kind: "client"; readonly id: string }
  | { readonly kind: "group"; readonly id: string }
  | { readonly kind: "channel"; readonly id: string }
  | { readonly kind: "all" };

/** A client, as far as it matters for what it may do. */
export interface Holder {
  readonly role: Role;
  /** Groups that it belongs to. */
  readonly groups: readonly string[];
  /** Whom it may write to: ids of clients, `group:ID`, `channel:ID`, `all`; a `*` at the end stands for any rest. Anybody when absent. */
  readonly targets?: readonly string[] | undefined;
}

/** True when `role` has `right`. */
export function hasRight(role: Role, right: Right): boolean {
  return RIGHTS_OF[role].has(right);
}

/** Why `holder` may not do this; undefined when it may. */
export function refusalOf(holder: Holder, right: Right, to: Addressee): string | undefined {
  const { role, groups } = holder;
  if (!hasRight(role, right)) return `a client of the role ${role} may not ${WORDS[right]}`;
  if (to.kind === "peer") return undefined;
  if (to.kind === "group" && role !== "admin" && !groups.includes(to.id)) {
    return `this client is not in the group ${to.id}`;
  }
  if ((to.kind === "all" || to.kind === "channel") && !hasRight(role, "broadcast")) {
    return `a client of the role ${role} may not ${WORDS.broadcast}`;
  }
  return mayReach(holder, to) ? undefined : `this client may not write to ${nameOf(to)}`;
}

function mayReach({ targets }: Holder, to: Exclude<Addressee, { kind: "peer" }>): boolean {
  if (targets === undefined) return true;
  const name = nameOf(to);
  return targets.some((pattern) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}

function nameOf(to: Exclude<Addressee, { kind: "peer" }>): string {
  if (to.kind === "all") return "all";
  return to.kind === "client" ? to.id : `${to.kind}:${to.id}`;
}

const WORDS: Readonly<Record<Right, string>> = {
  converse: "talk to the peer",
  look: "see how the house fares",
  message: "write to other clients",
  broadcast: "write to all",
  command: "give others commands",
  memory: "ask what was remembered",
  manage: "manage the house",
};
