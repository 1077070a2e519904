/** The core under simulation: the shipped one, or a copy with a bug planted in it. */
import * as shipped from "@parley/raft";

export type Core = Pick<
  typeof shipped,
  | "RawNode"
  | "RaftError"
  | "InvariantError"
  | "isRaftError"
  | "readConfChange"
  | "confChangeEntry"
  | "singleChangeEntry"
>;

export const SHIPPED_CORE: Core = shipped;
