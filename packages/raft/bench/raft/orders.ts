/** What the bench tells the load generator's process to do, and what comes back. */
import type { Measured } from "./load.ts";

export type Order =
  /** One or more clients at one node, for a time or a number of puts each. */
  | {
      readonly order: "closed-loop";
      readonly node: number;
      readonly clients: number;
      readonly ms: number;
      readonly puts: number;
    }
  /** Clients that go on in the background, at first at this node. */
  | { readonly order: "start"; readonly node: number; readonly clients: number }
  | { readonly order: "stop" }
  /** Until a put is acknowledged at one of these nodes. */
  | { readonly order: "probe"; readonly nodes: readonly number[]; readonly timeoutMs: number };

export interface Request {
  readonly id: number;
  readonly order: Order;
}

export type Reply =
  | { readonly id: number; readonly measured: Measured }
  | { readonly id: number; readonly firstNs: bigint | undefined }
  | { readonly id: number; readonly error: string }
  | { readonly id: number };
