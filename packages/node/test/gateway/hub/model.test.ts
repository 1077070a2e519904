/**
 * Clients write to each other while they come and go, die, and their peers are killed, cut off and begun anew. Senders do what the
 * protocol asks of them: what they were told neither delivered nor queued they repeat first, with the same ids, in the same order.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMessage, type Message } from "@parley/sdk";
import type { Post } from "../../../src/gateway/hub/post.ts";
import { Client, Street } from "./house.ts";

const PEERS = ["attic", "cellar", "study"] as const;
const NAMES = ["anna", "bert", "cleo"] as const;

type Step =
  | { readonly do: "write"; readonly from: number; readonly to: number; readonly priority: number }
  | { readonly do: "connect"; readonly who: number; readonly peer: number }
  | { readonly do: "disconnect" | "vanish" | "crash"; readonly who: number }
  | { readonly do: "kill" | "isolate"; readonly peer: number }
  | { readonly do: "mend" };

const index = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      from: index,
      to: index,
      priority: fc.constantFrom(5, 5, 9),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("connect" as const), who: index, peer: index }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("disconnect" as const, "vanish" as const, "crash" as const),
      who: index,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("kill" as const, "isolate" as const), peer: index }) },
  { weight: 2, arbitrary: fc.constant({ do: "mend" as const }) },
);
const plan = fc.array(fc.tuple(step, fc.constantFrom(0, 1, 20, 300, 2_000, 15_000)), { minLength: 5, maxLength: 40 });

/** A client that sends as the SDK does. */
class Person {
  readonly client: Client;
  readonly #pending = new Map<string, Post>();
  #told = 0;
  #number = 0;
  /** What it was told is delivered, or written down: it repeats that no more. */
  readonly confirmed = new Set<string>();
  readonly failed = new Set<string>();

  constructor(street: Street, name: string) {
    this.client = new Client(street, name, { handlingMs: () => 1 + street.random() * 400 });
  }

  write(to: string, priority: number): void {
    this.#number += 1;
    const post = createMessage(
      "MESSAGE",
      { content: `${this.#number}` },
      { from: this.client.id, target: { clientId: to }, priority },
    );
    this.#listen();
    this.#pending.set(post.messageId, post);
    if (this.client.isConnected) this.#send(post);
  }

  connect(peer: string): void {
    this.#listen();
    this.client.connect(peer);
    for (const post of this.#pending.values()) this.#send(post);
  }

  #send(post: Post): void {
    const refused = this.client.send(post);
    // Peers that have just begun may not have heard of everybody yet: it is repeated with the next connection.
    if (refused !== undefined && refused.code !== "TARGET_NOT_FOUND") throw new Error(refused.reason);
  }

  /** Takes note of what it was told. */
  #listen(): void {
    for (const message of this.client.told.slice(this.#told)) this.#note(message);
    this.#told = this.client.told.length;
  }

  #note(message: Message): void {
    const id = message.inReplyTo ?? "";
    if (message.type !== "EVENT") throw new Error(`${this.client.id} was told ${JSON.stringify(message.payload)}`);
    const { eventType } = message.payload;
    if (eventType === "message_failed") this.failed.add(id);
    else this.confirmed.add(id);
    this.#pending.delete(id);
  }

  get isSettled(): boolean {
    this.#listen();
    return this.#pending.size === 0;
  }
}

class Village {
  readonly street: Street;
  readonly people: readonly Person[];
  #isolated: string | undefined;

  constructor(seed: number) {
    this.street = new Street(PEERS, seed);
    this.people = NAMES.map((name) => new Person(this.street, name));
  }

  async begin(): Promise<void> {
    for (const peer of PEERS) await this.street.start(peer);
    await this.street.clock.pass(3_000);
    for (const [n, person] of this.people.entries()) person.connect(PEERS[n] ?? "attic");
    await this.street.clock.pass(1_000);
  }

  async run(step: Step): Promise<void> {
    const { street } = this;
    switch (step.do) {
      case "write":
        if (step.from !== step.to) this.#person(step.from).write(NAMES[step.to] ?? "", step.priority);
        return;
      case "connect":
        return this.#connect(step.who, PEERS[step.peer] ?? "");
      case "disconnect":
        return this.#person(step.who).client.disconnect();
      case "vanish":
        return this.#person(step.who).client.vanish();
      case "crash":
        return this.#person(step.who).client.crash();
      case "kill":
        // A majority stays.
        if (this.#isolated === undefined && street.houses.size === 3) await this.#kill(PEERS[step.peer] ?? "");
        return;
      case "isolate":
        if (this.#isolated === undefined && street.houses.size === 3) this.#isolate(PEERS[step.peer] ?? "");
        return;
      case "mend":
        return this.#mend();
    }
  }

  /** All is well again, for long enough. */
  async end(): Promise<void> {
    await this.#mend();
    await this.street.clock.pass(20_000);
    for (let round = 0; round < 40; round += 1) {
      // A different peer each time: what somebody cannot say at one is said at the next.
      for (const n of this.people.keys()) this.#connect(n, PEERS[(n + round) % 3] ?? "");
      await this.street.clock.pass(15_000);
      if (this.#isQuiet) return;
    }
  }

  get #isQuiet(): boolean {
    const isUnderWay = [...this.street.houses.values()].some(({ hub }) => hub.underWay > 0);
    return !isUnderWay && this.street.agreement.mail.length === 0 && this.people.every(({ isSettled }) => isSettled);
  }

  #connect(who: number, peer: string): void {
    if (this.street.houses.has(peer)) this.#person(who).connect(peer);
  }

  async #kill(peer: string): Promise<void> {
    for (const { client } of this.people) if (client.peer === peer) client.vanish();
    await this.street.kill(peer);
  }

  #isolate(peer: string): void {
    this.#isolated = peer;
    this.street.network.partition(
      [peer],
      PEERS.filter((each) => each !== peer),
    );
    this.street.house(peer).pairs.hasQuorum = false;
  }

  async #mend(): Promise<void> {
    if (this.#isolated !== undefined) {
      this.street.network.heal();
      const { pairs } = this.street.house(this.#isolated);
      pairs.hasQuorum = true;
      this.street.agreement.settle(pairs);
      this.#isolated = undefined;
    }
    for (const peer of PEERS) if (!this.street.houses.has(peer)) await this.street.start(peer);
  }

  #person(n: number): Person {
    const person = this.people[n];
    if (person === undefined) throw new Error("nobody");
    return person;
  }
}

/** Numbers of one sender, in the order in which each was handled first. */
function firstHandlings(receiver: Client, sender: string): readonly number[] {
  const seen = new Set<string>();
  const numbers: number[] = [];
  for (const post of receiver.lives.flat()) {
    if (post.source.clientId !== sender || post.type !== "MESSAGE" || seen.has(post.messageId)) continue;
    seen.add(post.messageId);
    numbers.push(Number(post.payload.content));
  }
  return numbers;
}

describe("whatever happens to clients and peers", () => {
  it(
    "every message that is acknowledged or written down is handled, none twice by a handler that lives, each sender's in its order, and nothing is left behind",
    { timeout: 300_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(plan, fc.nat({ max: 1_000_000 }), async (steps, seed) => {
          const village = new Village(seed);
          await village.begin();
          for (const [step, pauseMs] of steps) {
            await village.run(step);
            await village.street.clock.pass(pauseMs);
          }
          await village.end();
          for (const { client } of village.people) {
            for (const life of client.lives) {
              const ids = life.map(({ messageId }) => messageId);
              expect(ids, "handled twice in one life").toEqual([...new Set(ids)]);
            }
            for (const sender of NAMES) {
              const numbers = firstHandlings(client, sender);
              expect(numbers, `from ${sender} to ${client.id}`).toEqual(numbers.toSorted((a, b) => a - b));
            }
          }
          const handled = new Set(
            village.people.flatMap(({ client }) => client.lives.flat().map(({ messageId }) => messageId)),
          );
          for (const person of village.people) {
            expect(person.isSettled, `${person.client.id} was told of everything`).toBe(true);
            for (const id of person.confirmed) expect(handled).toContain(id);
            expect([...person.failed]).toEqual([]);
          }
          expect(village.street.agreement.mail).toEqual([]);
          for (const { hub } of village.street.houses.values()) expect(hub.underWay).toBe(0);
          await village.street.close();
        }),
        { numRuns: 15 },
      );
    },
  );
});
