/** A home whose hosts come, go, sleep and die, with the planner at its prime. No consensus: changes are in force at once. */
import type { ConfChangeStep, NodeId } from "@parley/raft";
import { planMembership } from "../../../src/cluster/membership/plan.ts";
import {
  majority,
  MEMBERSHIP_TIMING,
  type MembershipStep,
  type MembershipView,
  type Standing,
} from "../../../src/cluster/membership/view.ts";

interface Host {
  isAlive: boolean;
  sinceMs: number;
  departures: number;
  isAsleep: boolean;
  isAlwaysOn: boolean;
  belongs: boolean;
  isCaughtUp: boolean;
}

export class SimulatedHome {
  readonly hosts = new Map<NodeId, Host>();
  voters: NodeId[] = [1];
  learners: NodeId[] = [];
  prime: NodeId | undefined = 1;
  nowMs = 0;
  /** All that the planner had done. */
  readonly taken: MembershipStep[] = [];

  constructor() {
    this.join(true);
  }

  join(isAlwaysOn: boolean): NodeId {
    const node = this.hosts.size + 1;
    this.hosts.set(node, {
      isAlive: true,
      sinceMs: this.nowMs,
      departures: 0,
      isAsleep: false,
      isAlwaysOn,
      belongs: true,
      isCaughtUp: node === 1,
    });
    return node;
  }

  die(node: NodeId): void {
    const host = this.host(node);
    if (!host.isAlive) return;
    Object.assign(host, { isAlive: false, sinceMs: this.nowMs, departures: host.departures + 1, isCaughtUp: false });
    this.elect();
  }

  comeBack(node: NodeId): void {
    const host = this.host(node);
    if (host.isAlive) return;
    Object.assign(host, { isAlive: true, sinceMs: this.nowMs });
    this.elect();
  }

  sleep(node: NodeId, isAsleep: boolean): void {
    this.host(node).isAsleep = isAsleep;
  }

  /** By leaving, or by being revoked. The last one stays. */
  leave(node: NodeId): void {
    const belonging = [...this.hosts.values()].filter(({ belongs }) => belongs);
    if (belonging.length > 1) this.host(node).belongs = false;
  }

  host(node: NodeId): Host {
    const host = this.hosts.get(node);
    if (host === undefined) throw new Error(`there is no host ${node}`);
    return host;
  }

  view(): MembershipView | undefined {
    if (this.prime === undefined) return undefined;
    const listed = [...this.hosts].filter(
      ([node, { belongs }]) => belongs || this.voters.includes(node) || this.learners.includes(node),
    );
    const standings = listed.map(([node, host]): Standing => ({
      node,
      ...host,
      forMs: node === this.prime ? Infinity : this.nowMs - host.sinceMs,
    }));
    const { voters, learners, prime } = this;
    return { prime, voters, learners, isChanging: false, standings };
  }

  /** Time passes, and the keeper looks sixty times at least. Throws when it does something that must not be. */
  pass(seconds: number): void {
    const stepMs = Math.max(1_000, (seconds * 1_000) / 60);
    for (const endMs = this.nowMs + seconds * 1_000; this.nowMs < endMs;) {
      this.nowMs += stepMs;
      this.#catchUp();
      this.look();
    }
  }

  look(): MembershipStep | undefined {
    const view = this.view();
    const step = view === undefined ? undefined : planMembership(view, MEMBERSHIP_TIMING);
    if (step === undefined) return undefined;
    this.taken.push(step);
    if (step.kind === "hand-over") this.#handOver(step.to);
    else this.#change(step.steps);
    return step;
  }

  canDecide(voters: readonly NodeId[] = this.voters): boolean {
    return voters.filter((node) => this.host(node).isAlive).length >= majority(voters.length);
  }

  elect(): void {
    if (!this.canDecide()) this.prime = undefined;
    else if (this.prime === undefined || !this.host(this.prime).isAlive || !this.voters.includes(this.prime)) {
      // Raft would see to it that it is one with all of the log.
      this.prime = this.voters.find((node) => this.host(node).isAlive);
      if (this.prime !== undefined) this.host(this.prime).isCaughtUp = true;
    }
  }

  #handOver(to: NodeId): void {
    if (!this.voters.includes(to) || !this.host(to).isAlive) throw new Error(`leadership cannot go to ${to}`);
    this.prime = to;
  }

  #change(steps: readonly ConfChangeStep[]): void {
    const [voters, learners] = [new Set(this.voters), new Set(this.learners)];
    for (const { operation, node } of steps) {
      if (operation === "add-voter" && (!learners.has(node) || !this.host(node).isCaughtUp)) {
        throw new Error(`${node} became a voter without having learnt`);
      }
      if (operation === "add-voter" && this.host(node).isAsleep) throw new Error(`${node} sleeps, and is to vote`);
      voters.delete(node);
      learners.delete(node);
      if (operation === "add-voter") voters.add(node);
      if (operation === "add-learner") learners.add(node);
    }
    if (voters.size < 1 || voters.size > 5) throw new Error(`there would be ${voters.size} voters`);
    if (!this.canDecide()) throw new Error("the old voters could not decide on the change");
    if (!this.canDecide([...voters])) throw new Error("the new voters could decide nothing");
    if (this.prime === undefined || !voters.has(this.prime)) throw new Error("the prime would lose its vote");
    this.voters = [...voters];
    this.learners = [...learners];
  }

  /** Whoever is alive and takes part has the log within a second, as long as there is a prime to give it. */
  #catchUp(): void {
    if (this.prime === undefined) return this.elect();
    for (const [node, host] of this.hosts) {
      if (host.isAlive && (this.voters.includes(node) || this.learners.includes(node))) host.isCaughtUp = true;
    }
  }
}
