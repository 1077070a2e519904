/** What is measured of whole peers as processes. */
import type { Parts } from "../../../../tools/bench/parts.ts";
import { cableRows } from "./cable.ts";
import { failoverRows } from "./failover.ts";
import { idleRows } from "./idle.ts";
import { joiningRows } from "./joining.ts";

export const WHOLE_PEERS = {
  joining: joiningRows,
  failover: failoverRows,
  cable: cableRows,
  idle: idleRows,
} satisfies Parts;
