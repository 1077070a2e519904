/** What the bench asks of its other process. */
import type { Echo, OfferStream } from "../../../../tools/bench/between/orders.ts";

export type FarOrder = Echo | OfferStream;

/** What the process is started with. */
export interface FarOptions {
  /** A private key, libp2p's protobuf in base64. */
  readonly key: string;
  /** Whether it has actors beside its links. */
  readonly hasActors: boolean;
  readonly peers: Readonly<Record<string, readonly string[]>>;
}

/** Sent when it is ready, and whenever it is asked by any message. */
export interface FarReport {
  readonly addresses: readonly string[];
  readonly barePort: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
}
