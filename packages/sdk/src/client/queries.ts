/** Questions that a peer itself answers, with their answers checked. */
import * as z from "zod/mini";
import { ParleyError } from "../errors.ts";
import {
  memoryHitSchema,
  messageStatusSchema,
  nodeDetailsSchema,
  nodeSummarySchema,
  sessionSummarySchema,
  type MemoryHit,
  type MessageStatus,
  type NodeDetails,
  type NodeSummary,
  type SessionSummary,
} from "../protocol/query.ts";
import type { Postbox, QueryOptions } from "./postbox.ts";

export class Queries {
  readonly #post: Pick<Postbox, "query">;

  constructor(post: Pick<Postbox, "query">) {
    this.#post = post;
  }

  nodes(all: boolean, call: QueryOptions): Promise<readonly NodeSummary[]> {
    const filter = all ? { filter: { status: "all" } } : {};
    return this.#asked("get_active_nodes", z.array(nodeSummarySchema), { ...call, ...filter });
  }

  node(query: string | undefined, call: QueryOptions): Promise<NodeDetails> {
    return this.#asked("get_node_details", nodeDetailsSchema, { ...call, ...(query === undefined ? {} : { query }) });
  }

  memory(query: string, call: QueryOptions): Promise<readonly MemoryHit[]> {
    return this.#asked("recall_memory", z.array(memoryHitSchema), { ...call, query });
  }

  sessions(call: QueryOptions): Promise<readonly SessionSummary[]> {
    return this.#asked("get_sessions", z.array(sessionSummarySchema), call);
  }

  messageStatus(query: string, call: QueryOptions): Promise<readonly MessageStatus[]> {
    return this.#asked("get_message_status", z.array(messageStatusSchema), { ...call, query });
  }

  async #asked<T extends z.ZodMiniType>(queryType: string, schema: T, options: QueryOptions): Promise<z.output<T>> {
    const { data } = await this.#post.query(queryType, options);
    const parsed = schema.safeParse(data);
    if (parsed.success) return parsed.data;
    throw new ParleyError("protocol", `the answer to ${queryType} is not what it should be`, {
      nextStep: "Check that peer and client are of the same major version.",
    });
  }
}
