/** What a node's process is told on its command line. */
import type { NodeId } from "../../core/types.ts";
import type { NodeLimits } from "../../driver/node.ts";
import type { ElectionTiming } from "../../driver/timing.ts";
import type { LogStoreOptions } from "../../storage/durable-log.ts";
import type { LinkSetting, PeerPlace } from "./control.ts";

/** How its log is kept; what cannot be said in JSON is left out. */
export type LogSettings = Pick<LogStoreOptions, "trailingEntries" | "tailBytes" | "verifyEntries">;

/** Given as JSON by the process that started it, which is trusted. */
export interface ProcessConfig {
  readonly id: NodeId;
  /** Of its log. */
  readonly folder: string;
  /** Where it listens; default {@link LOOPBACK}. */
  readonly host?: string;
  /** 0 for any that is free. When it is taken, any other is used instead. */
  readonly peerPort: number;
  readonly clientPort: number;
  readonly peers: readonly PeerPlace[];
  readonly links: readonly LinkSetting[];
  /** Voters of a new cluster; absent for a node that joins. */
  readonly bootstrap?: readonly NodeId[];
  readonly timing?: ElectionTiming;
  readonly limits?: Partial<NodeLimits>;
  readonly log?: LogSettings;
}
