/**
 * How much the cluster agrees on at most. Part of the state machine: all replicas must refuse alike, so these change with
 * the version of the commands only.
 */

const MIB = 1024 * 1024;

export const LIMITS = {
  commandBytes: MIB,
  members: 256,
  /** None is ever forgotten. */
  revoked: 4_096,
  /** Peers that left; the oldest are forgotten. */
  left: 1_024,
  settings: 1_024,
  settingChars: 4_096,
  nameChars: 64,
  keyChars: 512,
  valueBytes: MIB / 4,
  pairs: 65_536,
  /** Keys and values of all pairs together. */
  pairBytes: 64 * MIB,
  tables: 64,
  shards: 4_096,
  /** Scopes that were ever fenced. */
  fences: 65_536,
  entities: 100_000,
  /** Of one sealed mesh key. */
  boxBytes: 1_024,
  /** Generations of the mesh key that can be followed: those before are forgotten, the oldest first. */
  keyLinks: 1_024,
  recordItems: 64,
  /** Of what became of a command. */
  resultBytes: 1_024,
  /** Commands out of an outbox that one entry of the log carries. */
  deliveries: 64,
  /** Sessions that have a journal. From here on: since version 2. */
  journals: 4_096,
  journalRecordBytes: 16 * 1024,
  /** Of one turn … */
  journalRecords: 1_024,
  /** … and all of them together. */
  journalTurnBytes: MIB / 8,
  /** Of a session between its turns. */
  journalKeptBytes: MIB / 8,
  /** Of all journals, with what each record costs beside its bytes. */
  journalBytes: 16 * MIB,
  journalRecordCost: 64,
} as const;
