/** Peers on test engines, clients that talk with them, and what the house knows of its sessions. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Household, Lan, runsIn, untilUnited, type LivePeer, type NotedRun, type Place } from "@parley/node/testing";
import { expect } from "vitest";
import { SECRET, until } from "../support.ts";
import type { Played, TalkerOptions } from "./orders.ts";
import { Talker, type TurnTold } from "./talker.ts";
import { answerOf, enginesOf, heardOf, newName, questionOf, RECITE } from "./words.ts";

const run = promisify(execFile);
const WHOLE_MS = 90_000;
/** Of a peer that has a network of its own. */
const CLIENT_PORT = 8765;
/** Asks a peer where it can be reached: in its own network. */
const ASKS = `const [url, init] = JSON.parse(process.argv[1]);
const response = await fetch(url, init);
console.log(JSON.stringify({ ok: response.ok, text: await response.text() }));`;

export interface SessionShown {
  readonly sessionId: string;
  readonly clientId?: string;
  readonly state: string;
  readonly host: { readonly peerId: string } | null;
  readonly visit: { readonly entry: string } | null;
}

/** Where a talk is: three peers, or fewer where one is several. */
export interface Roles {
  readonly host: LivePeer;
  readonly entry: LivePeer;
  readonly prime: LivePeer;
  readonly others: readonly LivePeer[];
}

export class TalkHouse {
  readonly household: Household;
  readonly peers: readonly LivePeer[];
  readonly lan: Lan | undefined;
  readonly #folder: string;
  #token = "";
  #clients = 0;
  #reference: Played | undefined;

  private constructor(household: Household, peers: readonly LivePeer[], lan: Lan | undefined, folder: string) {
    this.household = household;
    this.peers = peers;
    this.lan = lan;
    this.#folder = folder;
  }

  /** That many peers, all united and each offered the engines of all. @param options.lan each has a network of its own */
  static async open(count: number, options: { readonly lan?: boolean } = {}): Promise<TalkHouse> {
    const folder = await mkdtemp(join(tmpdir(), "parley-talks-"));
    const lan = options.lan === true ? await Lan.make() : undefined;
    const flags = {
      "llm.tools": "on",
      ...(lan === undefined ? {} : { "listen.host": "0.0.0.0", "listen.port": String(CLIENT_PORT) }),
    };
    const household = await Household.open({
      joinSecret: SECRET,
      lan,
      flags,
      engines: enginesOf(join(folder, "runs")),
    });
    const house = new TalkHouse(household, await household.addAll(count), lan, folder);
    try {
      await house.untilWhole();
      // Clients come back to the addresses that they know.
      if (lan === undefined)
        for (const peer of house.peers) peer.reconfigure({ "listen.port": new URL(peer.introduction.url).port });
      await house.#admit("tester");
      return house;
    } catch (error) {
      await house.close();
      throw error;
    }
  }

  /** Starts whoever has ended; fulfilled when all are one cluster, all vote, and each is offered all engines. */
  async untilWhole(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.start()));
    await untilUnited(this.peers, { voters: this.peers.length, timeoutMs: WHOLE_MS });
    for (const peer of this.peers) await until(() => this.#isOffered(peer), `${peer.name} is offered all engines`);
  }

  async prime(): Promise<LivePeer> {
    return (await untilUnited(this.peers, { timeoutMs: WHOLE_MS })).prime;
  }

  /** A new client of the one account. @param peers the one that it is to begin with first */
  client(peers: readonly LivePeer[], session?: string): Promise<Talker> {
    return this.#talker({ peers: peers.map(socketOf), session });
  }

  /** A client in that place of the house's network, by TLS. */
  async clientAt(place: Place): Promise<Talker> {
    const peers = this.peers.map((peer) => `wss://${this.household.placeOf(peer).address}:${CLIENT_PORT}/ws`);
    return this.#talker({ peers, ca: await this.certificate() }, place.command);
  }

  /** A client on the very machine of that peer, which knows no other. */
  clientOn(peer: LivePeer, session?: string): Promise<Talker> {
    const { command } = this.household.placeOf(peer);
    return this.#talker({ peers: [`ws://127.0.0.1:${CLIENT_PORT}/ws`], session }, command);
  }

  get token(): string {
    return this.#token;
  }

  /** The name of the client that came last. */
  get lastClient(): string {
    return `client-${this.#clients}`;
  }

  /** The authority's certificate. */
  async certificate(): Promise<string> {
    const [first] = this.peers;
    if (first === undefined) throw new Error("there are no peers");
    return (await this.#fetch(first, "GET", "/ca.pem")).text;
  }

  /**
   * A client whose session lives at one peer and that is connected to another, while a third one leads; with two turns behind it.
   * Its other peers come behind the entry.
   */
  async settled(): Promise<{ readonly talker: Talker; readonly roles: Roles; readonly said: readonly string[] }> {
    await this.reference();
    const prime = await this.prime();
    const [host, entry, ...others] = this.peers.filter((peer) => peer !== prime);
    if (host === undefined || entry === undefined) throw new Error("three peers at least");
    const first = await this.client([host]);
    const name = newName();
    const answer = await first.ask(`tell ${name}`);
    if (answer !== answerOf("tell", name)) throw new Error(`it was answered: ${answer}`);
    const { sessionId } = await this.sessionOf(this.lastClient, entry);
    const talker = await this.client([entry, ...this.peers.filter((peer) => peer !== entry)], sessionId);
    first.close();
    const found = await this.sessionOf(this.lastClient, entry);
    if (found.host?.peerId !== host.peerId || found.visit?.entry !== entry.peerId)
      throw new Error(`the session is elsewhere: ${JSON.stringify(found)}`);
    await talker.talk();
    return { talker, roles: { host, entry, prime, others }, said: [name] };
  }

  /** As `peer` sees it. */
  async sessionOf(client: string, peer: LivePeer): Promise<SessionShown> {
    let found: SessionShown | undefined;
    await until(async () => {
      found = (await this.sessions(peer)).find(({ clientId, visit }) => clientId === client && visit !== null);
      return found !== undefined;
    }, `${peer.name} knows the session of ${client}`);
    if (found === undefined) throw new Error("it was found");
    return found;
  }

  async sessions(peer: LivePeer): Promise<readonly SessionShown[]> {
    return (await this.manage<{ readonly sessions: readonly SessionShown[] }>(peer, "GET", "/api/v1/sessions/house"))
      .sessions;
  }

  /** How the sound of an answer to `tell` is when nothing happens. */
  async reference(): Promise<Played> {
    this.#reference ??= await this.#undisturbed();
    return this.#reference;
  }

  /** What tools of the house were run for that name. */
  runsOf(name: string): readonly NotedRun[] {
    return runsIn(join(this.#folder, "runs")).filter(({ of }) => of === name);
  }

  /** @throws Error with what the peer answered, when it refuses */
  async manage<T>(peer: LivePeer, method: string, path: string, body?: unknown): Promise<T> {
    const { ok, text } = await this.#fetch(peer, method, path, body);
    if (!ok) throw new Error(`${method} ${path}: ${text}`);
    return JSON.parse(text) as T;
  }

  /** @throws Error when a peer has ended though nobody had ended it */
  async close(): Promise<void> {
    const crashes = this.household.crashes();
    await this.household.close();
    await rm(this.#folder, { recursive: true, force: true });
    if (crashes.length > 0) throw new Error(crashes.join("\n"));
  }

  async #fetch(peer: LivePeer, method: string, path: string, body?: unknown): Promise<{ ok: boolean; text: string }> {
    const { url, token } = peer.introduction;
    const init = {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", connection: "close" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    if (this.lan === undefined) {
      const response = await fetch(`${url}${path}`, init);
      return { ok: response.ok, text: await response.text() };
    }
    const [program = "", ...args] = this.household.placeOf(peer).command;
    const asked = JSON.stringify([`http://127.0.0.1:${CLIENT_PORT}${path}`, init]);
    const { stdout } = await run(program, [...args, process.execPath, "--input-type=module", "-e", ASKS, asked]);
    return JSON.parse(stdout);
  }

  async #undisturbed(): Promise<Played> {
    const [first] = this.peers;
    if (first === undefined) throw new Error("there are no peers");
    const talker = await (this.lan === undefined ? this.client(this.peers) : this.clientOn(first));
    await talker.talk();
    const name = newName();
    const { played, ...told } = await talker.say(questionOf("tell", name));
    talker.close();
    if (told.outcome === "complete" && told.question === heardOf("tell", name) && told.reply === answerOf("tell", name))
      return played;
    throw new Error(`undisturbed it was: ${JSON.stringify(told)}`);
  }

  #talker(options: Pick<TalkerOptions, "peers" | "session" | "ca">, command?: readonly string[]): Promise<Talker> {
    this.#clients += 1;
    return Talker.open({ name: this.lastClient, token: this.#token, ...options }, command);
  }

  async #admit(name: string): Promise<void> {
    const [first, ...others] = this.peers;
    if (first === undefined) throw new Error("there are no peers");
    const added = await this.manage<{ readonly token: string }>(first, "POST", "/api/v1/clients", {
      name,
      role: "member",
    });
    this.#token = added.token;
    for (const peer of others) {
      const isKnown = async (): Promise<boolean> =>
        JSON.stringify(await this.manage(peer, "GET", "/api/v1/clients")).includes(`"${name}"`);
      await until(isKnown, `${peer.name} knows ${name}`);
    }
  }

  async #isOffered(peer: LivePeer): Promise<boolean> {
    type Services = Readonly<Record<string, { readonly elsewhere?: readonly unknown[]; readonly model?: string }>>;
    const { services } = await this.manage<{ readonly services: Services }>(peer, "GET", "/capabilities");
    return ["vad", "stt", "llm", "tts"].every((name) => {
      const { elsewhere = [], model } = services[name] ?? {};
      return elsewhere.length + (model === undefined ? 0 : 1) >= this.peers.length;
    });
  }
}

/** It was heard in whole, once, and answered in whole, once. */
export async function expectWhole(house: TalkHouse, turn: TurnTold, name: string): Promise<void> {
  expect(turn).toEqual({
    outcome: "complete",
    question: heardOf("tell", name),
    reply: answerOf("tell", name),
    played: await house.reference(),
  });
}

function socketOf({ introduction: { url } }: LivePeer): string {
  return `${url.replace(/^http/, "ws")}/ws`;
}

/** The model is shown what was said about these, in this order, each question and each answer once, and what is asked now. */
export async function expectRemembered(talker: Talker, names: readonly string[]): Promise<void> {
  const shown = await talker.ask(RECITE);
  const places = names.flatMap((name) => {
    const asked = [...shown.matchAll(new RegExp(`tell (?:please )?${name}`, "g"))].map(({ index }) => index);
    const answered = [...shown.matchAll(new RegExp(answerOf("tell", name), "g"))].map(({ index }) => index);
    expect([name, asked.length, answered.length], `${shown}\n${talker.course()}`).toEqual([name, 1, 1]);
    return [...asked, ...answered];
  });
  expect(places).toEqual(places.toSorted((a, b) => a - b));
}
