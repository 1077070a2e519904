/**
 * Three peers as processes: one without a single engine, that a client talks to, and two that have all of them, of which one is asked
 * first. So what a client gets goes over the mesh, and can be disturbed there.
 */
import { connect, type ParleyClient, type TurnEvent } from "@parley/sdk";
import type { FlagValues } from "../../config/index.ts";
import type { ServiceName } from "../../services/stage.ts";
import { Household, untilUnited } from "./household.ts";
import type { LivePeer } from "./live-peer.ts";
import type { TestEngines } from "./orders.ts";

const SECRET = "a secret of more than sixteen characters";
const LOOK_MS = 50;
const WRITTEN_MS = 30_000;
const OFFERED_MS = 60_000;
const SERVICES: readonly ServiceName[] = ["vad", "stt", "llm", "tts"];

/** What a client was given, and when (`performance.now()`). */
export interface Given {
  readonly text: string;
  readonly sound: Float32Array;
  readonly startedMs: number;
  /** Of the first piece of sound; NaN when there was none. */
  readonly firstSoundMs: number;
  readonly endedMs: number;
}

/** Comes over it, once, with the first event for which it is due. */
export interface Disturbance {
  isDue(event: TurnEvent, seen: number): boolean;
  /** @param over aborted when all has come that comes */
  trouble(over: AbortSignal): Promise<void>;
}

export class ServedHouse {
  readonly client: ParleyClient;
  /** Without an engine. */
  readonly entry: LivePeer;
  /** Asked first, by the house's policy. */
  readonly first: LivePeer;
  readonly second: LivePeer;
  readonly #household: Household;

  private constructor(
    household: Household,
    client: ParleyClient,
    peers: { readonly entry: LivePeer; readonly first: LivePeer; readonly second: LivePeer },
  ) {
    this.#household = household;
    this.client = client;
    this.entry = peers.entry;
    this.first = peers.first;
    this.second = peers.second;
  }

  /** @param engines of the two; they should be started */
  static async open(engines: TestEngines, flags: FlagValues = {}): Promise<ServedHouse> {
    const household = await Household.open({ joinSecret: SECRET, flags });
    try {
      const [first, second] = await household.addAll(2, { engines });
      if (first === undefined || second === undefined) throw new Error("two were asked for");
      const entry = await household.add({ engines: undefined, flags: { ...flags, "cluster.roles": "client" } });
      await Promise.all([entry, first, second].map((peer) => peer.start()));
      await untilUnited([entry, first, second]);
      const house = new ServedHouse(household, await clientOf(entry), { entry, first, second });
      await house.#preferTheFirst();
      await house.untilWhole();
      return house;
    } catch (error) {
      await household.close();
      throw error;
    }
  }

  /** Starts who has ended, and waits until each is offered everything by both others. */
  async untilWhole(): Promise<void> {
    this.first.resume();
    await this.first.start();
    await untilUnited([this.entry, this.first, this.second]);
    for (const untilMs = performance.now() + OFFERED_MS; performance.now() < untilMs; await look()) {
      const { services } = await asked<{
        readonly services: Readonly<Record<string, { readonly elsewhere?: readonly unknown[] }>>;
      }>(this.entry, "/capabilities");
      if (SERVICES.every((name) => services[name]?.elsewhere?.length === 2)) return;
    }
    throw new Error(`never 2 of each: ${JSON.stringify(await asked(this.entry, "/capabilities"))}`);
  }

  /** Whether an engine of the first has something to do. */
  async isFirstAtWork(service: ServiceName): Promise<boolean> {
    const { services } = await asked<{
      readonly services: Readonly<
        Record<string, { readonly engine?: { readonly host?: { readonly running: number } } }>
      >;
    }>(this.first, "/status");
    return (services[service]?.engine?.host?.running ?? 0) > 0;
  }

  /** Whether the first has said in the house that it has a job of that kind, which may be one that only listens yet. */
  async hasFirstTaken(service: ServiceName): Promise<boolean> {
    const { services } = await asked<{
      readonly services: readonly { readonly peer: string; readonly capability: string; readonly running: number }[];
    }>(this.entry, "/api/v1/route");
    return services.some(
      ({ peer, capability, running }) => peer === this.first.peerId && capability === service && running > 0,
    );
  }

  /** Whether that engine of the first began before `over`. */
  async untilFirstWorks(service: ServiceName, over: AbortSignal): Promise<boolean> {
    while (!over.aborted) if (await this.isFirstAtWork(service)) return true;
    return false;
  }

  async close(): Promise<void> {
    this.client.close();
    await this.#household.close();
  }

  /** As the house's owner wants it. Written later, so it is waited for. */
  async #preferTheFirst(): Promise<void> {
    const key = "routing/policy";
    const value = JSON.stringify({ "*": { prefer: [this.first.peerId] } });
    await asked(this.entry, "/api/v1/settings", { key, value });
    for (const untilMs = performance.now() + WRITTEN_MS; performance.now() < untilMs; await look()) {
      const { settings } = await asked<{ readonly settings: Readonly<Record<string, string>> }>(
        this.entry,
        "/api/v1/settings",
      );
      if (settings[key] !== undefined) return;
    }
    throw new Error("the policy was never written down");
  }
}

/** A client of that peer, by its own token. */
export function clientOf({ introduction: { url, token } }: LivePeer): Promise<ParleyClient> {
  return connect({ url: `${url.replace(/^http/, "ws")}/ws`, token });
}

/** All that comes of a call, joined. */
export async function given(events: AsyncIterable<TurnEvent>, disturbance?: Disturbance): Promise<Given> {
  const startedMs = performance.now();
  const sound: number[] = [];
  let text = "";
  let firstSoundMs = Number.NaN;
  let seen = 0;
  let troubled: Promise<void> | undefined;
  const over = new AbortController();
  for await (const event of events) {
    if (event.type === "text") text += event.delta;
    if (event.type === "segment") text += event.text;
    if (event.type === "audio") for (const sample of event.samples) sound.push(sample);
    if (Number.isNaN(firstSoundMs) && sound.length > 0) firstSoundMs = performance.now();
    seen += 1;
    if (troubled !== undefined || disturbance?.isDue(event, seen) !== true) continue;
    troubled = disturbance.trouble(over.signal);
    // It is met below; nobody may be there yet.
    troubled.catch(() => undefined);
  }
  const endedMs = performance.now();
  over.abort();
  await troubled;
  return { text, sound: Float32Array.from(sound), startedMs, firstSoundMs, endedMs };
}

/** @throws Error with what the peer answered, when it refuses */
async function asked<T>({ introduction: { url, token } }: LivePeer, path: string, body?: unknown): Promise<T> {
  const init = {
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { method: "PUT", body: JSON.stringify(body) }),
  };
  // A kept connection may be closed by the peer just as it is used again; all that is asked may be asked twice.
  const response = await fetch(`${url}${path}`, init).catch(() => fetch(`${url}${path}`, init));
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(answer));
  // The peer is of this package's own, and answers as its routes say.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return answer as T;
}

function look(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
