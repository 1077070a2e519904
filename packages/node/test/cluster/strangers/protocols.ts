/** What members answer members with, and nobody else. */
export const MEMBERS_PROTOCOLS: readonly string[] = [
  "/parley/link/1",
  "/parley/actors/1",
  "/parley/raft/1",
  "/parley/raft-snapshot/1",
  "/meshsub/1.2.0",
  "/meshsub/1.1.0",
  "/meshsub/1.0.0",
  "/floodsub/1.0.0",
  "/ipfs/id/1.0.0",
  "/ipfs/id/push/1.0.0",
  "/ipfs/ping/1.0.0",
];
