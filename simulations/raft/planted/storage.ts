/** Bugs in what is written when: the log store, and the driver's queue and snapshots before it. */
import { bug, type PlantedBug } from "../../kit/planted.ts";

export const STORAGE_BUGS: readonly PlantedBug[] = [
  bug(
    22,
    "do not persist the vote before answering",
    "driver/append-queue.ts",
    "const mustSync = voted || entries.length > 0 || snapshot !== undefined || this.#isWanted(hardState);",
    "const mustSync = entries.length > 0 || snapshot !== undefined || this.#isWanted(hardState);",
  ),
  bug(
    23,
    "persist entries but not the new term",
    "driver/append-queue.ts",
    "if (term !== 0 || vote !== 0 || commit !== 0) hardState = { term, vote, commit };",
    "if (message.entries.length === 0 && term !== 0) hardState = { term, vote, commit };",
  ),
  bug(
    24,
    "acknowledge before the sync returns",
    "driver/append-queue.ts",
    `    await log.write(write, { sync: true });
    this.#keptCommit = Math.max(this.#keptCommit, hardState?.commit ?? 0);
    const tookMs = this.#host.nowMs() - startedMs;
    if (snapshot !== undefined) await this.#host.restore();
    this.#host.stored(responses, tookMs);`,
    `    const writing = log.write(write, { sync: true });
    this.#host.stored(responses, this.#host.nowMs() - startedMs);
    await writing;
    this.#keptCommit = Math.max(this.#keptCommit, hardState?.commit ?? 0);
    if (snapshot !== undefined) await this.#host.restore();`,
  ),
  bug(
    25,
    "after a crash keep a torn last batch",
    "storage/recovery.ts",
    "(state === undefined || claim === undefined ? undefined : doubtOfClaim(media.records, state, claim)) ??",
    "(state === undefined || claim === undefined || state.sequence < claim.sequence ? undefined : doubtOfClaim(media.records, state, claim)) ??",
  ),
  bug(
    26,
    "snapshot visible before all chunks are there",
    "driver/snapshots.ts",
    `        for await (const chunk of this.#inTime(chunks)) await writer.write(chunk);`,
    `        try {
          for await (const chunk of this.#inTime(chunks)) await writer.write(chunk);
        } catch (error) {
          if (!isRaftError(error, "unreachable")) throw error;
        }`,
  ),
  {
    number: 27,
    name: "compaction removes an entry not yet in a snapshot",
    edits: [
      {
        file: "driver/snapshots.ts",
        search: "await log.compact(log.snapshot().index);",
        replace: "await log.compact(log.initialState().hardState.commit);",
      },
      {
        file: "storage/durable-log.ts",
        search: "invariant(index <= snapshot.index,",
        replace: "invariant(index <= last.index,",
      },
    ],
  },
  bug(
    28,
    "checksum not verified on read",
    "storage/record.ts",
    "const chain = bytes.length < OVERHEAD_BYTES ? undefined : sealOf(bytes);",
    "const chain = bytes.length < OVERHEAD_BYTES ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4);",
  ),
  bug(
    103,
    "a vote in a term that is known already is not synced",
    "driver/append-queue.ts",
    "(hardState.term !== this.#durable.term || hardState.vote !== this.#durable.vote)",
    "hardState.term !== this.#durable.term",
  ),
  bug(104, "batches are written without sync", "storage/durable-log.ts", "remove }, sync);", "remove }, false);"),
  bug(
    105,
    "the high-water record follows entries only, not votes",
    "storage/durable-log.ts",
    "      if (sync) {\n",
    "      if (sync && added.length > 0) {\n",
  ),
  bug(
    106,
    "the high-water record is written before the database",
    "storage/durable-log.ts",
    `      await this.#media.records.write({ state: encodeState(state), puts, remove }, sync);
      if (sync) {
        const claim = await this.#nextClaim(state);
        await this.#media.highWater.writeSlot(slotOf(claim), encodeHighWater(claim), isUrgent(this.#claimed, claim));
        this.#claimed = claim;
      }
`,
    `      if (sync) {
        const claim = await this.#nextClaim(state);
        await this.#media.highWater.writeSlot(slotOf(claim), encodeHighWater(claim), isUrgent(this.#claimed, claim));
        this.#claimed = claim;
      }
      await this.#media.records.write({ state: encodeState(state), puts, remove }, sync);
`,
  ),
  bug(
    107,
    "nobody waits until a vote is durable in the high-water record",
    "storage/durable-log.ts",
    "await this.#media.highWater.writeSlot(slotOf(claim), encodeHighWater(claim), isUrgent(this.#claimed, claim));",
    "await this.#media.highWater.writeSlot(slotOf(claim), encodeHighWater(claim), false);",
  ),
  bug(
    108,
    "a vote that only the database knows is not claimed on opening",
    "storage/recovery.ts",
    "if (state.sequence === claim.sequence) return { state, claim };",
    "if (state.last.index === claim.last.index) return { state, claim };",
  ),
  bug(
    109,
    "the checksum of a snapshot is not verified",
    "storage/snapshot-file.ts",
    "if (trailerFields.count() !== contentBytes || trailerFields.u32() !== running || running !== checksum) {",
    "if (trailerFields.count() !== contentBytes) {",
  ),
  bug(
    110,
    "the checksum of the state record is not verified",
    "storage/state-record.ts",
    "stateVersion(bytes) !== FORMAT_VERSION",
    "bytes[0] !== FORMAT_VERSION",
  ),
  bug(
    111,
    "the checksum of the high-water record is not verified",
    "storage/high-water.ts",
    "if (bytes.length !== RECORD_BYTES || sealOf(bytes) === undefined) return undefined;",
    "if (bytes.length !== RECORD_BYTES) return undefined;",
  ),
  bug(
    112,
    "the log speaks of a snapshot that is not in its place yet",
    "storage/durable-log.ts",
    `      const { index, term, checksum } = await this.#install(staged);
      const hardState = committedUpTo(this.#state.hardState, index);
      const state = this.#next({ snapshot: { index, term, checksum }, hardState });
      await this.#commit({ state, terms: this.#terms, puts: [], added: [], remove: NOTHING_REMOVED }, true);
`,
    `      const { index, term, checksum } = staged;
      if (index <= this.#state.snapshot.index) throw new RaftError("snapshot-out-of-date", "not newer");
      const hardState = committedUpTo(this.#state.hardState, index);
      const state = this.#next({ snapshot: { index, term, checksum }, hardState });
      await this.#commit({ state, terms: this.#terms, puts: [], added: [], remove: NOTHING_REMOVED }, true);
      await this.#turns.dangerous(() => this.#media.snapshots.publish(staged.staged, snapshotName(staged)));
      this.#staged.delete(staged.staged);
`,
  ),
  bug(
    113,
    "a snapshot's file is put in place without being synced",
    "storage/snapshot-file.ts",
    "      await this.#file.finish();\n",
    "",
  ),
  bug(
    115,
    "compacted records are removed before the log says so",
    "storage/durable-log.ts",
    "const state = this.#next({ base: { index: upTo, term: entry.term, chain } });",
    "const state = this.#next({ base: { index: upTo, term: entry.term, chain } });\n      await this.#media.records.clearBelow(upTo + 1);",
  ),
  bug(
    116,
    "a batch that replaces entries does not say so",
    "storage/write-plan.ts",
    "replacedAt: isReplacing ? sequence",
    "replacedAt: snapshot !== undefined ? sequence",
  ),
  bug(
    117,
    "replaced entries are still read from memory",
    "storage/durable-log.ts",
    "if (isReplacement(this.#state, state)) this.#tail.truncate(added[0]?.entry.index ?? 0);",
    "if (isReplacement(this.#state, state) && added.length === 0) this.#tail.truncate(0);",
  ),
  bug(118, "terms of replaced entries are kept", "storage/write-plan.ts", "  terms.truncate(from);\n", ""),
  bug(
    119,
    "a doubt is forgotten with the next write",
    "storage/durable-log.ts",
    "generation + 1 : generation, this.#doubt);",
    "generation + 1 : generation, undefined);",
  ),
  bug(
    120,
    "a doubt does not outlive a restart",
    "storage/recovery.ts",
    "const next = claimOf(kept, 1, doubt.reason);",
    "const next = claimOf(kept, 1, undefined);",
  ),
  bug(
    121,
    "a log in doubt goes back to an older term than was acknowledged",
    "storage/recovery.ts",
    "const hardState = isClaimLater ? { term: claim.term, vote: claim.vote } : { term, vote };",
    "const hardState = { term, vote: isClaimLater ? 0 : vote };",
  ),
  {
    number: 122,
    name: "compaction before the snapshot is durable",
    edits: [
      {
        file: "driver/snapshots.ts",
        search: "      await log.saveSnapshot(staged);\n",
        replace: "      await log.compact(meta.index);\n      await log.saveSnapshot(staged);\n",
      },
      {
        file: "storage/durable-log.ts",
        search: "invariant(index <= snapshot.index,",
        replace: "invariant(index <= last.index,",
      },
    ],
  },
  bug(
    123,
    "an old commit index is written over a new term",
    "driver/append-queue.ts",
    "    this.#lazy = undefined;\n    const startedMs",
    "    const startedMs",
  ),
  bug(
    127,
    "a write that fails is passed over and its acknowledgements sent",
    "driver/append-queue.ts",
    "await log.write(write, { sync: true });",
    "await log.write(write, { sync: true }).catch(() => undefined);",
  ),
  bug(
    128,
    "a snapshot is acknowledged before it is durable",
    "driver/append-queue.ts",
    "const write: LogWrite = { hardState, entries, snapshot };",
    "const write: LogWrite = { hardState, entries, snapshot };\n    if (snapshot !== undefined) this.#host.stored(responses.splice(0), undefined);",
  ),
  bug(
    129,
    "the commit index stays behind the log's own snapshot",
    "storage/write-plan.ts",
    "return hardState.commit >= snapshotIndex ? hardState : { ...hardState, commit: snapshotIndex };",
    "return snapshotIndex === 0 ? { ...hardState, commit: 0 } : hardState;",
  ),
  bug(
    130,
    "entries of before a snapshot are dropped with their acknowledgement sent",
    "driver/append-queue.ts",
    "this.#waiting.splice(0, taken);",
    "if (snapshot === undefined) this.#waiting.splice(0, taken);\n    else responses.push(...this.#waiting.splice(0).slice(taken).flatMap(({ message }) => message.responses));",
  ),
];
