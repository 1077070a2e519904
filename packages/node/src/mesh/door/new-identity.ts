/** How one that was revoked comes back. */
export const NEW_IDENTITY =
  "To let it in again it needs a new identity: stop it, move identity.key, cluster.json and the folder raft out of its home (parley config shows where that is), start it, and pair it.";
