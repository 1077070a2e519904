/** The house that is hurt, as the command sees it: how its peers fare, through the one peer that is asked, which may be away at times. */
import { ParleyError } from "@parley/sdk";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../config/index.ts";
import { isPeerError, messageOf } from "../../errors.ts";
import type { PeerFault } from "../../services/chaos/faults.ts";
import { whyNotWhole } from "../../services/chaos/limits.ts";
import { read } from "../cluster/answers.ts";
import { admittedAnswer } from "../clients/answers.ts";
import { openManagement } from "../management.ts";
import { sessionsAnswer, type ShownSession } from "../sessions/answers.ts";
import { capabilitiesAnswer, chaosAnswer, hurtAnswer, type Capabilities, type ChaosPeer } from "./answers.ts";

/** How much a whole house has of what faults take away for a while. */
export interface Strength {
  readonly voters: number;
  readonly speakers: number;
  readonly thinkers: number;
}

export interface OrderedFault {
  readonly id: string;
  readonly peer: string;
  readonly kind: PeerFault;
  readonly holdMs: number;
  readonly withPeople: boolean;
}

const ASK_MS = 8_000;
/** Longer each time: what an account may ask in a minute is limited (`limits.messages_per_minute`). */
const LOOKS_MS = [100, 200, 400, 800, 1_500] as const;
/** The account outlives the command by no more than this. */
const ACCOUNT_MS = 6 * 3_600_000;

export class ChaosHouse {
  /** Under which the command talks with the house; nobody else has it. */
  readonly account: string;
  readonly #config: Config;
  readonly #env: NodeJS.ProcessEnv;

  constructor(config: Config, env: NodeJS.ProcessEnv, account: string) {
    this.#config = config;
    this.#env = env;
    this.account = account;
  }

  /** @throws what asking a peer throws */
  async peers(signal?: AbortSignal): Promise<readonly ChaosPeer[]> {
    const path = `/chaos?account=${encodeURIComponent(this.account)}`;
    return read(chaosAnswer, await this.#ask(signal, (management, how) => management.get(path, how))).peers;
  }

  async capabilities(signal?: AbortSignal): Promise<Capabilities> {
    const answer = await this.#ask(signal, (management, how) => management.getPage("/capabilities", how));
    return read(capabilitiesAnswer, answer).services;
  }

  /** Where the command's own conversation lives; undefined: nowhere yet. */
  async host(signal?: AbortSignal): Promise<string | undefined> {
    const [session] = await this.#sessions(signal);
    return session?.host?.peerId;
  }

  async #sessions(signal: AbortSignal | undefined): Promise<readonly ShownSession[]> {
    const answer = await this.#ask(signal, (management, how) => management.get("/sessions/house", how));
    return read(sessionsAnswer, answer).sessions.filter(({ account }) => account === this.account);
  }

  /** Lets the command's own client in. @returns its token */
  async admit(signal?: AbortSignal): Promise<string> {
    const body = { name: this.account, role: "member", expiresInMs: ACCOUNT_MS };
    const answer = await this.#ask(signal, (management, how) => management.post("/clients", { ...how, body }));
    return read(admittedAnswer, answer).token;
  }

  /** Takes it away again, and with it what was said. */
  async dismiss(): Promise<void> {
    for (const { sessionId } of await this.#sessions(undefined)) {
      const session = `/sessions/house/${encodeURIComponent(sessionId)}`;
      await this.#ask(undefined, (management, how) => management.delete(session, how));
    }
    const path = `/clients/${encodeURIComponent(this.account)}`;
    await this.#ask(undefined, (management, how) => management.delete(path, how));
  }

  /** @throws what asking a peer throws; ParleyError `refused` with the reason why the fault is not done */
  async hurt({ peer, ...fault }: OrderedFault): Promise<void> {
    const body = { peer, account: this.account, ...fault };
    read(hurtAnswer, await this.#ask(undefined, (management, how) => management.post("/chaos", { ...how, body })));
  }

  async strength(peers: readonly ChaosPeer[], signal?: AbortSignal): Promise<Strength> {
    return strengthOf(peers, await this.capabilities(signal));
  }

  /**
   * Undefined once everybody is there, agrees, and can do as much as `before`; else after `timeoutMs` why that is not so.
   * @throws the reason of `signal`
   */
  async untilWhole(before: Strength, timeoutMs: number, signal?: AbortSignal): Promise<string | undefined> {
    return this.#until(() => this.#whyNotYet(before, signal), timeoutMs, signal);
  }

  /** Undefined once every peer would let the command's client in; else after `timeoutMs` why not. @throws as {@link untilWhole} */
  untilKnown(timeoutMs: number, signal: AbortSignal): Promise<string | undefined> {
    const why = async (): Promise<string | undefined> => {
      const strangers = (await this.peers(signal)).filter(({ look }) => look?.knowsAccount !== true);
      if (strangers.length === 0) return undefined;
      return `${strangers.map(({ name }) => name).join(", ")} has not heard of the client that is to talk`;
    };
    return this.#until(why, timeoutMs, signal);
  }

  async #until(
    whyNot: () => Promise<string | undefined>,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const untilMs = performance.now() + timeoutMs;
    for (let look = 0; ; look += 1) {
      const why = await whyNot();
      if (why === undefined || performance.now() >= untilMs) return why;
      await sleep(LOOKS_MS[look] ?? LOOKS_MS.at(-1), undefined, signal === undefined ? {} : { signal });
    }
  }

  async #whyNotYet(before: Strength, signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      const peers = await this.peers(signal);
      const why = notWhole(peers);
      return why ?? weakerThan(before, await this.strength(peers, signal));
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      // The peer that is asked may be the one that was hurt.
      if (isPeerError(error) || error instanceof ParleyError) return messageOf(error);
      throw error;
    }
  }

  /** The peer is looked up each time: who was started again has another token. */
  async #ask(
    signal: AbortSignal | undefined,
    question: (
      management: Awaited<ReturnType<typeof openManagement>>,
      how: { readonly signal: AbortSignal },
    ) => Promise<unknown>,
  ): Promise<unknown> {
    const patience = AbortSignal.timeout(ASK_MS);
    const ending = signal === undefined ? patience : AbortSignal.any([signal, patience]);
    const management = await openManagement(this.#config, this.#env);
    try {
      return await question(management, { signal: ending });
    } catch (error) {
      if (signal?.aborted === true || !patience.aborted) throw error;
      throw new ParleyError("timed-out", "the peer that is asked does not answer", {
        nextStep: "Look at its log, or ask another one: --peer ADDRESS.",
        cause: error,
      });
    }
  }
}

/** Why the house is not as it should be before it is hurt; undefined: it is. */
export function notWhole(peers: readonly ChaosPeer[]): string | undefined {
  const why = whyNotWhole(peers);
  if (why !== undefined) return why;
  if (peers.length > 1 && !peers.some(({ isPrime }) => isPrime)) return "there is no prime";
  const silent = peers.filter(({ look }) => look === null).map(({ name }) => name);
  if (silent.length > 0) return `${silent.join(", ")} does not answer, or is of an older version`;
  const strangers = peers.filter(({ look }) => look?.running !== null).map(({ name }) => name);
  return strangers.length > 0 ? `a fault of ${strangers.join(", ")} is not over` : undefined;
}

function strengthOf(peers: readonly ChaosPeer[], { tts, llm }: Capabilities): Strength {
  const count = (service: Capabilities["tts"]): number =>
    service === undefined ? 0 : service.elsewhere.length + (service.isHere ? 1 : 0);
  return {
    voters: peers.filter(({ role }) => role === "voter").length,
    speakers: count(tts),
    thinkers: count(llm),
  };
}

function weakerThan(before: Strength, now: Strength): string | undefined {
  if (now.voters < before.voters) return `${now.voters} of ${before.voters} voters are back`;
  if (now.speakers < before.speakers) return `${now.speakers} of ${before.speakers} voices are back`;
  return now.thinkers < before.thinkers ? `${now.thinkers} of ${before.thinkers} language models are back` : undefined;
}
