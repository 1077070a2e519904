/** One run: known turns undisturbed, then turn after turn with a fault in it, and the house whole again before the next. */
import { randomUUID } from "node:crypto";
import { ParleyError } from "@parley/sdk";
import { setTimeout as sleep } from "node:timers/promises";
import { isPeerError, messageOf, PeerError } from "../../errors.ts";
import { BETWEEN_MS } from "../../services/chaos/faults.ts";
import type { Capabilities, ChaosPeer } from "./answers.ts";
import type { Undisturbed } from "./check.ts";
import type { Conversation } from "./conversation.ts";
import type { ChaosHouse, Strength } from "./house.ts";
import { hasOneVoice, type Plan } from "./plan.ts";
import { reportOf, type ChaosReport, type FaultRecord } from "./report.ts";
import { isPeerFault, victimOf, type PlannedFault, type PlannedTurn, type TurnKind } from "./schedule.ts";
import type { Course, GivenTurn, Taken } from "./taken.ts";

/** A peer that was killed has its engines to start again. */
const WHOLE_MS = 180_000;
/** So long after an order, a fault has come. */
const COMES_MS = 200;

export interface ChaosRun {
  readonly plan: Plan;
  readonly house: ChaosHouse;
  readonly conversation: Conversation;
  readonly services: Capabilities;
  readonly before: Strength;
  readonly peers: number;
  readonly withPeople: boolean;
  /** Ends the conversation; what was done is waited for all the same. */
  readonly signal: AbortSignal;
  /** Hears how it goes. */
  readonly onProgress: (line: string) => void;
}

/** @throws PeerError `not-ready` where not even an undisturbed turn comes to its end */
export async function runChaos(run: ChaosRun): Promise<ChaosReport> {
  return new Running(run).go();
}

/** A fault that was due, and under which id it was ordered. */
interface Done {
  readonly id: string | undefined;
  record: FaultRecord;
}

class Running {
  readonly #run: ChaosRun;
  readonly #turns: GivenTurn[] = [];
  readonly #faults: Done[] = [];
  readonly #violations: string[] = [];
  /** As they were when the house was whole last, so that a fault need not ask before it comes. */
  #peers: readonly ChaosPeer[] = [];
  #host: string | undefined;
  /** By then the last fault has ended by itself, and another one may come. */
  #overMs = 0;
  #undisturbed: Undisturbed = {};

  constructor(run: ChaosRun) {
    this.#run = run;
  }

  async go(): Promise<ChaosReport> {
    const { plan, signal, onProgress } = this.#run;
    const { turns } = plan.schedule;
    this.#undisturbed = await this.#undisturbedTurns(new Set(turns.map(({ kind }) => kind)));
    await this.#look();
    for (const turn of turns) {
      if (signal.aborted) break;
      onProgress(`turn ${turn.number} of ${turns.length}${turn.fault === undefined ? "" : `: ${turn.fault.kind}`}`);
      const given = await this.#take(turn);
      // What was cut off by a person says nothing of the house.
      if (!signal.aborted) this.#turns.push(given);
      if (turn.fault !== undefined && !(await this.#healed(turn.fault))) break;
    }
    return this.#report();
  }

  async #undisturbedTurns(kinds: ReadonlySet<TurnKind>): Promise<Undisturbed> {
    const { conversation, signal, onProgress } = this.#run;
    const taken: Undisturbed = {};
    for (const kind of kinds) {
      onProgress(`a turn without faults (${kind})`);
      // The first one may have to wait for a model to be there: the second tells how it goes.
      await conversation.take({ number: 0, kind }, signal);
      const given = await conversation.take({ number: 0, kind }, signal);
      if (signal.aborted) break;
      if (given.failure !== undefined) {
        throw new PeerError("not-ready", `even without any fault ${kind} fails: ${given.failure}`, {
          nextStep: "See what this house can do: parley doctor, parley status.",
        });
      }
      taken[kind] = given;
    }
    return taken;
  }

  async #take(turn: PlannedTurn): Promise<GivenTurn> {
    const { conversation, signal } = this.#run;
    const { fault } = turn;
    if (fault === undefined) return conversation.take(turn, signal);
    if (fault.moment === "between-turns") {
      this.#faults.push(await this.#hurt(turn, fault, undefined));
      return conversation.take(turn, signal);
    }
    let hurting: Promise<Done | undefined> | undefined;
    const usual: Course = this.#undisturbed[turn.kind] ?? { sentences: [], firstMs: 0, soundMs: 0, text: "" };
    const { moment, share } = fault;
    const given = await conversation.take(turn, signal, (taken) => {
      hurting = (async () => {
        const isMet = await taken.until(moment, share, usual);
        if (signal.aborted) return undefined;
        return isMet ? this.#hurt(turn, fault, taken) : this.#tooLate(turn, fault);
      })();
      // It is met below; the turn may take longer.
      hurting.catch(() => undefined);
    });
    const done = await hurting;
    if (done !== undefined) this.#faults.push(done);
    return given;
  }

  /** Fulfilled when it has come, or was refused. */
  async #hurt(turn: PlannedTurn, fault: PlannedFault, taken: Taken | undefined): Promise<Done> {
    const { house, conversation, withPeople } = this.#run;
    const { kind, moment, holdMs } = fault;
    const cameFirst = taken?.hasBegun !== true;
    const about = { turn: turn.number, kind, moment, holdMs, cameFirst, newPrimeMs: null };
    if (!isPeerFault(kind)) {
      conversation.blink();
      const record = { ...about, peer: null, wasPrime: false, wasHost: false, landed: true, refused: null };
      return { id: undefined, record };
    }
    const { victim, wasHost } = this.#victim(fault);
    const id = randomUUID();
    const who = { peer: victim?.name ?? "?", wasPrime: victim?.isPrime === true, wasHost };
    let refused: string | null = victim === undefined ? "nobody may be hurt so now" : null;
    try {
      if (victim !== undefined) {
        await house.hurt({ id, peer: victim.peerId, kind, holdMs, withPeople });
        this.#overMs = performance.now() + holdMs + BETWEEN_MS;
      }
    } catch (error) {
      if (!isExpected(error)) throw error;
      // Whoever does not answer may just have been hurt: only a refusal says that nothing was done.
      if (isRefusal(error)) refused = messageOf(error);
      else this.#overMs = performance.now() + holdMs + BETWEEN_MS;
    }
    await sleep(COMES_MS);
    return { id, record: { ...about, ...who, refused, landed: taken?.isOver !== true } };
  }

  /** Its moment did not come, or was over at once. */
  #tooLate({ number: turn }: PlannedTurn, { kind, moment, holdMs }: PlannedFault): Done {
    const about = { turn, kind, moment, holdMs, cameFirst: false, newPrimeMs: null };
    const refused = "the turn was over before its moment came";
    const record = { ...about, peer: null, wasPrime: false, wasHost: false, landed: false, refused };
    return { id: undefined, record };
  }

  /** As things are in this moment. */
  #victim(fault: PlannedFault): { readonly victim: ChaosPeer | undefined; readonly wasHost: boolean } {
    const { plan, conversation } = this.#run;
    const able = plan.mayBeHurt.get(fault.kind) ?? [];
    const now = this.#peers.filter(({ peerId }) => able.some((peer) => peer.peerId === peerId));
    const host = this.#host ?? conversation.entry;
    const victim = victimOf(fault, now.length > 0 ? now : able, host);
    return { victim, wasHost: victim?.peerId === host };
  }

  /** Waits until the house is whole; false: it does not become so, and nothing more is done to it. */
  async #healed({ kind, holdMs }: PlannedFault): Promise<boolean> {
    const { house, before, onProgress } = this.#run;
    onProgress(`waiting until the house is whole after ${kind}`);
    // Before it cannot be. Also after Ctrl-C: what was done is undone before the command ends.
    await sleep(Math.max(0, this.#overMs - performance.now()));
    const why = await house.untilWhole(before, holdMs + WHOLE_MS);
    if (why !== undefined) {
      this.#violations.push(
        `The house was not whole again ${Math.round((holdMs + WHOLE_MS) / 1_000)} s after ${kind}: ${why}. Nothing more was done to it.`,
      );
      return false;
    }
    await this.#look();
    return true;
  }

  /** Whom a fault would meet now, and what those who stayed have measured. */
  async #look(): Promise<void> {
    const { house } = this.#run;
    try {
      this.#peers = await house.peers();
      this.#host = await house.host();
    } catch (error) {
      // The next look may see it.
      if (!isExpected(error)) throw error;
    }
    const times = new Map(this.#peers.flatMap(({ look }) => (look?.newPrimes ?? []).map(({ id, ms }) => [id, ms])));
    for (const done of this.#faults) {
      const newPrimeMs = done.id === undefined ? undefined : times.get(done.id);
      if (newPrimeMs !== undefined) done.record = { ...done.record, newPrimeMs };
    }
  }

  #report(): ChaosReport {
    const { plan, services, peers, signal } = this.#run;
    return reportOf({
      schedule: plan.schedule,
      undisturbed: this.#undisturbed,
      turns: this.#turns,
      faults: this.#faults.map(({ record }) => record),
      violations: this.#violations,
      notes: plan.notes,
      peers,
      hasOneVoice: hasOneVoice(services),
      wasInterrupted: signal.aborted,
    });
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ParleyError && error.code === "refused" && error.remoteCode !== "unreachable";
}

function isExpected(error: unknown): boolean {
  return isPeerError(error) || error instanceof ParleyError;
}
