/** What every consensus engine must do, whatever it runs on. It needs no test runner of its own. */
import assert from "node:assert/strict";
import type { StateMachine } from "@parley/raft";
import type { Consensus, ProposeOutcome } from "../../cluster/consensus/port.ts";
import { Journal } from "./journal.ts";

/** One cluster of the peers it was made for, none of which runs yet. */
export interface ConsensusWorld {
  /** Starts a peer, or starts it again with what it had kept. */
  start(peer: string, machine: StateMachine): Promise<Consensus>;
  /** Ends it without a word, as kill -9 would. */
  kill(peer: string): Promise<void>;
  /** It neither hears nor is heard by the other peers. */
  isolate(peer: string): void;
  heal(peer: string): void;
  dispose(): Promise<void>;
}

export interface ConsensusSuiteOptions {
  readonly name: string;
  /** The test runner's `it`. */
  readonly it: (name: string, run: () => Promise<void>) => void;
  readonly createWorld: (peers: readonly string[]) => Promise<ConsensusWorld>;
  /** What has not come about by then has failed. Default 20,000. */
  readonly patienceMs?: number;
}

type Case = (bench: Bench) => Promise<void>;

const PEERS = ["one", "two", "three"] as const;
const PATIENCE_MS = 20_000;
const SHORT_MS = 700;

/** Registers all cases. */
export function consensusSuite({ name, it, createWorld, patienceMs = PATIENCE_MS }: ConsensusSuiteOptions): void {
  for (const [title, run] of Object.entries({ ...AGREEING, ...LEADING, ...FAILING })) {
    it(`${name}: ${title}`, async () => {
      const bench = new Bench(await createWorld(PEERS), patienceMs);
      try {
        for (const peer of PEERS) await bench.start(peer);
        await run(bench);
        bench.mustAgree();
      } finally {
        await bench.dispose();
      }
    });
  }
}

interface Running {
  readonly peer: string;
  readonly consensus: Consensus;
  readonly journal: Journal;
}

/** The cluster of one case, with all that was ever seen of its primes. */
class Bench {
  readonly world: ConsensusWorld;
  readonly patienceMs: number;
  readonly running = new Map<string, Running>();
  readonly #primes = new Map<number, string>();
  readonly #contradictions: string[] = [];

  constructor(world: ConsensusWorld, patienceMs: number) {
    this.world = world;
    this.patienceMs = patienceMs;
  }

  async start(peer: string): Promise<Running> {
    const journal = new Journal();
    const consensus = await this.world.start(peer, journal);
    const running = { peer, consensus, journal };
    this.running.set(peer, running);
    let lastTerm = 0;
    const look = (): void => {
      const { leader, term } = consensus.leadership.current();
      if (term < lastTerm) this.#contradictions.push(`${peer} went back from term ${lastTerm} to ${term}`);
      lastTerm = term;
      if (leader === undefined) return;
      const known = this.#primes.get(term) ?? leader;
      this.#primes.set(term, known);
      if (known !== leader) this.#contradictions.push(`${peer} says ${leader} led in term ${term}, as ${known} did`);
    };
    consensus.leadership.watch(look);
    look();
    return running;
  }

  async kill(peer: string): Promise<void> {
    this.running.delete(peer);
    await this.world.kill(peer);
  }

  get(peer: string): Running {
    const running = this.running.get(peer);
    assert.ok(running, `${peer} does not run`);
    return running;
  }

  /** Once all of these peers say that one of them is prime, in one term. */
  async prime(peers: readonly string[] = [...this.running.keys()]): Promise<Running> {
    return this.until("they agree on a prime", () => {
      const views = peers.map((peer) => this.get(peer).consensus.leadership.current());
      const [first] = views;
      const isOne = views.every(({ leader, term }) => leader === first?.leader && term === first?.term);
      return isOne && first?.leader !== undefined && peers.includes(first.leader) ? this.get(first.leader) : undefined;
    });
  }

  async others(): Promise<readonly [Running, Running]> {
    const { peer } = await this.prime();
    const [one, other] = [...this.running.values()].filter((each) => each.peer !== peer);
    assert.ok(one !== undefined && other !== undefined);
    return [one, other];
  }

  /** Once all that run have carried out as many commands. */
  async level(): Promise<readonly string[]> {
    return this.until("all have carried out the same", () => {
      const [first, ...rest] = [...this.running.values()].map(({ journal }) => journal.texts);
      return first !== undefined && rest.every((texts) => texts.length === first.length) ? first : undefined;
    });
  }

  /** Whatever each has carried out, it is the same as far as it goes, at the same places, and no prime is doubted. */
  mustAgree(): void {
    assert.deepEqual(this.#contradictions, []);
    const journals = [...this.running.values()].map(({ journal }) => journal);
    for (const journal of journals) {
      const indexes = journal.places.map(({ index }) => index);
      assert.deepEqual(
        indexes,
        indexes.toSorted((a, b) => a - b),
      );
      for (const other of journals) {
        const shared = Math.min(journal.texts.length, other.texts.length);
        assert.deepEqual(journal.texts.slice(0, shared), other.texts.slice(0, shared));
        assert.deepEqual(journal.places.slice(0, shared), other.places.slice(0, shared));
      }
    }
  }

  propose({ consensus }: Running, text: string): Promise<ProposeOutcome> {
    return consensus.propose(bytes(text), { timeoutMs: this.patienceMs });
  }

  /** Waits until `find` finds something. */
  async until<Found>(what: string, find: () => Found | undefined | false): Promise<Found> {
    const end = performance.now() + this.patienceMs;
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async dispose(): Promise<void> {
    await this.world.dispose();
  }
}

const AGREEING: Readonly<Record<string, Case>> = {
  "a command is carried out by all, with one result": async (bench) => {
    const outcome = await bench.propose(bench.get("one"), "hello");
    assert.equal(outcome.outcome === "committed" && Buffer.from(outcome.result).toString(), "1 hello");
    assert.deepEqual(await bench.level(), ["hello"]);
  },
  "every peer may be asked, and what is settled there is applied there": async (bench) => {
    for (const { peer, consensus, journal } of bench.running.values()) {
      const outcome = await consensus.propose(bytes(peer), { timeoutMs: bench.patienceMs });
      assert.equal(outcome.outcome, "committed");
      assert.equal(journal.texts.at(-1), peer);
    }
    assert.deepEqual(await bench.level(), [...PEERS]);
  },
  "many commands at once are each carried out once": async (bench) => {
    const texts = Array.from({ length: 300 }, (_, i) => `command ${i}`);
    const outcomes = await Promise.all(texts.map((text, i) => bench.propose(bench.get(PEERS[i % 3] ?? "one"), text)));
    assert.ok(outcomes.every(({ outcome }) => outcome === "committed"));
    assert.deepEqual([...(await bench.level())].toSorted(), texts.toSorted());
  },
  "the place of a command is told to the state machine as to who proposed it": async (bench) => {
    const [other] = await bench.others();
    const { term } = other.consensus.leadership.current();
    const outcome = await bench.propose(other, "where");
    assert.equal(outcome.outcome, "committed");
    const place = other.journal.places.at(-1);
    assert.deepEqual(
      [outcome.outcome === "committed" && outcome.index, outcome.outcome === "committed" && outcome.term],
      [place?.index, place?.term],
    );
    assert.equal(place?.term, term);
  },
  "a read sees what was settled elsewhere before": async (bench) => {
    for (let i = 0; i < 20; i += 1) {
      const [writer, reader] = [bench.get(PEERS[i % 3] ?? "one"), bench.get(PEERS[(i + 1) % 3] ?? "one")];
      assert.equal((await bench.propose(writer, `write ${i}`)).outcome, "committed");
      assert.deepEqual(await reader.consensus.read({ timeoutMs: bench.patienceMs }), { outcome: "readable" });
      assert.equal(reader.journal.texts.at(-1), `write ${i}`);
    }
  },
  "who watches hears of what others did, and nothing any more once it stops": async (bench) => {
    const [one, other] = await bench.others();
    let heard = 0;
    let alsoHeard = 0;
    const stop = one.consensus.watch(() => (heard += 1));
    one.consensus.watch(() => (alsoHeard += 1));
    await bench.propose(other, "first");
    await bench.until("the watcher hears", () => heard > 0 && one.journal.texts.includes("first"));
    stop();
    const [before, alsoBefore] = [heard, alsoHeard];
    await bench.propose(other, "second");
    await bench.until("the other watcher hears", () => alsoHeard > alsoBefore && one.journal.texts.includes("second"));
    assert.equal(heard, before);
  },
};

const LEADING: Readonly<Record<string, Case>> = {
  "all come to know one prime, and its term": async (bench) => {
    const { consensus } = await bench.prime();
    assert.ok(consensus.leadership.current().term > 0);
  },
  "when the prime is killed there is another, of a greater term, and its watchers hear": async (bench) => {
    const old = await bench.prime();
    const { term } = old.consensus.leadership.current();
    const [witness] = await bench.others();
    let heard = 0;
    witness.consensus.leadership.watch(() => (heard += 1));
    await bench.kill(old.peer);
    const next = await bench.prime();
    assert.notEqual(next.peer, old.peer);
    assert.ok(next.consensus.leadership.current().term > term);
    assert.ok(heard > 0);
  },
  "who starts again never leads in a term that an earlier life of it has won": async (bench) => {
    const old = await bench.prime();
    const { term } = old.consensus.leadership.current();
    await bench.kill(old.peer);
    const again = await bench.start(old.peer);
    const seen: string[] = [];
    const look = (): void => {
      const now = again.consensus.leadership.current();
      if (now.leader === old.peer && now.term <= term) seen.push(`${now.leader} in term ${now.term}`);
    };
    again.consensus.leadership.watch(look);
    look();
    await bench.prime();
    assert.deepEqual(seen, []);
  },
};

const FAILING: Readonly<Record<string, Case>> = {
  "nothing that was settled is lost, doubled or done after it was refused, while primes are killed": async (bench) => {
    const said = new Map<string, ProposeOutcome["outcome"]>();
    for (let round = 0; round < 3; round += 1) {
      const old = await bench.prime();
      const proposers = [...bench.running.values()].filter(({ peer }) => peer !== old.peer);
      const proposals = proposers.flatMap(({ peer, consensus }) =>
        Array.from({ length: 20 }, async (_, i) => {
          const text = `${round} ${peer} ${i}`;
          said.set(text, (await consensus.propose(bytes(text), { timeoutMs: bench.patienceMs })).outcome);
        }),
      );
      await bench.kill(old.peer);
      await Promise.all(proposals);
      await bench.start(old.peer);
    }
    assert.equal((await bench.propose(bench.get("one"), "last")).outcome, "committed");
    const done = await bench.level();
    assert.equal(new Set(done).size, done.length, "something was carried out twice");
    for (const [text, outcome] of said) {
      if (outcome === "committed") assert.ok(done.includes(text), `${text} was settled, and is lost`);
      if (outcome === "refused") assert.ok(!done.includes(text), `${text} was refused, and was carried out`);
    }
  },
  "whoever is cut off is told so in time, and what it was refused is never carried out": async (bench) => {
    const cut = await bench.prime();
    assert.equal((await bench.propose(cut, "before")).outcome, "committed");
    bench.world.isolate(cut.peer);
    const rest = [...bench.running.keys()].filter((peer) => peer !== cut.peer);
    const tries = ["a", "b", "c"].map((text) => cut.consensus.propose(bytes(text), { timeoutMs: SHORT_MS }));
    const outcomes = await Promise.all(tries);
    assert.ok(outcomes.every(({ outcome }) => outcome === "refused" || outcome === "unknown"));
    const next = await bench.prime(rest);
    assert.equal((await bench.propose(next, "meanwhile")).outcome, "committed");
    const read = await cut.consensus.read({ timeoutMs: SHORT_MS });
    assert.deepEqual([read.outcome, read.outcome === "refused" && read.reason], ["refused", "no-quorum"]);
    await bench.until("it knows that it is prime no more", () => {
      return cut.consensus.leadership.current().leader !== cut.peer;
    });
    const late = await cut.consensus.propose(bytes("late"), { timeoutMs: SHORT_MS });
    assert.deepEqual([late.outcome, late.outcome === "refused" && late.reason], ["refused", "no-quorum"]);
    bench.world.heal(cut.peer);
    assert.equal((await bench.propose(cut, "after")).outcome, "committed");
    const done = await bench.level();
    for (const [i, text] of ["a", "b", "c"].entries()) {
      if (outcomes[i]?.outcome === "refused") assert.ok(!done.includes(text), `${text} was refused`);
    }
    assert.ok(done.includes("before") && done.includes("meanwhile") && done.includes("after"));
    assert.ok(!done.includes("late"));
  },
  "without a majority nothing is settled, and with it again everything goes on": async (bench) => {
    const [one, other] = await bench.others();
    const { peer } = await bench.prime();
    await bench.kill(one.peer);
    await bench.kill(other.peer);
    const alone = bench.get(peer);
    const outcome = await alone.consensus.propose(bytes("alone"), { timeoutMs: SHORT_MS });
    assert.notEqual(outcome.outcome, "committed");
    assert.equal((await alone.consensus.read({ timeoutMs: SHORT_MS })).outcome, "refused");
    await bench.start(one.peer);
    assert.equal((await bench.propose(alone, "two of us")).outcome, "committed");
    assert.equal((await bench.level()).at(-1), "two of us");
  },
  "who was away catches up with all it has missed": async (bench) => {
    const [away] = await bench.others();
    await bench.kill(away.peer);
    for (let i = 0; i < 50; i += 1) await bench.propose(await bench.prime(), `while away ${i}`);
    const back = await bench.start(away.peer);
    assert.deepEqual(await back.consensus.read({ timeoutMs: bench.patienceMs }), { outcome: "readable" });
    assert.equal(back.journal.texts.length, 50);
  },
};

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}
