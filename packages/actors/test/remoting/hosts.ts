/** Hosts in virtual time, connected by a network in memory. */
import { onTestFinished } from "vitest";
import {
  type ActorError,
  type ActorRef,
  type ActorSystem,
  createActorSystem,
  createRemoting,
  type PeerChange,
  type Refusal,
  type RemotingHandle,
  type RemotingOptions,
  type SpawnOptions,
} from "../../src/index.ts";
import { MemoryNetwork, VirtualClock } from "../../src/testing/index.ts";
import { seeded } from "../testing/seeded.ts";

export interface Host {
  readonly system: ActorSystem;
  readonly remoting: RemotingHandle;
  readonly changes: PeerChange[];
  readonly refusals: Refusal[];
}

export class Hosts {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly #random: () => number;
  readonly #running: Host[] = [];

  constructor(seed = 1) {
    this.#random = seeded(seed);
    this.network = new MemoryNetwork({ clock: this.clock, random: this.#random });
    onTestFinished(() => this.stop());
  }

  async start(peer: string, options: Partial<RemotingOptions> = {}): Promise<Host> {
    const changes: PeerChange[] = [];
    const refusals: Refusal[] = [];
    const { clock } = this;
    const random = this.#random;
    const remoting = createRemoting({
      transport: this.network.transport(peer),
      clock,
      random,
      onPeerChange: (change) => {
        changes.push(change);
      },
      ...options,
    });
    const system = createActorSystem({
      peer,
      clock,
      random,
      remoting: remoting.remoting,
      onRefused: (refusal) => {
        refusals.push(refusal);
      },
    });
    await clock.until(remoting.start());
    const host = { system, remoting, changes, refusals };
    this.#running.push(host);
    return host;
  }

  /** As by kill -9. What the host itself would still do is not looked at. */
  kill(peer: string): void {
    this.network.kill(peer);
  }

  async stop(): Promise<void> {
    this.network.heal();
    for (const { system } of this.#running) await this.clock.until(system.stop());
    await this.clock.pass(10_000);
  }
}

/** Takes any message. */
export function anything<Message>(): SpawnOptions<Message>["accepts"] & {} {
  return (message) => message as Message;
}

export type Note = { readonly text: string } | { readonly question: string; readonly replyTo: ActorRef<string> };

/** An actor that keeps what it is told, and answers questions with `re: `. */
export function notebook(host: Host, name: string, kept: string[]): ActorRef<Note> {
  return host.system.spawn<Note>(
    () => (note) => {
      if ("question" in note) note.replyTo.tell(`re: ${note.question}`);
      else kept.push(note.text);
    },
    { name, accepts: anything<Note>(), mailbox: { capacity: 100_000 } },
  );
}

/** What became of a promise. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    return `ok ${String(await promise)}`;
  } catch (error) {
    return (error as ActorError).code;
  }
}
