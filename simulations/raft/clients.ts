/** Clients: each does one thing at a time, gives up after a while, and remembers what it was promised. */
import type { Random } from "../kit/random.ts";
import { MS, SECOND } from "../kit/timeline.ts";
import type { Entry } from "@parley/raft";
import type { Outcome } from "./chronicle.ts";
import { encodeCommand, KEYS, type Command, type Machine, type Session } from "./machine.ts";

/** One life of a node, as a client can reach it. */
export interface Server {
  readonly id: number;
  propose(data: Uint8Array): void;
  readIndex(name: string): void;
}

/** What clients need of the world. */
export interface Surroundings {
  after(delay: number, run: () => void): void;
  /** Someone to ask; undefined when everyone is down. */
  someone(random: Random): Server | undefined;
  note(kind: string, a: number, b: number, c: number): void;
  wrote(outcome: Outcome): void;
  read(outcome: Outcome): void;
}

/** With the eager ones. Their numbers are one byte, of which 255 is the probe of the liveness phase. */
const MAX_CLIENTS = 250;

interface Operation {
  readonly kind: "write" | "read";
  readonly sequence: number;
  readonly key: number;
  /** Values known of the register when it began. */
  readonly floor: number;
  readonly padding: number;
  /** The lives of nodes that were asked. */
  readonly asked: Set<Server>;
  attempts: number;
}

export class Clients {
  readonly #world: Surroundings;
  readonly #random: Random;
  readonly #operations: (Operation | undefined)[];
  readonly #sequences: number[];
  readonly #count: number;
  readonly #thinkTime: number;
  readonly #retries: boolean;
  /** Of each register: the most values that anyone was told of. */
  readonly #known = Array.from({ length: KEYS }, () => 0);

  constructor(world: Surroundings, random: Random, count: number, thinkTime: number, retries: boolean) {
    this.#world = world;
    this.#random = random;
    this.#count = count;
    this.#thinkTime = thinkTime;
    this.#retries = retries;
    this.#operations = Array.from({ length: count }, () => undefined);
    this.#sequences = Array.from({ length: count }, () => 0);
    for (let client = 0; client < count; client += 1) this.#later(client);
  }

  /** Someone leads now: what it knows of commits is never as old as at this moment, so it is asked at once. */
  readEagerly(server: Server): void {
    const client = this.#operations.length;
    if (client >= MAX_CLIENTS) return;
    this.#operations.push(undefined);
    this.#sequences.push(0);
    this.#begin(client, server);
  }

  /** A node has applied a command: its client is told, if it asked that node in this life. */
  applied(server: Server, entry: Entry, { client, sequence, key, position }: Command & Session): void {
    const operation = this.#operations[client];
    if (operation?.kind !== "write" || operation.sequence !== sequence || !operation.asked.has(server)) return;
    const outcome = this.#outcome(client, operation, server, position, entry.index);
    this.#world.note("wrote", client, sequence, position);
    this.#world.wrote(outcome);
    this.#done(client, key, position);
  }

  /** A node serves the read `name` from `machine`. */
  served(server: Server, name: string, machine: Machine): void {
    const [client = -1, sequence] = name.split(":").map(Number);
    const operation = this.#operations[client];
    if (operation?.kind !== "read" || operation.sequence !== sequence) return;
    const position = machine.lengths[operation.key] ?? 0;
    const outcome = this.#outcome(client, operation, server, position, machine.index);
    this.#world.note("read", client, sequence, position);
    this.#world.read(outcome);
    this.#done(client, operation.key, position);
  }

  #outcome(client: number, operation: Operation, server: Server, position: number, index: number): Outcome {
    const { key, floor, kind, sequence } = operation;
    return { node: server.id, key, floor, position, index, name: `${kind} ${client}:${sequence}` };
  }

  #done(client: number, key: number, position: number): void {
    this.#known[key] = Math.max(this.#known[key] ?? 0, position);
    this.#operations[client] = undefined;
    this.#later(client);
  }

  #later(client: number): void {
    // Eager clients ask once.
    if (client >= this.#count) return;
    this.#world.after(this.#thinkTime * 2 * this.#random.next(), () => this.#begin(client));
  }

  #begin(client: number, server?: Server): void {
    const sequence = (this.#sequences[client] ?? 0) + 1;
    this.#sequences[client] = sequence;
    const key = this.#random.between(0, KEYS - 1);
    const operation: Operation = {
      kind: server === undefined && this.#random.chance(0.5) ? "write" : "read",
      sequence,
      key,
      floor: this.#known[key] ?? 0,
      padding: this.#random.chance(0.2) ? this.#random.between(0, 60) : 0,
      asked: new Set(),
      attempts: 0,
    };
    this.#operations[client] = operation;
    this.#ask(client, operation, server);
  }

  #ask(client: number, operation: Operation, chosen?: Server): void {
    operation.attempts += 1;
    const server = chosen ?? this.#world.someone(this.#random);
    this.#world.after((0.3 + this.#random.next()) * SECOND, () => {
      if (this.#operations[client] !== operation) return;
      // The outcome is unknown. The same write again is safe, because the state machine knows its sequence number.
      if (this.#retries && operation.kind === "write" && operation.attempts < 5) return this.#ask(client, operation);
      this.#operations[client] = undefined;
      this.#later(client);
    });
    if (server === undefined) return;
    operation.asked.add(server);
    const { kind, sequence, key, padding } = operation;
    this.#world.note(kind, client, sequence, server.id);
    this.#world.after(MS * this.#random.next(), () => {
      if (kind === "write") server.propose(encodeCommand({ client, sequence, key }, padding));
      else server.readIndex(`${client}:${sequence}`);
    });
  }
}
