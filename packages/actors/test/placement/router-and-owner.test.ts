import fc from "fast-check";
import { expect, test } from "vitest";
import { ActorError } from "../../src/index.ts";
import { type Arrival, Owner, type OwnerEffect } from "../../src/placement/owner.ts";
import { type DispatchOutcome, Router, type RouterEffect } from "../../src/placement/router.ts";
import type { ShardRow } from "../../src/placement/table.ts";

const OWNER = { maxEntities: 9, maxWaiting: 99, maxEarly: 99, passivateAfterMs: Infinity, maxOutcomes: 99 };
const LOST: DispatchOutcome = { type: "lost", error: new ActorError("peer-gone", "gone") };

type Dispatch = Extract<RouterEffect<number>, { type: "dispatch" }>;

/** One region that sends, one that owns, and a way between them that keeps order but loses messages and answers. */
class World {
  readonly router = new Router<number>({ maxHeld: 99, maxUnderWay: 8, retryMs: 50 });
  readonly owner = new Owner<Dispatch>("self", OWNER);
  readonly handled: number[] = [];
  rows: readonly ShardRow[] = [{ epoch: 0, owner: undefined }];
  way: Dispatch[] = [];
  back: { readonly dispatch: Dispatch; readonly outcome: DispatchOutcome }[] = [];
  mailbox: Arrival<Dispatch>[] = [];
  isStopping = false;
  nowMs = 0;

  route(effects: readonly RouterEffect<number>[]): void {
    for (const effect of effects) {
      if (effect.type === "refuse") throw effect.error;
      this.way.push(effect);
    }
  }

  own(effects: readonly OwnerEffect<Dispatch>[]): void {
    for (const effect of effects) {
      if (effect.type === "give") this.mailbox.push(effect.arrival);
      if (effect.type === "stop") this.isStopping = true;
      if (effect.type !== "answer") continue;
      const { type } = effect.outcome;
      const outcome: DispatchOutcome = { type: type === "moved" || type === "again" ? type : "over" };
      this.back.push({ dispatch: effect.arrival.content, outcome });
    }
  }

  send(sequence: number): void {
    const delivery = { sequence, shard: 0, entity: "e", dueMs: Infinity, isAcknowledged: true, content: sequence };
    this.route(this.router.send(delivery, this.nowMs));
  }

  arrive(): void {
    const dispatch = this.way.shift();
    if (dispatch === undefined) return;
    const { delivery, epoch, place } = dispatch;
    const { shard, entity, sequence } = delivery;
    const at = { sender: "s", ...place };
    this.own(this.owner.arrived({ shard, entity, epoch, id: `${sequence}`, place: at, content: dispatch }, this.nowMs));
  }

  /** The sender hears that nobody knows, whether the message arrives or not. */
  loseOne(n: number, isOnTheWayBack: boolean): void {
    const [dispatch] = this.way.splice(n % Math.max(1, this.way.length), 1);
    if (dispatch !== undefined) this.answer({ dispatch, outcome: LOST });
    const answer = this.back[n % Math.max(1, this.back.length)];
    if (!isOnTheWayBack || answer === undefined) return;
    this.back = this.back.filter((each) => each !== answer);
    this.answer({ ...answer, outcome: LOST });
  }

  /** It never left. */
  keepBack(n: number): void {
    const [dispatch] = this.way.splice(n % Math.max(1, this.way.length), 1);
    if (dispatch !== undefined) this.answer({ dispatch, outcome: { type: "unsent" } });
  }

  answer(answer = this.back.shift()): void {
    // Nobody listens any more to the answer to what was given up.
    if (answer === undefined || this.#answered.has(answer.dispatch)) return;
    this.#answered.add(answer.dispatch);
    this.route(this.router.settled(answer.dispatch.delivery, answer.outcome, this.nowMs));
  }

  readonly #answered = new Set<Dispatch>();

  handle(): void {
    const arrival = this.isStopping ? undefined : this.mailbox.shift();
    if (arrival === undefined) return;
    this.handled.push(arrival.content.delivery.sequence);
    this.own(this.owner.handled(arrival, undefined, this.nowMs));
  }

  end(): void {
    if (!this.isStopping) return;
    this.isStopping = false;
    const missed = this.mailbox.splice(0);
    for (const each of missed) this.own(this.owner.handled(each, new ActorError("actor-stopped", ""), this.nowMs));
    this.own(this.owner.entityEnded("e", this.nowMs));
  }

  /** The same owner under a new epoch; who hears of it first is a matter of chance. */
  change(isOwnerFirst: boolean): void {
    this.rows = [{ epoch: (this.rows[0]?.epoch ?? 0) + 1, owner: "self" }];
    if (isOwnerFirst) this.own(this.owner.table(this.rows, this.nowMs));
    else this.route(this.router.table(this.rows, this.nowMs));
  }

  hear(): void {
    this.own(this.owner.table(this.rows, this.nowMs));
    this.route(this.router.table(this.rows, this.nowMs));
  }
}

type Step =
  | "send"
  | "arrive"
  | "keep"
  | "lose"
  | "lose-answer"
  | "answer"
  | "handle"
  | "end"
  | "change"
  | "hear"
  | "sleep"
  | "tick";

test("over a way that loses messages and answers, everything is handled once and in order", () => {
  const steps: readonly Step[] = ["send", "send", "send", "arrive", "arrive", "arrive", "keep", "lose", "lose-answer"];
  const more: readonly Step[] = ["answer", "answer", "handle", "handle", "end", "change", "hear", "sleep", "tick"];
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...steps, ...more), fc.nat(20)), { maxLength: 150 }), (all) => {
      const world = new World();
      let count = 0;
      for (const [step, n] of all) {
        if (step === "send" && count < 90) world.send((count += 1));
        if (step === "arrive") world.arrive();
        if (step === "lose" || step === "lose-answer") world.loseOne(n, step === "lose-answer");
        if (step === "keep") world.keepBack(n);
        if (step === "answer") world.answer();
        if (step === "handle") world.handle();
        if (step === "end") world.end();
        if (step === "change") world.change(n % 2 === 0);
        if (step === "hear") world.hear();
        if (step === "sleep") world.own(world.owner.passivate("e"));
        if (step === "tick") world.route(world.router.tick((world.nowMs += 10 * n)));
      }
      world.change(true);
      world.hear();
      for (let rounds = 0; world.router.held + world.router.underWay > 0; rounds += 1) {
        expect(rounds).toBeLessThan(500);
        world.arrive();
        world.handle();
        world.end();
        world.answer();
        world.route(world.router.tick((world.nowMs += 10)));
      }
      expect(world.handled).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    }),
    { numRuns: 1_000 },
  );
});
