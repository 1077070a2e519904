/** Bugs in the driver: applying, sessions, proposals, reads, snapshots, and coming back from a doubt. */
import { bug, type PlantedBug } from "../../kit/planted.ts";

export const DRIVER_BUGS: readonly PlantedBug[] = [
  {
    number: 29,
    name: "apply an entry twice after restart",
    edits: [
      {
        file: "driver/core-options.ts",
        search: "applied: log.snapshot().index,",
        replace: "applied: log.firstIndex() - 1,",
      },
      {
        file: "driver/applier.ts",
        search: `      if (entry.index <= this.#index + this.#batch.length) continue;
      invariant(
        entry.index === this.#index`,
        replace: `      invariant(
        entry.index <= this.#index`,
      },
    ],
  },
  bug(
    30,
    "skip an entry after a snapshot",
    "driver/applier.ts",
    "    this.#index = meta.index;\n",
    "    this.#index = meta.index + 1;\n",
  ),
  {
    number: 31,
    name: "complete a proposal with another client's result (index reused in a new term)",
    edits: [
      {
        file: "driver/loop.ts",
        search:
          "const proposal = this.proposals.find(name);\n    const nowMs = this.nowMs();\n    if (proposal !== undefined) this.proposals.settle(proposal, endingOf",
        replace:
          "const proposal = this.proposals.placedAt(entry.index) ?? this.proposals.find(name);\n    const nowMs = this.nowMs();\n    if (proposal !== undefined) this.proposals.settle(proposal, endingOf",
      },
      {
        file: "driver/proposals.ts",
        search: "  /** Ends a placed proposal. */",
        replace: `  placedAt(index: number): Proposal | undefined {
    return this.#placed.get(this.#byIndex.get(index) ?? 0)?.proposal;
  }

  /** Ends a placed proposal. */`,
      },
      {
        file: "driver/proposals.ts",
        search: "if (this.#placed.size === 0 || entry.data.length > 0) return;",
        replace: "if (this.#placed.size >= 0) return;",
      },
    ],
  },
  {
    number: 32,
    name: "retry a timed-out proposal under a new sequence number",
    edits: [
      {
        file: "driver/client-session.ts",
        search: 'if (outcome.outcome === "unknown") uncertain = outcome;',
        replace: 'if (outcome.outcome === "unknown") sequence = this.#sequence += 1;',
      },
    ],
  },
  bug(
    33,
    "stale leader serves a read after resuming from a pause",
    "driver/loop.ts",
    "        this.raw.readIndex(context);",
    '        if (this.raw.role === "leader") this.reads.confirmed(context, this.raw.commit);\n        else this.raw.readIndex(context);',
  ),
  bug(
    34,
    "drop a message queue on reconnect and call it delivered",
    "driver/loop.ts",
    "unreachable: (peer) => this.act(() => this.raw.reportUnreachable(peer)),",
    "unreachable: () => this.schedule(),",
  ),
  bug(
    140,
    "under leases a leader that stood still believes that no time has passed",
    "driver/loop.ts",
    "        this.#beforeDeciding();\n        this.raw.readIndex(context);",
    "        this.raw.readIndex(context);",
  ),
  bug(
    142,
    "the state machine is captured later than the index of the snapshot",
    "driver/applier.ts",
    "const machine = this.#host.machine.snapshot();",
    `const make = (): Iterable<Uint8Array> | AsyncIterable<Uint8Array> => this.#host.machine.snapshot();
    async function* machineLater(): AsyncIterable<Uint8Array> {
      yield* make();
    }
    const machine = machineLater();`,
  ),
  bug(
    143,
    "sessions are not part of the snapshot",
    "driver/applier.ts",
    "this.#sessions = SessionTable.decode(head.sessions);",
    "this.#sessions = new SessionTable();",
  ),
  bug(
    144,
    "who is to vote again after a doubt is not part of the snapshot",
    "driver/applier.ts",
    "demoted: [...this.#demoted] });",
    "demoted: [] });",
  ),
  bug(145, "a snapshot has the members of an earlier one", "driver/applier.ts", "      this.#confState = now;\n", ""),
  bug(
    146,
    "a snapshot from before a membership change is sent to the new member",
    "driver/applier.ts",
    "    this.#membershipIndex = entry.index;\n",
    "",
  ),
  bug(
    147,
    "a session is answered with the result of another",
    "driver/sessions.ts",
    "const result = session.results.get(sequence);",
    "const result = [...this.#sessions.values()].find(({ results }) => results.has(sequence))?.results.get(sequence);",
  ),
  bug(
    148,
    "a session forgets the result of a command that is still being tried",
    "driver/sessions.ts",
    "if (each <= acknowledged) session.results.delete(each);",
    "if (each <= acknowledged + 1) session.results.delete(each);",
  ),
  bug(
    149,
    "a late try of a command that was given up is carried out",
    "driver/sessions.ts",
    '    if (sequence <= session.acknowledged) return { kind: "acknowledged" };\n',
    "",
  ),
  bug(
    150,
    "a retry in the same batch is answered before its command is carried out",
    "driver/applier.ts",
    "if (this.#inBatch.has(key)) this.#flush();",
    "if (this.#inBatch.size > 100) this.#flush();",
  ),
  bug(
    151,
    "a read does not wait for the state machine to reach its index",
    "driver/reads.ts",
    "if (each.index > appliedIndex) later.push(each);",
    "if (appliedIndex === 0) later.push(each);",
  ),
  bug(
    152,
    "a read joins a round that began before it",
    "driver/reads.ts",
    "this.#ripening.push({ index, reads: round.reads });",
    "this.#ripening.push({ index, reads: [...round.reads, ...this.#asked.splice(0)] });",
  ),
  bug(
    153,
    "a read is confirmed by the answer to an earlier life of the node",
    "driver/reads.ts",
    "if (view.getFloat64(0, true) !== this.#origin || round === undefined) return;",
    "if (round === undefined) return;",
  ),
  bug(
    154,
    "proposals that stand in the log end as not taken when leadership is lost",
    "driver/proposals.ts",
    "  notLeader(leader: NodeId | undefined): void {\n",
    `  notLeader(leader: NodeId | undefined): void {
    for (const { proposal } of this.#placed.values()) this.settle(proposal, { outcome: "not-leader", leader }, 0);
`,
  ),
  bug(
    155,
    "a proposal under way is refused at its deadline",
    "driver/proposals.ts",
    'this.settle(proposal, { outcome: "unknown", reason: "deadline", detail }, nowMs);',
    'this.settle(proposal, refused("deadline", detail), nowMs);',
  ),
  bug(
    156,
    "a node that stops refuses what is under way",
    "driver/proposals.ts",
    "for (const { proposal } of this.#placed.values()) this.settle(proposal, unknown, Number.NaN);",
    'for (const { proposal } of this.#placed.values()) this.settle(proposal, refused("stopped", ""), Number.NaN);',
  ),
  bug(
    157,
    "a proposal overtaken by a snapshot is refused",
    "driver/proposals.ts",
    'this.settle(proposal, { outcome: "unknown", reason: "overtaken-by-snapshot", detail }, nowMs);',
    'this.settle(proposal, refused("superseded", detail), nowMs);',
  ),
  bug(
    158,
    "a proposal is complete when it is appended",
    "driver/propose.ts",
    "    proposals.place(proposal, start === undefined ? undefined : { index: start + i, term: raw.term });",
    `    const at = start === undefined ? undefined : { index: start + i, term: raw.term };
    proposals.place(proposal, at);
    if (at !== undefined && proposal.kind === "command")
      proposals.settle(proposal, { outcome: "applied", ...at, result: new Uint8Array() }, 0);`,
  ),
  bug(
    159,
    "a membership change is complete while the old voters still decide with the new",
    "driver/loop.ts",
    "const isJoint = now !== undefined && now.votersOutgoing.length > 0;",
    "const isJoint = now === undefined;",
  ),
  bug(
    160,
    "proposals that the core took are proposed again with those it had no room for",
    "driver/propose.ts",
    "proposals.putBack(waiting.slice(at));",
    "proposals.putBack(waiting);",
  ),
  bug(
    161,
    "proposals of all lives of a node have the same names",
    "driver/loop.ts",
    "this.origin = Math.floor(environment.random() * 2 ** 52) + 1;",
    "this.origin = id;",
  ),
  bug(
    162,
    "a proposal is taken for another node's of the same number",
    "driver/proposals.ts",
    "return name?.origin === this.#origin ? this.#placed.get(name.number)?.proposal : undefined;",
    "return name === undefined ? undefined : this.#placed.get(name.number)?.proposal;",
  ),
  bug(
    165,
    "a snapshot whose stream broke is reported as arrived",
    "driver/snapshots.ts",
    "          if (!isRaftError(error)) this.#host.failed(error);\n          return false;",
    "          if (!isRaftError(error)) this.#host.failed(error);\n          return true;",
  ),
  bug(
    166,
    "a node in doubt votes",
    "driver/core-options.ts",
    'abstains: log.opened.state === "doubtful",',
    "abstains: false,",
  ),
  bug(
    167,
    "a doubt is settled before the others have agreed to it",
    "driver/rejoining.ts",
    "if (this.#wasDemoted && mayVote) await this.#settle();",
    "if (this.#wasDemoted || mayVote) await this.#settle();",
  ),
  bug(
    168,
    "a doubt is settled by entries about an earlier one",
    "driver/rejoining.ts",
    "if (applier.demoted.get(id) === this.#number) this.#wasDemoted = true;",
    "if (applier.demoted.has(id)) this.#wasDemoted = true;",
  ),
  bug(
    169,
    "followers elect anew when anybody's process ends",
    "driver/succession.ts",
    "    if (peer !== this.#host.lead()) return;\n",
    "",
  ),
  bug(
    170,
    "acknowledgements are sent before the write begins",
    "driver/loop.ts",
    "this.#append.push(message, snapshot === undefined ? undefined : this.snapshots.claim(snapshot));",
    "this.#append.push(message, snapshot === undefined ? undefined : this.snapshots.claim(snapshot));\n        outgoing.push(...message.responses.filter(({ to }) => to !== this.#options.id));",
  ),
  {
    number: 171,
    name: "two streams of a snapshot are written into one file",
    edits: [
      {
        file: "driver/snapshots.ts",
        search:
          '    if (this.#isReceiving) throw new RaftError("unavailable", "another snapshot is being received");\n',
        replace: "",
      },
      {
        file: "storage/durable-log.ts",
        search: "`${meta.index}-${meta.term}.${this.#stagedCount}.part`",
        replace: "`${meta.index}-${meta.term}.part`",
      },
    ],
  },
  bug(
    172,
    "proposals of the same term are taken for superseded",
    "driver/proposals.ts",
    "if (at !== undefined && at.term < entry.term) this.#supersede",
    "if (at !== undefined && at.term <= entry.term) this.#supersede",
  ),
  bug(
    173,
    "a session acknowledges the command that it is trying",
    "driver/client-session.ts",
    "Math.min(...this.#open) - 1;",
    "Math.min(...this.#open);",
  ),
  bug(
    174,
    "a session says refused of a command that an earlier try may have carried out",
    "driver/client-session.ts",
    'return outcome.outcome === "refused" && uncertain !== undefined ? uncertain : outcome;',
    "return outcome;",
  ),
  bug(
    175,
    "a session says not taken of a command that an earlier try may have carried out",
    "driver/client-session.ts",
    "return uncertain ?? outcome;",
    "return outcome;",
  ),
  bug(
    177,
    "a session counts all its earlier commands as answered, though some are under way",
    "driver/client-session.ts",
    "Math.min(...this.#open) - 1;",
    "this.#sequence - 1;",
  ),
  bug(
    178,
    "a hand-over of leadership is said to be done when it has begun",
    "driver/transfers.ts",
    "if (now.leader === to) return",
    "if (now.leader === to || now.transferee === to) return",
  ),
];
