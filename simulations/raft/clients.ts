/** Clients: each does one thing at a time, or writes several values at once; gives up after a while, and remembers what it was promised. */
import type { ClientSession, ProposalOutcome, SessionTag } from "@parley/raft";
import type { Random } from "../kit/random.ts";
import { MS, SECOND, type Micros, type Timeline } from "../kit/timeline.ts";
import type { Host, Life } from "./host.ts";
import { decodeAppend, decodeResult, encodeAppend, KEYS, type Append } from "./machine.ts";
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

/** A question: to whom, and how long it is on its way; both are drawn when they are left out. */
interface Asking {
  readonly timeoutMs: number;
  readonly life?: Life | undefined;
  readonly way?: Micros | undefined;
}

export class Clients {
  readonly #world: ClientWorld;
  readonly #random: Random;
  /** Operations begun, by client. */
  readonly #sequences: number[] = [];
  readonly #sessions = new Map<number, ClientSession>();
  /** What sessions are to send, by name. */
  readonly #underWay = new Map<string, Write>();
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

  /** A read of nobody's, at a moment at which the node may know less than it believes; `atOnce`: at this very moment. */
  readEagerly(life: Life, atOnce = false): void {
    const way = atOnce ? 0 : MS * this.#random.next();
    this.#read(this.#world.plan.clients, life, way).catch((error: unknown) => this.#world.fail(error));
  }

  async #live(client: number): Promise<never> {
    for (;;) {
      await this.#pause(this.#world.plan.thinkTime * 2 * this.#random.next());
      if (this.#random.chance(0.4)) await this.#readSome(client);
      else if (this.#random.chance(0.2)) await this.#several(() => this.#writeOnce(client));
      else {
        const session = this.#sessions.get(client) ?? (await this.#openSession(client));
        if (session !== undefined) await this.#several(() => this.#writeInSession(client, session));
      }
    }
  }

  /** Begins one operation, or some at once, and waits for all of them. */
  async #several(operation: () => Promise<void>): Promise<void> {
    const count = this.#random.chance(0.15) ? this.#random.between(2, 6) : 1;
    await Promise.all(Array.from({ length: count }, operation));
  }

  /** One read, or some at one node, one soon after the other. */
  async #readSome(client: number): Promise<void> {
    const life = this.#someone(client);
    await this.#several(() => this.#read(client, life, 40 * MS * this.#random.next() ** 4));
  }

  /** A command without a session, which is tried once. */
  async #writeOnce(client: number): Promise<void> {
    const write = this.#begin(client, false);
    const outcome = await this.#submit(write, undefined, this.#patienceMs());
    this.#conclude(write, outcome);
  }

  async #writeInSession(client: number, session: ClientSession): Promise<void> {
    const write = this.#begin(client, true);
    const { append, padding } = write;
    this.#underWay.set(nameOf(append), write);
    const timeoutMs = this.#world.plan.faults.has("client-retries")
      ? 4 * this.#patienceMs()
      : this.#random.oneOf(...TRIES_MS);
    const outcome = await session.propose(encodeAppend({ ...append, attempt: 0 }, padding), { timeoutMs });
    if (outcome.outcome === "refused" && outcome.reason === "session-expired" && this.#sessions.get(client) === session)
      this.#sessions.delete(client);
    this.#underWay.delete(nameOf(append));
    this.#conclude(write, outcome);
  }

  async #openSession(client: number): Promise<ClientSession | undefined> {
    const timeoutMs = this.#patienceMs();
    const outcome = await this.#ask(client, { timeoutMs }, ({ node }) => node?.openSession({ timeoutMs }));
    if (outcome?.outcome === "not-leader") this.#hear(client, outcome.leader);
    if (outcome?.outcome !== "opened") return undefined;
    const { timeline, library } = this.#world;
    const session: ClientSession = new library.ClientSession({
      session: outcome.session,
      submit: async (command, tag, tryMs) => {
        const append = decodeAppend(command);
        const write = append === undefined ? undefined : this.#underWay.get(nameOf(append));
        return write === undefined ? NO_ANSWER : this.#submit(write, tag, tryMs);
      },
      pause: (delayMs) => this.#pause(delayMs * MS),
      nowMs: () => timeline.now / MS,
      tryMs: this.#random.oneOf(...TRIES_MS),
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
    const outcome = await this.#ask(client, { timeoutMs }, async (life) => {
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

  async #read(client: number, life: Life | undefined, way?: Micros): Promise<void> {
    const world = this.#world;
    const sequence = this.#next(client);
    const key = this.#random.between(0, KEYS - 1);
    const timeoutMs = this.#patienceMs();
    await this.#ask(client, { timeoutMs, life, way }, async (asked) => {
      world.note("read", client, sequence, asked.host.id);
      // It begins now, not when the client thought of it.
      const floor = this.#known[key] ?? 0;
      const outcome = await asked.node?.read({ timeoutMs });
      if (outcome?.outcome !== "readable") return;
      const { view } = asked.host;
      world.watch(asked, () => {
        const position = asked.machine.lengths[key] ?? 0;
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
    { timeoutMs, life: chosen, way = MS * this.#random.next() }: Asking,
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
      if (way === 0) world.run(life, ask);
      else world.timeline.after(way, () => world.run(life, ask));
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
    return Math.round(300 + (this.#random.chance(0.1) ? 6000 : 1000) * this.#random.next());
  }

  #pause(delay: Micros): Promise<void> {
    return new Promise((resolve) => this.#world.timeline.after(Math.min(delay, 10 * SECOND), resolve));
  }
}

function nameOf({ client, sequence }: Pick<Append, "client" | "sequence">): string {
  return `${client}:${sequence}`;
}

/** One try of a session: some give up soon, some outlast a leader. */
const TRIES_MS = [300, 600, 3000] as const;
