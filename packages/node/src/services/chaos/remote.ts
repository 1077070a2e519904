/**
 * Faults of any peer of the house, ordered at any other: `parley://PEER/services/chaos`. The peer that is to be hurt has the last word, and
 * asks the prime first, which lets one fault happen at a time and none that would take the quorum. All others know of it before it
 * begins: whoever is prime next lets no other one happen meanwhile.
 */
import { isActorError, messageKinds, type ActorRef } from "@parley/actors";
import type { Logger } from "pino";
import * as z from "zod";
import type { Cluster, PeerReport } from "../../cluster/face.ts";
import { memberNamed } from "../../cluster/host/joining/namesakes.ts";
import { isPeerError, messageOf, PeerError } from "../../errors.ts";
import type { SpawnService } from "../mesh/offer/tree.ts";
import { ownRef, without } from "../mesh/wire.ts";
import type { SessionReport } from "../session/report.ts";
import { accountSchema, faultSchema, MAX_HOLD_MS, PEER_FAULTS, type Fault, type Refusal } from "./faults.ts";
import { Permits } from "./limits.ts";
import type { OwnFaults } from "./own-faults.ts";
import { PrimeWatch } from "./prime-watch.ts";

const kind = z.enum(PEER_FAULTS);
const peerId = z.string().min(1).max(128);
const orderSchema = z.discriminatedUnion("do", [
  /** What it would bear, and how it is; `account` is whose turns are not counted as other people's. */
  z.strictObject({ do: z.literal("look"), account: accountSchema }),
  z.strictObject({ do: z.literal("hurt"), fault: faultSchema }),
  /** Asked of the prime: may that peer be hurt so now? */
  z.strictObject({
    do: z.literal("permit"),
    id: z.uuid(),
    kind,
    peer: peerId,
    holdMs: z.int().min(1).max(MAX_HOLD_MS),
  }),
  /** Told by the prime to all others: that one is about to be hurt. */
  z.strictObject({ do: z.literal("heed"), id: z.uuid(), peer: peerId, holdMs: z.int().min(1).max(MAX_HOLD_MS) }),
  /** Told to all: it was not hurt after all. */
  z.strictObject({ do: z.literal("release"), id: z.uuid() }),
  /** Told to all others: from now on it is measured how long it takes until another than `prime` is prime. */
  z.strictObject({ do: z.literal("watch"), id: z.uuid(), prime: peerId }),
]);
export type ChaosOrder = z.output<typeof orderSchema>;

/** What a newer peer says beside is passed over. */
const lookSchema = z.object({
  isAllowed: z.boolean(),
  impossible: z.partialRecord(kind, z.string().max(500)).catch({}),
  notes: z.array(z.string().max(500)).max(16).catch([]),
  running: kind.nullable().catch(null),
  /** Turns under way here that are other people's. */
  busy: z.int().min(0),
  /** Whether it would let that account's client in. */
  knowsAccount: z.boolean(),
  /** How long it took, of the faults that it was told of last. */
  newPrimes: z
    .array(z.object({ id: z.uuid(), ms: z.number().min(0) }))
    .max(64)
    .catch([]),
});
export type ChaosLook = z.output<typeof lookSchema>;

const words = z.string().max(1_000);
const answerSchema = z.union([
  z.object({ look: lookSchema }),
  z.object({ done: z.literal(true) }),
  z.object({ refused: z.object({ message: words, nextStep: words }) }),
]);
type Answer = z.output<typeof answerSchema>;

interface ChaosRequest {
  readonly type: "chaos";
  readonly order: ChaosOrder;
  readonly replyTo: ActorRef<Answer>;
}

const asked = z.strictObject({ type: z.literal("chaos"), order: orderSchema });
const LOOK_MS = 1_500;
const HURT_MS = 6_000;
const HEED_MS = 1_500;
/** The prime asks all others meanwhile. */
const PERMIT_MS = 3_000;
const WAITING = 64;

/** @throws ActorError `bad-message` */
export function acceptsChaosRequest(given: unknown, from: string): ChaosRequest {
  return messageKinds<ChaosRequest>("who orders a fault", {
    chaos: (each) => ({ ...asked.parse(without(each, "replyTo")), replyTo: ownRef(each, "replyTo", from) }),
  })(given);
}

/** One peer of the house, and what it said. */
export interface ChaosOfPeer {
  readonly peerId: string;
  readonly name: string;
  readonly role: PeerReport["role"];
  readonly isOnline: boolean;
  readonly isPrime: boolean;
  readonly isDraining: boolean;
  /** Null: it is away, did not answer in time, or is of a version that knows no such question. */
  readonly look: ChaosLook | null;
}

/** Where it is written down what was done to this peer, and by whom. */
export interface FaultLog {
  note(entry: {
    readonly actor: string;
    readonly action: string;
    readonly target: string;
    readonly outcome: "done";
    readonly details: Record<string, string | number>;
  }): Promise<void>;
}

/** Who is hurt, and is asked to be. */
export interface HouseChaosOptions {
  readonly name: string;
  readonly cluster: Pick<Cluster, "actors" | "peers" | "peerId" | "onChange">;
  readonly own: Pick<OwnFaults, "bearing" | "whyNot" | "begin" | "running">;
  /** What people do at this peer: its sessions, and its own ears. */
  readonly sessions: () => readonly Pick<SessionReport, "account" | "doing">[];
  readonly isHeardHere: () => boolean;
  readonly knows: (account: string) => boolean;
  readonly audit: FaultLog;
  readonly log: Logger;
  /** A monotonic clock. Default: the machine's. */
  readonly nowMs?: () => number;
}

export class HouseChaos {
  readonly #options: HouseChaosOptions;
  readonly #permits = new Permits();
  readonly #watch: PrimeWatch;

  constructor(options: HouseChaosOptions) {
    this.#options = options;
    this.#watch = new PrimeWatch({ cluster: options.cluster, nowMs: () => this.#nowMs });
  }

  /** Spawns what the other peers order it from: members, who may do anything to each other. */
  serve(spawn: SpawnService): void {
    const answer = ({ order, replyTo }: ChaosRequest): void => {
      // What is asked meanwhile does not wait: the prime may have to be asked, which may be this peer.
      void this.#answer(order).then((given) => replyTo.tell(given));
    };
    spawn<ChaosRequest>(() => answer, {
      name: "chaos",
      restart: "permanent",
      mailbox: { capacity: WAITING },
      accepts: acceptsChaosRequest,
    });
  }

  /** All peers of the house. @param account of whoever talks with the house meanwhile */
  async all(account: string): Promise<readonly ChaosOfPeer[]> {
    return Promise.all(
      this.#peers().map(async ({ peerId: id, name, role, isOnline, isPrime, isDraining = false }) => {
        const look = isOnline ? await this.#lookAt(id, account) : null;
        return { peerId: id, name, role, isOnline, isPrime, isDraining, look };
      }),
    );
  }

  /**
   * Has a peer hurt. Fulfilled when it is about to be.
   * @param who by name, fingerprint or id
   * @throws PeerError `no-such-peer`, also for a name of several; `unreachable`; `not-ready` with why it is not done
   */
  async hurt(who: string, fault: Fault): Promise<{ readonly peerId: string; readonly name: string }> {
    const peers = this.#peers();
    const { peerId: id, name, isPrime } = memberNamed(who, peers);
    if (!fault.withPeople) await this.#leavePeopleAlone(fault.account);
    const answer = await this.#order(id, { do: "hurt", fault }, HURT_MS);
    if (answer === undefined) {
      throw new PeerError("unreachable", `${name} does not answer`, {
        nextStep: "See who is there, and which version each runs: parley peers.",
      });
    }
    if ("refused" in answer) throw refused(name, answer.refused);
    if (isPrime) {
      for (const { peerId: other } of peers) {
        // Who does not hear of it measures nothing.
        if (other !== id) void this.#order(other, { do: "watch", id: fault.id, prime: id }, LOOK_MS);
      }
    }
    return { peerId: id, name };
  }

  close(): void {
    this.#watch.close();
  }

  /** @throws PeerError `not-ready` */
  async #leavePeopleAlone(account: string): Promise<void> {
    const looks = await this.all(account);
    const busy = looks.filter(({ look }) => (look?.busy ?? 0) > 0).map(({ name }) => name);
    if (busy.length === 0) return;
    throw refused(busy.join(", "), {
      message: "somebody is in the middle of a turn there",
      nextStep: "Wait until nobody talks with the house, or give --with-people.",
    });
  }

  /** Never rejects. */
  async #answer(order: ChaosOrder): Promise<Answer> {
    try {
      return await this.#carryOut(order);
    } catch (error) {
      const nextStep = isPeerError(error) ? error.nextStep : "See that peer's log.";
      return { refused: { message: messageOf(error).slice(0, 1_000), nextStep } };
    }
  }

  async #carryOut(order: ChaosOrder): Promise<Answer> {
    switch (order.do) {
      case "look":
        return { look: await this.#look(order.account) };
      case "hurt":
        return this.#beHurt(order.fault);
      case "permit":
        return this.#permit(order);
      case "heed": {
        const refusal = this.#permits.heed(order, this.#peers(), this.#nowMs);
        return refusal === undefined ? { done: true } : { refused: refusal };
      }
      case "release":
        this.#permits.release(order.id);
        return { done: true };
      case "watch":
        this.#watch.begin(order.id, order.prime);
        return { done: true };
    }
  }

  async #look(account: string): Promise<ChaosLook> {
    const { own, sessions, isHeardHere, knows } = this.#options;
    const others = sessions().filter((each) => each.account !== account && IN_A_TURN.has(each.doing));
    return {
      ...(await own.bearing()),
      notes: [...(await own.bearing()).notes],
      running: own.running ?? null,
      busy: others.length + (isHeardHere() ? 1 : 0),
      knowsAccount: knows(account),
      newPrimes: [...this.#watch.found],
    };
  }

  /** To this peer. It is asked of the prime last: what was permitted is done. */
  async #beHurt(fault: Fault): Promise<Answer> {
    const { own, cluster, audit, name, log } = this.#options;
    const { id, kind: how, holdMs, by } = fault;
    const no = await own.whyNot(fault);
    if (no !== undefined) return { refused: no };
    const prime = this.#peers().find(({ isPrime }) => isPrime);
    if (prime === undefined) return { refused: NO_PRIME };
    const permit: ChaosOrder = { do: "permit", id, kind: how, peer: cluster.peerId, holdMs };
    const permitted = await this.#order(prime.peerId, permit, PERMIT_MS);
    if (permitted === undefined) return { refused: NO_PRIME };
    if ("refused" in permitted) return permitted;
    await audit.note({
      actor: by,
      action: "chaos.fault",
      target: name,
      outcome: "done",
      details: { kind: how, holdMs },
    });
    try {
      await own.begin(fault);
    } catch (error) {
      this.#release(id);
      log.warn({ err: error, kind: how }, "a fault that was ordered could not be done");
      throw error;
    }
    return { done: true };
  }

  async #permit({ id, kind: how, peer, holdMs }: ChaosOrder & { readonly do: "permit" }): Promise<Answer> {
    const peers = this.#peers();
    // Who was prime a moment ago does not know what the next one permits.
    if (peers.find(({ isPrime }) => isPrime)?.peerId !== this.#options.cluster.peerId) return { refused: NO_PRIME };
    const fault = { id, peer, holdMs };
    const refusal = this.#permits.ask({ ...fault, kind: how }, peers, this.#nowMs) ?? (await this.#whyUnheeded(fault));
    if (refusal !== undefined) return { refused: refusal };
    this.#permits.heed(fault, peers, this.#nowMs);
    return { done: true };
  }

  /** Has all others know of it; whoever does not might be prime next, and let another one happen beside it. */
  async #whyUnheeded(fault: Pick<Fault, "id" | "holdMs"> & { readonly peer: string }): Promise<Refusal | undefined> {
    const { cluster } = this.#options;
    const others = cluster.actors === undefined ? [] : this.#peers().filter((each) => each.peerId !== cluster.peerId);
    const refusals = await Promise.all(
      others.map(async ({ peerId: other, name }) => {
        const answer = await this.#order(other, { do: "heed", ...fault }, HEED_MS);
        if (answer !== undefined && "refused" in answer) return answer.refused;
        return answer === undefined ? unheard(name) : undefined;
      }),
    );
    const refusal = refusals.find((each) => each !== undefined);
    if (refusal !== undefined) this.#release(fault.id);
    return refusal;
  }

  /** Who does not hear of it waits until it would have been over. */
  #release(id: string): void {
    for (const { peerId: each } of this.#peers()) void this.#order(each, { do: "release", id }, HEED_MS);
  }

  async #lookAt(peer: string, account: string): Promise<ChaosLook | null> {
    const answer = await this.#order(peer, { do: "look", account }, LOOK_MS);
    return answer !== undefined && "look" in answer ? answer.look : null;
  }

  /** Undefined: no answer. */
  async #order(peer: string, order: ChaosOrder, timeoutMs: number): Promise<Answer | undefined> {
    const { cluster } = this.#options;
    if (peer === cluster.peerId) return this.#answer(order);
    const there = cluster.actors?.resolve<ChaosRequest>(`parley://${peer}/services/chaos`);
    if (there === undefined) return undefined;
    try {
      const accepts = (reply: unknown): Answer => answerSchema.parse(reply);
      return await there.ask<Answer>((replyTo) => ({ type: "chaos", order, replyTo }), { timeoutMs, accepts });
    } catch (error) {
      // Away, too busy, or of a version that does not know the question.
      if (isActorError(error)) return undefined;
      throw error;
    }
  }

  /** With this peer among them also where there is no cluster. */
  #peers(): readonly PeerReport[] {
    const { cluster, name } = this.#options;
    const peers = cluster.peers();
    return peers.some(({ isSelf }) => isSelf) ? peers : [alone(cluster.peerId, name), ...peers];
  }

  get #nowMs(): number {
    return (this.#options.nowMs ?? (() => performance.now()))();
  }
}

const IN_A_TURN: ReadonlySet<SessionReport["doing"]> = new Set(["asking", "talking"]);

const NO_PRIME: Refusal = {
  message: "there is no prime now that could be asked whether the house bears it",
  nextStep: "See how the house stands: parley status.",
};

function unheard(name: string): Refusal {
  return { message: `${name} does not answer, or is of an older version`, nextStep: "See who is there: parley peers." };
}

function refused(name: string, { message, nextStep }: Refusal): PeerError {
  return new PeerError("not-ready", `${name}: ${message}`, { nextStep });
}

function alone(peer: string, name: string): PeerReport {
  return {
    peerId: peer,
    name,
    nodeId: 0,
    role: "voter",
    isPrime: false,
    isSelf: true,
    isOnline: true,
    lastSeenMs: undefined,
    roundTripMs: undefined,
    addresses: [],
    host: undefined,
    version: undefined,
    platform: undefined,
    roles: [],
    hardware: [],
    models: [],
    languages: [],
    voices: [],
  };
}
