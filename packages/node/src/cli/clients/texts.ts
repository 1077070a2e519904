/** The clients of the house in lines for people. */
import { table } from "../cluster/texts.ts";
import type { Client, Entry } from "./answers.ts";

/** Who there is. */
export function clientsText(clients: readonly Client[], nowMs: number): string {
  if (clients.length === 0) {
    return "No client has a token yet. Give one: parley client add NAME --role member\n";
  }
  const rows = clients.map((client) => [client.name, client.role, standing(client, nowMs), limits(client)]);
  return table([["name", "role", "since", ""], ...rows]);
}

function standing({ isActive, createdMs, expiresMs }: Client, nowMs: number): string {
  const since = day(createdMs);
  if (!isActive) return `${since}, locked out`;
  if (expiresMs === undefined) return since;
  return expiresMs <= nowMs ? `${since}, expired ${day(expiresMs)}` : `${since}, until ${day(expiresMs)}`;
}

function limits({ groups, targets, remembers }: Client): string {
  const parts = [
    groups.length === 0 ? "" : `in ${groups.join(", ")}`,
    targets === undefined ? "" : `writes only to ${targets.join(", ")}`,
    remembers ? "its conversations are kept" : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** What was done, the newest first. */
export function auditText(entries: readonly Entry[]): string {
  if (entries.length === 0) return "Nothing was done at this peer yet.\n";
  const rows = entries.map(({ at, actor, action, target, outcome, details }) => [
    at.slice(0, 19).replace("T", " "),
    actor,
    action,
    target,
    outcome === "done" ? "" : outcome,
    Object.entries(details)
      .map(([field, value]) => `${field}: ${value === null || value === "" ? "none" : String(value)}`)
      .join("; "),
  ]);
  return table([["when (UTC)", "who", "what", "whom", "", ""], ...rows]);
}
