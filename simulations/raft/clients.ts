/** Clients: each does one thing at a time, gives up after a while, and remembers what it was promised. */
import type { ClientSession, ProposalOutcome, SessionTag } from "@parley/raft";
import type { Random } from "../kit/random.ts";
import { MS, SECOND, type Micros, type Timeline } from "../kit/timeline.ts";
import type { Host, Life } from "./host.ts";
import { decodeResult, encodeAppend, KEYS, type Append } from "./machine.ts";
import type { Chronicle } from "./chronicle.ts";
import type { Library } from "./library.ts";
import type { Plan } from "./plan.ts";

/** What clients need of the world. */
export interface ClientWorld {
  readonly library: Library;
  readonly plan: Plan;
  readonly timeline: Timeline;
  readonly chronicle: Chronicle;
  readonly hosts: ReadonlyMap<number, Host>;
  /** Hosts whose node runs. */
  up(): readonly Host[];
  run(life: Life, action: () => void): void;
  watch(life: Life, look: () => void): void;
  note(kind: string, ...values: readonly number[]): void;
  /** A client was told that its write is committed. */
  acknowledged(host: Host): void;
  fail(error: unknown): void;
}

const NO_ANSWER: ProposalOutcome = { outcome: "unknown", reason: "deadline", detail: "no answer came" };

/** An append to a register, of which several tries may be under way. */
interface Write {
  readonly append: Omit<Append, "attempt">;
  /** Values known of the register when it began. */
  readonly floor: number;
  readonly padding: number;
  attempts: number;
}

export class Clients {
  readonly #world: ClientWorld;
  readonly #random: Random;
  /** Operations begun, by client. */
  readonly #sequences: number[] = [];
  readonly #sessions = new Map<number, ClientSession>();
  /** Who was last said to lead, by client. */
  readonly #leaders = new Map<number, number>();
  /** Of each register: the most values that anyone was told of. */
  readonly #known = Array.from({ length: KEYS }, () => 0);

  constructor(world: ClientWorld, random: Random) {
    this.#world = world;
    this.#random = random;
    for (let client = 0; client < world.plan.clients; client += 1) {
      this.#live(client).catch((error: unknown) => world.fail(error));
    }
  }

  /** A read of nobody's, at a moment at which the node may know less than it believes. */
  readEagerly(life: Life): void {
    this.#read(this.#world.plan.clients, life).catch((error: unknown) => this.#world.fail(error));
  }

  async #live(client: number): Promise<never> {
    for (;;) {
      await this.#pause(this.#world.plan.thinkTime * 2 * this.#random.next());
      if (this.#random.chance(0.4)) await this.#read(client, this.#someone(client));
      else if (this.#random.chance(0.2)) await this.#writeOnce(client);
      else await this.#writeInSession(client);
    }
  }

  /** A command without a session, which is tried once. */
  async #writeOnce(client: number): Promise<void> {
    const write = this.#begin(client, false);
    const outcome = await this.#submit(write, undefined, this.#patienceMs());
    this.#conclude(write, outcome);
  }

  async #writeInSession(client: number): Promise<void> {
    const session = this.#sessions.get(client) ?? (await this.#openSession(client));
    if (session === undefined) return;
    const write = this.#begin(client, true);
    this.#submits.set(session, (tag, timeoutMs) => this.#submit(write, tag, timeoutMs));
    const { append, padding } = write;
    const timeoutMs = this.#world.plan.faults.has("client-retries") ? 4 * this.#patienceMs() : TRY_MS;
    const outcome = await session.propose(encodeAppend({ ...append, attempt: 0 }, padding), { timeoutMs });
    if (outcome.outcome === "refused" && outcome.reason === "session-expired") this.#sessions.delete(client);
    this.#conclude(write, outcome);
  }

  /** What a session sends now: each client has one operation under way. */
  readonly #submits = new Map<ClientSession, (tag: SessionTag, timeoutMs: number) => Promise<ProposalOutcome>>();

  async #openSession(client: number): Promise<ClientSession | undefined> {
    const timeoutMs = this.#patienceMs();
    const outcome = await this.#ask(client, timeoutMs, undefined, ({ node }) => node?.openSession({ timeoutMs }));
    if (outcome?.outcome === "not-leader") this.#hear(client, outcome.leader);
    if (outcome?.outcome !== "opened") return undefined;
    const { timeline, library } = this.#world;
    const session: ClientSession = new library.ClientSession({
      session: outcome.session,
      submit: async (_, tag, tryMs) => (await this.#submits.get(session)?.(tag, tryMs)) ?? NO_ANSWER,
      pause: (delayMs) => this.#pause(delayMs * MS),
      nowMs: () => timeline.now / MS,
      tryMs: TRY_MS,
    });
    this.#world.note("session", client, outcome.session);
    this.#sessions.set(client, session);
    return session;
  }

  #begin(client: number, isOnce: boolean): Write {
    const sequence = this.#next(client);
    const key = this.#random.between(0, KEYS - 1);
    const padding = this.#random.chance(0.2) ? this.#random.between(0, 60) : 0;
    return { append: { client, sequence, key, isOnce }, floor: this.#known[key] ?? 0, padding, attempts: 0 };
  }

  /** One try. Every one has bytes of its own, so that it is known which one was carried out. */
  async #submit(write: Write, session: SessionTag | undefined, timeoutMs: number): Promise<ProposalOutcome> {
    const world = this.#world;
    write.attempts += 1;
    const append: Append = { ...write.append, attempt: write.attempts };
    const { client, sequence } = append;
    const forward = this.#random.chance(0.3);
    const outcome = await this.#ask(client, timeoutMs, undefined, async (life) => {
      world.note("write", client, sequence, append.attempt, life.host.id);
      const bytes = encodeAppend(append, write.padding);
      const answer = await life.node?.propose(bytes, { session, timeoutMs, forward });
      if (answer === undefined) return undefined;
      world.watch(life, () => {
        world.note(answer.outcome, client, sequence, append.attempt, life.host.id);
        world.chronicle.answered(life.host.view, { append, outcome: answer });
        if (answer.outcome === "committed") this.#wrote(write, life, answer);
      });
      return answer;
    });
    if (outcome?.outcome === "not-leader") this.#hear(client, outcome.leader);
    return outcome ?? NO_ANSWER;
  }

  #wrote(write: Write, life: Life, { index, result }: ProposalOutcome & { readonly outcome: "committed" }): void {
    const { client, sequence, key } = write.append;
    const position = decodeResult(result)?.position ?? 0;
    const name = `write ${client}:${sequence}`;
    this.#world.chronicle.wrote({ node: life.host.id, key, floor: write.floor, position, index, name });
    this.#known[key] = Math.max(this.#known[key] ?? 0, position);
    this.#world.acknowledged(life.host);
  }

  #conclude({ append: { client, sequence } }: Write, outcome: ProposalOutcome): void {
    this.#world.note("concluded", client, sequence);
    this.#world.chronicle.concluded({ client, sequence, outcome });
  }

  async #read(client: number, chosen: Life | undefined): Promise<void> {
    const world = this.#world;
    const sequence = this.#next(client);
    const key = this.#random.between(0, KEYS - 1);
    const floor = this.#known[key] ?? 0;
    const timeoutMs = this.#patienceMs();
    await this.#ask(client, timeoutMs, chosen, async (life) => {
      world.note("read", client, sequence, life.host.id);
      const outcome = await life.node?.read({ timeoutMs });
      if (outcome?.outcome !== "readable") return;
      const { view } = life.host;
      world.watch(life, () => {
        const position = life.machine.lengths[key] ?? 0;
        world.note("seen", client, sequence, position);
        const name = `read ${client}:${sequence}`;
        world.chronicle.read({ node: view.id, key, floor, position, index: outcome.index, name });
        this.#known[key] = Math.max(this.#known[key] ?? 0, position);
      });
    });
  }

  /** Asks a node; undefined when no answer comes in time, or ever. */
  #ask<T>(
    client: number,
    timeoutMs: number,
    chosen: Life | undefined,
    request: (life: Life) => Promise<T | undefined> | undefined,
  ): Promise<T | undefined> {
    const world = this.#world;
    return new Promise((resolve) => {
      // The client's patience ends near the node's own deadline: before it or after.
      world.timeline.after(timeoutMs * MS * (0.8 + 0.6 * this.#random.next()), () => resolve(undefined));
      const life = chosen ?? this.#someone(client);
      if (life === undefined) return;
      const ask = (): void => {
        const answer = request(life);
        answer?.then(
          (value) => {
            if (!life.isOver) resolve(value);
          },
          (error: unknown) => {
            if (!life.isOver) world.fail(error);
          },
        );
      };
      world.timeline.after(MS * this.#random.next(), () => world.run(life, ask));
    });
  }

  #next(client: number): number {
    const sequence = (this.#sequences[client] ?? 0) + 1;
    this.#sequences[client] = sequence;
    return sequence;
  }

  #hear(client: number, leader: number | undefined): void {
    if (leader === undefined) this.#leaders.delete(client);
    else this.#leaders.set(client, leader);
  }

  #someone(client: number): Life | undefined {
    const leader = this.#world.hosts.get(this.#leaders.get(client) ?? 0);
    if (leader?.node !== undefined && this.#random.chance(0.7)) return leader.life;
    return this.#random.pick(this.#world.up())?.life;
  }

  #patienceMs(): number {
    return Math.round(300 + 1000 * this.#random.next());
  }

  #pause(delay: Micros): Promise<void> {
    return new Promise((resolve) => this.#world.timeline.after(Math.min(delay, 10 * SECOND), resolve));
  }
}

/** One try of a session. */
const TRY_MS = 600;
