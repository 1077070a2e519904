/** What the load generator talks to: a key-value store behind one connection, whoever made it. */

/** One connection to one node. */
export interface Target {
  /** Fulfilled once the value is durable on a quorum and applied; rejects when it is not so by the deadline. */
  put(key: string, value: Buffer, timeoutMs: number): Promise<void>;
  close(): void;
}

/** What the load generator needs to know to connect, as it goes to its process. */
export interface Endpoint {
  readonly kind: "etcd" | "parley";
  /** `host:port` of what clients talk to. */
  readonly address: string;
}
