/**
 * The part of `/api/v1` that writes what the cluster agrees on.
 *
 *     GET    /settings           what users have chosen, as far as it is known here
 *     PUT    /settings           {key, value: text | null}     always later; null: as if it had never been chosen.
 *                                                              With `wasSet`: whether somebody had, as far as it is known here
 *     GET    /pairs?key=KEY      {value: text | null, revision}, as far as it is known here
 *     PUT    /pairs              {key, value: text, later?}
 *     GET    /outbox             {count, bytes, oldestAtMs?}: how much waits to be delivered
 *     GET    /outbox/ID          {id, delivery}; delivery null: it waits
 *
 * Later: it is durable here when the answer comes, and takes effect once, whenever the cluster can agree on it. Then the answer is
 * `{id, delivery}`, as 202 while it waits. Not later: `{revision}`, or 503 where the cluster cannot agree now.
 */
import type { FastifyInstance, FastifyReply } from "fastify";
import * as z from "zod";
import { isOwnSetting } from "../../cluster/membership/own-settings.ts";
import { isOwnPair } from "../../cluster/pairs/own.ts";
import type { Cluster } from "../../cluster/face.ts";
import type { PostponedCommand } from "../../cluster/state/schemas.ts";
import { PeerError } from "../../errors.ts";
import { parsePolicy, POLICY_SETTING } from "../../routing/index.ts";
import { readBody } from "./bodies.ts";

/** A value of a quarter of a MiB, written as JSON writes the worst of characters. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;
const SUBMIT_MS = 10_000;

/** What an object in a program has by itself: a setting of that name would get lost on its way to people. */
const UNUSABLE: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

const key = z.string().min(1).max(512);
const settingBody = z.strictObject({ key, value: z.string().max(4_096).nullable() });
const pairBody = z.strictObject({ key, value: z.string(), later: z.boolean().optional() });
const pairQuery = z.strictObject({ key });

export interface WritesOptions {
  /** @throws PeerError `cluster-off` */
  readonly running: () => Cluster;
  /** How long an answer waits for what is to be delivered. */
  readonly deliveryMs: number;
}

export class Writes {
  readonly #options: WritesOptions;

  constructor(options: WritesOptions) {
    this.#options = options;
  }

  addTo(api: FastifyInstance): void {
    const large = { bodyLimit: MAX_BODY_BYTES };
    api.get("/settings", async () => this.#settings());
    api.put("/settings", large, async ({ body }, reply) => this.#set(body, reply));
    api.get("/pairs", async ({ query }) => this.#pair(query));
    api.put("/pairs", large, async ({ body }, reply) => this.#put(body, reply));
    api.get("/outbox", async () => this.#part("later").load);
    api.get<{ Params: { id: string } }>("/outbox/:id", async ({ params: { id } }) => {
      return { id, delivery: this.#part("later").outcomeOf(id) ?? null };
    });
  }

  #settings(): Record<string, unknown> {
    const chosen = [...this.#part("shared").now.settings.range()].filter(([name]) => !isOwnSetting(name));
    return { settings: Object.fromEntries(chosen) };
  }

  async #set(body: unknown, reply: FastifyReply): Promise<Record<string, unknown>> {
    const command = readBody(settingBody, body);
    if (isOwnSetting(command.key)) {
      throw new PeerError("usage", "that setting is the cluster's own", { nextStep: "Choose another key." });
    }
    if (command.value !== null && UNUSABLE.has(command.key)) {
      throw new PeerError("usage", `${command.key} cannot be the name of a setting`, {
        nextStep: "Choose another key.",
      });
    }
    if (command.key === POLICY_SETTING && command.value !== null) checkPolicy(command.value);
    const wasSet = this.#part("shared").now.settings.has(command.key);
    // Also when it was not: another choice may still wait to be delivered.
    return { ...(await this.#later({ type: "set", ...command }, reply)), wasSet };
  }

  #pair(query: unknown): Record<string, unknown> {
    const { key: name } = readBody(pairQuery, query);
    assertForeign(name);
    const pair = this.#part("shared").now.pairs.get(name);
    return { value: pair === undefined ? null : Buffer.from(pair.value).toString(), revision: pair?.revision ?? 0 };
  }

  async #put(body: unknown, reply: FastifyReply): Promise<Record<string, unknown>> {
    const { key: name, value, later = false } = readBody(pairBody, body);
    assertForeign(name);
    const command = { type: "put", key: name, value: Buffer.from(value) } as const;
    if (later) return this.#later(command, reply);
    const submitted = await this.#part("shared").submit(command, { timeoutMs: SUBMIT_MS });
    if (submitted.outcome === "done") return { revision: submitted.value };
    const isUsage = submitted.outcome === "refused" && submitted.reason === "malformed";
    throw new PeerError(isUsage ? "usage" : "no-quorum", `that was not written: ${submitted.detail}`, {
      nextStep: isUsage
        ? "Check the key, and how long the value is."
        : "See how the cluster stands: parley status. With later: true it is written down here, and delivered by itself.",
    });
  }

  async #later(command: PostponedCommand, reply: FastifyReply): Promise<Record<string, unknown>> {
    const later = this.#part("later");
    const { id } = await later.submit(command);
    const { leadership } = this.#part("shared").consensus;
    // Where nobody leads there is nothing to wait for.
    const patienceMs = leadership.current().leader === undefined ? 0 : this.#options.deliveryMs;
    const signal = AbortSignal.timeout(patienceMs);
    const delivery = await later.delivered(id, { signal }).catch((error: unknown) => {
      if (signal.aborted) return null;
      throw error;
    });
    if (delivery === null) reply.code(202);
    return { id, delivery };
  }

  /** What is there only while the peer belongs. @throws PeerError `cluster-off`, `not-member` */
  #part<Part extends "shared" | "later">(part: Part): NonNullable<Cluster[Part]> {
    const cluster = this.#options.running();
    const there = cluster[part];
    if (there !== undefined && there !== null) return there;
    const why = cluster.belonging === "member" ? "cannot take part in its cluster now" : "belongs to no cluster now";
    throw new PeerError("not-member", `this peer ${why}`, {
      nextStep: "See why, and what it waits for: parley status.",
    });
  }
}

/** What no router could read would hold nowhere. @throws PeerError `usage` */
function checkPolicy(text: string): void {
  const read = parsePolicy(text);
  if (read.ok) return;
  throw new PeerError("usage", `the policy cannot be used: ${read.problems.join("; ")}`, {
    nextStep: "Mend it (docs/ROUTING.md), or see what it would change: parley route policy set FILE --dry-run.",
  });
}

/** @throws PeerError `usage` for a key of Parley's own */
function assertForeign(name: string): void {
  if (!isOwnPair(name)) return;
  throw new PeerError("usage", "that key is Parley's own", { nextStep: "Choose another key." });
}
