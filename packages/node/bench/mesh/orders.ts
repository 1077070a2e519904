/** What the bench asks of its other process. */
import type { ActorRef, StreamRef } from "@parley/actors";

export type FarOrder =
  | { readonly type: "echo"; readonly payload: Uint8Array; readonly replyTo: ActorRef<Uint8Array> }
  | {
      readonly type: "stream";
      readonly count: number;
      readonly bytes: number;
      readonly replyTo: ActorRef<StreamRef<Uint8Array>>;
    };

/** The first frame on a bare socket: what the frames after it are for. */
export type BareOrder =
  { readonly type: "echo" } | { readonly type: "send"; readonly count: number; readonly bytes: number };

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
