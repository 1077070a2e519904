/** The peers of a run, on test engines, and the doors to them. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Household, Lan, PeerFailure, untilUnited, type LivePeer } from "@parley/node/testing";
import { Door } from "./door.ts";
import { enginesOf, type Engines } from "./words.ts";

const SECRET = "what the peers of a conversation share";
const INNER_DOOR = fileURLToPath(new URL("door-process.ts", import.meta.url));
/** Of a peer that has a network of its own. */
const CLIENT_PORT = 8765;
const WHOLE_MS = 90_000;
const LOOK_MS = 100;
const ANSWER_MS = 500;
const SERVICES = ["vad", "stt", "llm", "tts"] as const;

export class ConversationHouse {
  readonly household: Household;
  /** Where tools write down that they ran. */
  readonly notesPath: string;
  readonly #inner = new Map<LivePeer, ChildProcessByStdio<Writable, Readable, null>>();
  /** For what is asked by way of management. */
  readonly #own = new Map<LivePeer, Door>();

  private constructor(household: Household, notesPath: string) {
    this.household = household;
    this.notesPath = notesPath;
  }

  /**
   * @param netns whether each peer has a network of its own, so that links between them can be cut
   * @param models where the models of real engines are; undefined: engines of fixed delay
   */
  static async open(
    nodes: number,
    {
      netns,
      notesPath,
      models,
    }: { readonly netns: boolean; readonly notesPath: string; readonly models?: string | undefined },
  ): Promise<ConversationHouse> {
    const engines: Engines = models === undefined ? "fixed" : "real";
    const household = await Household.open({
      joinSecret: SECRET,
      flags: {
        "llm.tools": "on",
        ...(netns ? { "listen.port": String(CLIENT_PORT) } : {}),
        ...(models === undefined ? {} : { "models.folder": models }),
      },
      engines: enginesOf(notesPath, engines),
      ...(netns ? { lan: await Lan.make() } : {}),
    });
    const house = new ConversationHouse(household, notesPath);
    try {
      const peers = await household.addAll(nodes);
      for (const peer of peers) {
        if (netns) await house.#openInner(peer);
        house.#own.set(peer, await house.doorTo(peer));
      }
      await Promise.all(peers.map((peer) => peer.start()));
      await house.untilWhole();
      return house;
    } catch (error) {
      await house.close();
      throw error;
    }
  }

  get peers(): readonly LivePeer[] {
    return this.household.peers;
  }

  /** The peer with that name. @throws Error when there is none */
  named(name: string): LivePeer {
    const peer = this.peers.find((each) => each.name === name);
    if (peer === undefined) throw new Error(`${name} is no peer of this house`);
    return peer;
  }

  doorTo(peer: LivePeer): Promise<Door> {
    const path = this.#socketOf(peer);
    if (this.household.lan !== undefined) return Door.open(() => ({ path }));
    return Door.open(() => {
      if (!peer.isRunning || !peer.hasRun) return undefined;
      return { host: "127.0.0.1", port: Number(new URL(peer.introduction.url).port), noDelay: true };
    });
  }

  /** Lets a client in. @returns its token, which all peers know */
  async admit(name: string): Promise<string> {
    const [first, ...others] = this.peers;
    if (first === undefined) throw new Error("there are no peers");
    const { token } = await this.#ask<{ readonly token: string }>(first, "POST", "/api/v1/clients", {
      name,
      role: "member",
    });
    for (const peer of others) {
      await this.#until(`${peer.name} knows ${name}`, async () => {
        const { clients } = await this.#ask<{ readonly clients: readonly { readonly name: string }[] }>(
          peer,
          "GET",
          "/api/v1/clients",
        );
        return clients.some((client) => client.name === name);
      });
    }
    return token;
  }

  /** It hands over what it does, as it would before an upgrade. Its answer comes at once. */
  async drain(peer: LivePeer): Promise<void> {
    await this.#ask(peer, "POST", "/api/v1/drain", {});
  }

  /** It takes part as before. */
  async stay(peer: LivePeer): Promise<void> {
    await this.#ask(peer, "DELETE", "/api/v1/drain", {});
  }

  /** Whoever is prime in the newest term that anybody knows of. */
  async prime(without?: LivePeer): Promise<LivePeer | undefined> {
    const asked = this.peers.filter((peer) => peer !== without && peer.isRunning && !peer.isPaused);
    const views = await Promise.allSettled(asked.map((peer) => peer.status(ANSWER_MS)));
    let [newest, found]: [number, LivePeer | undefined] = [-1, undefined];
    for (const view of views) {
      if (view.status === "rejected") continue;
      const { term, prime } = view.value;
      if (prime === null || (term ?? 0) <= newest) continue;
      [newest, found] = [term ?? 0, this.peers.find(({ hasRun, peerId }) => hasRun && peerId === prime.peer)];
    }
    return found;
  }

  /** Starts whoever has ended; fulfilled when all are one cluster and each has all engines. @throws Error when that never comes */
  async untilWhole(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.start()));
    await untilUnited(this.peers, { timeoutMs: WHOLE_MS });
    for (const peer of this.peers) {
      await this.#until(`${peer.name} has all engines`, async () => {
        const { services } = await this.#ask<{
          readonly services: Readonly<
            Record<string, { readonly elsewhere?: readonly unknown[]; readonly model?: string }>
          >;
        }>(peer, "GET", "/capabilities");
        return SERVICES.every((name) => {
          const { elsewhere = [], model } = services[name] ?? {};
          return elsewhere.length + (model === undefined ? 0 : 1) >= this.peers.length;
        });
      });
    }
  }

  async close(): Promise<void> {
    for (const door of this.#own.values()) await door.close();
    for (const process of this.#inner.values()) process.stdin.end();
    await this.household.close();
  }

  #socketOf(peer: LivePeer): string {
    return join(this.household.folder, `${peer.name}.door`);
  }

  async #openInner(peer: LivePeer): Promise<void> {
    const { command } = this.household.placeOf(peer);
    const [program, ...args] = [...command, process.execPath, INNER_DOOR, this.#socketOf(peer), String(CLIENT_PORT)];
    const inner = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    inner.stdin.on("error", () => undefined);
    this.#inner.set(peer, inner);
    await once(inner.stdout, "data");
  }

  /** @throws Error with what the peer answered, when it refuses */
  async #ask<T>(peer: LivePeer, method: string, path: string, body?: unknown): Promise<T> {
    const door = this.#own.get(peer);
    const { token } = peer.introduction;
    const response = await fetch(`http://${door?.address ?? ""}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, connection: "close", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new PeerFailure(`${method} ${path}: ${JSON.stringify(answer)}`, "refused");
    // The peer is of this house, and answers as its routes say.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return answer as T;
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    let last = "";
    for (const untilMs = performance.now() + WHOLE_MS; performance.now() < untilMs; await delay(LOOK_MS)) {
      try {
        if (await holds()) return;
      } catch (error) {
        // It may be on its way up still.
        last = error instanceof Error ? `: ${error.message}` : "";
      }
    }
    throw new Error(`never: ${what}${last}`);
  }
}
