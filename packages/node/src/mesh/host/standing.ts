/** What another peer may do here. Who says so is above: the mesh asks again at every connection and every stream. */

/** `member`: everything. `stranger`: the door, and nothing else. `revoked`: the door, which tells it that, and nothing else. */
export type Standing = "member" | "stranger" | "revoked";

export type StandingOf = (peer: string) => Standing;
