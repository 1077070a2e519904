/** Several peers as processes: on loopback, or each in a network namespace. What was started is ended, whatever happens. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Guard } from "@parley/raft/testing";
import type { FlagValues } from "../../config/index.ts";
import type { Lan, Place } from "./lan.ts";
import { LivePeer } from "./live-peer.ts";
import type { TestEngines } from "./orders.ts";

const MESH_PORT = 8766;
const LOOK_MS = 20;

export interface HouseholdOptions {
  /** Where each peer has a namespace of its own; undefined: all on loopback. */
  readonly lan?: Lan | undefined;
  /** For all peers that are not told otherwise. */
  readonly joinSecret?: string | undefined;
  readonly flags?: FlagValues;
  /** Whether actors of the test's own run on the peers; default false. */
  readonly hasTestActors?: boolean;
  /** Engines of fixed delay in the place of the peers' own. */
  readonly engines?: TestEngines | undefined;
}

export interface NewPeer {
  readonly name?: string;
  /** `host:port`, in place of all that were there when it was added. */
  readonly known?: readonly string[];
  readonly joinSecret?: string | undefined;
  readonly flags?: FlagValues;
  /** In the place of those of all; undefined: none. */
  readonly engines?: TestEngines | undefined;
  readonly subnet?: number;
  readonly home?: string;
}

export class Household {
  readonly folder: string;
  readonly #options: HouseholdOptions;
  readonly #guard: Guard;
  readonly #peers: LivePeer[] = [];
  readonly #places = new Map<LivePeer, Place>();
  readonly #crashes: string[] = [];
  #made = 0;

  private constructor(options: HouseholdOptions, folder: string) {
    this.#options = options;
    this.folder = folder;
    this.#guard = new Guard(folder);
  }

  static async open(options: HouseholdOptions = {}): Promise<Household> {
    return new Household(options, await mkdtemp(join(tmpdir(), "parley-peers-")));
  }

  /** Those that were added and not removed. */
  get peers(): readonly LivePeer[] {
    return this.#peers;
  }

  get lan(): Lan | undefined {
    return this.#options.lan;
  }

  /** Where a peer is on the {@link lan}. */
  placeOf(peer: LivePeer): Place {
    const place = this.#places.get(peer);
    if (place === undefined) throw new Error(`${peer.name} is on loopback`);
    return place;
  }

  /** That many peers, not started, each of which knows the addresses of all. */
  async addAll(count: number, options: NewPeer = {}): Promise<readonly LivePeer[]> {
    const spots = await this.#spots(count, options.subnet);
    const known = spots.map(({ host, port }) => `${host}:${port}`);
    return spots.map((spot) => this.#add(spot, { known, ...options }));
  }

  /** One more, not started. */
  async add(options: NewPeer = {}): Promise<LivePeer> {
    const [spot] = await this.#spots(1, options.subnet);
    if (spot === undefined) throw new Error("one was asked for");
    return this.#add(spot, options);
  }

  /** Forgets it for good, and puts a new peer in its place: same address, another identity. Not started. */
  async replace(old: LivePeer, options: NewPeer = {}): Promise<LivePeer> {
    const place = this.#places.get(old);
    await this.drop(old);
    const [host = "", port] = old.address.split(":");
    return this.#add({ host, port: Number(port), place }, options);
  }

  /** Ends it and forgets it for good. */
  async drop(peer: LivePeer): Promise<void> {
    await peer.forget();
    if (peer.crash !== undefined) this.#crashes.push(peer.crash);
    this.#peers.splice(this.#peers.indexOf(peer), 1);
    this.#places.delete(peer);
  }

  /** What those said last that ended though nobody had ended them. */
  crashes(): readonly string[] {
    return [...this.#crashes, ...this.#peers.flatMap(({ crash }) => (crash === undefined ? [] : [crash]))];
  }

  async close(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.kill()));
    await this.#guard.end();
    await this.#options.lan?.remove();
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #add({ host, port, place }: Spot, given: NewPeer): LivePeer {
    this.#made += 1;
    const { joinSecret, flags = {}, hasTestActors = false } = this.#options;
    const name = given.name ?? `peer-${this.#made}`;
    const peer = new LivePeer({
      name,
      home: given.home ?? join(this.folder, `${this.#made}-${name}`),
      host,
      port,
      known: given.known ?? this.#peers.map(({ address }) => address),
      joinSecret: "joinSecret" in given ? given.joinSecret : joinSecret,
      flags: { ...flags, ...given.flags },
      hasTestActors,
      engines: "engines" in given ? given.engines : this.#options.engines,
      command: place?.command ?? [],
      guard: this.#guard,
    });
    this.#peers.push(peer);
    if (place !== undefined) this.#places.set(peer, place);
    return peer;
  }

  async #spots(count: number, subnet?: number): Promise<readonly Spot[]> {
    const { lan } = this.#options;
    if (lan === undefined) return (await freePorts(count)).map((port) => ({ host: "127.0.0.1", port }));
    const spots: Spot[] = [];
    for (let i = 0; i < count; i += 1) {
      const place = await lan.plug(subnet);
      spots.push({ host: place.address, port: MESH_PORT, place });
    }
    return spots;
  }
}

interface Spot {
  readonly host: string;
  readonly port: number;
  readonly place?: Place | undefined;
}

/** What all of a cluster say, when they are of one mind. */
export interface Unity {
  readonly clusterId: string;
  readonly prime: LivePeer;
  readonly term: number;
}

/**
 * One cluster of exactly these, linked with each other and of one mind; undefined while that is not so.
 * @param voters how many of them vote; undefined: however many.
 */
export async function unityOf(peers: readonly LivePeer[], voters?: number): Promise<Unity | undefined> {
  const told = await Promise.allSettled(
    peers.map((peer) => Promise.all([peer.status(ANSWER_MS), peer.peers(ANSWER_MS)])),
  );
  const states = told.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  if (states.length < peers.length) return undefined;
  const ids = new Set(states.map(([{ clusterId }]) => clusterId));
  const primes = new Set(states.map(([, all]) => all.find(({ isPrime }) => isPrime)?.peerId));
  const isWhole = states.every(
    ([, all]) =>
      all.length === peers.length &&
      all.every(({ isOnline }) => isOnline) &&
      (voters === undefined || all.filter(({ role }) => role === "voter").length === voters),
  );
  const [[clusterId], [primeId]] = [ids, primes];
  const prime = peers.find(({ peerId }) => peerId === primeId);
  if (!isWhole || ids.size !== 1 || primes.size !== 1 || prime === undefined) return undefined;
  if (typeof clusterId !== "string") return undefined;
  return { clusterId, prime, term: Math.max(...states.map(([{ term }]) => term ?? 0)) };
}

/** @throws Error after `timeoutMs`, with what each of them says */
export async function untilUnited(
  peers: readonly LivePeer[],
  { voters, timeoutMs = 60_000 }: { readonly voters?: number; readonly timeoutMs?: number } = {},
): Promise<Unity> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const unity = await unityOf(peers, voters);
    if (unity !== undefined) return unity;
    if (performance.now() > deadlineMs) throw new Error(`no one cluster after ${timeoutMs} ms${await portrait(peers)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** What every peer says of itself, for whoever has to find out what is wrong. */
export async function portrait(peers: readonly LivePeer[]): Promise<string> {
  const lines = await Promise.all(
    peers.map(async (peer) => {
      try {
        const { belonging, clusterId, state, term, sentences } = await peer.status(ANSWER_MS);
        const others = (await peer.peers(ANSWER_MS)).map(
          ({ name, role, isPrime, isOnline }) => `${name} ${role}${isPrime ? " prime" : ""}${isOnline ? "" : " away"}`,
        );
        return JSON.stringify({ peer: peer.name, belonging, clusterId, state, term, others, sentences });
      } catch (error) {
        return `${peer.name}: ${error instanceof Error ? error.message : String(error)}`;
      }
    }),
  );
  return lines.map((line) => `\n  ${line}`).join("");
}

const ANSWER_MS = 2_000;

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
