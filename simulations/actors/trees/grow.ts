/** A tree of supervisors on each host, whose members crash, stop, and take their time. */
import type { Actor, ActorContext, ActorLog, ActorSnapshot, ActorSystem, Behavior } from "@parley/actors";
import type { Random } from "../../kit/random.ts";
import type { Life } from "../host.ts";
import { waitIn } from "../waiting.ts";
import type { World } from "../world.ts";
import { Member, type TreeLife } from "./family.ts";
import { drawTree, type NodePlan } from "./plan.ts";

type TreeMessage =
  | { readonly type: "tick"; readonly bornIn: number }
  | { readonly type: "crash"; readonly bornIn: number }
  | { readonly type: "stop"; readonly bornIn: number };

const TICK_MS = 300;

/** Of the tree on one host, in one life of that. */
export class Tree {
  readonly #world: World;
  readonly #life: Life;
  readonly #random: Random;
  readonly #plan: NodePlan;
  /** By path; the newest. */
  readonly #members = new Map<string, Member>();

  constructor(world: World, life: Life) {
    this.#world = world;
    this.#life = life;
    // The same tree in all lives of a host.
    this.#plan = drawTree(world.random.fork(`tree/${life.host.name}`));
    this.#random = world.random.fork(`tree/${life.name}`);
  }

  /** What the system logs tells who was left behind. */
  readonly log: ActorLog = {
    debug: () => undefined,
    warn: (message, fields) => {
      const path = fields?.["actor"];
      if (typeof path !== "string" || !path.startsWith("/tree")) return;
      this.#world.note("log", this.#life.name, path, message);
      if (message.includes("left behind") && message.includes("in time")) this.#members.get(path)?.now?.abandon();
    },
    error: () => undefined,
  };

  plant(system: ActorSystem): void {
    system.spawn(this.#behavior(this.#member(this.#plan, undefined)), optionsOf(this.#plan));
  }

  /** Members that do not run and should. */
  down(system: ActorSystem): readonly string[] {
    const tree = system.inspect().find(({ path }) => path === "/tree");
    return this.#down(this.#plan, tree).map((what) => `${this.#life.name}${what}`);
  }

  #down({ name, children }: NodePlan, snapshot: ActorSnapshot | undefined): readonly string[] {
    if (snapshot === undefined) return [`/… ${name} is missing`];
    const below = children.flatMap((child) => {
      const found = snapshot.children.find(({ path }) => path === `${snapshot.path}/${child.name}`);
      // Others may have ended for good.
      return found === undefined && child.restart !== "permanent" ? [] : this.#down(child, found);
    });
    return snapshot.state === "running" ? below : [`${snapshot.path} is ${snapshot.state}`, ...below];
  }

  #member(plan: NodePlan, parent: Member["parent"], path = ""): Member {
    const member = new Member(plan, `${path}/${plan.name}`, parent);
    this.#members.set(member.path, member);
    return member;
  }

  #behavior(member: Member): Behavior<TreeMessage> {
    return (context) => {
      const life = this.#begin(member);
      const { plan } = member;
      for (const child of plan.children) {
        const parent = { plan, life };
        context.spawn(this.#behavior(this.#member(child, parent, context.path)), optionsOf(child));
      }
      this.#drawFate(context, life);
      const fails = this.#isDrawn("crashing-trees", 0.1);
      const setUp = () => {
        // Without a handler there is no hook that would say so.
        if (fails) this.#crash(member, life, true);
        return this.#actor(context, member, life);
      };
      return this.#isDrawn("slow-trees", 0.2) ? this.#dawdle(100).then(setUp) : setUp();
    };
  }

  #begin(member: Member): TreeLife {
    const world = this.#world;
    const { parent, plan, notBeforeMs } = member;
    const stillOn = member.on();
    const dependents = member.dependents();
    const life = member.begin(this.#life.name);
    const atMs = this.#life.clock.nowMs();
    world.note("child-begins", life.name);
    if (parent === undefined || this.#life.isStopping) return life;
    const { strategy, maxRestarts, withinMs } = parent.plan.supervision;
    const supervisor = parent.life.name;
    const child = plan.name;
    const how = { supervisor, strategy, maxRestarts, withinMs, atMs };
    world.see({ type: "child-begins", child, ...how, stillOn, dependents, notBeforeMs });
    return life;
  }

  #drawFate({ timers }: ActorContext<TreeMessage>, life: TreeLife): void {
    const bornIn = life.number;
    timers.every("tick", TICK_MS, { type: "tick", bornIn });
    if (this.#isDrawn("crashing-trees", 0.7)) {
      timers.once("crash", this.#random.oneOf(50, 500, 3_000) * this.#random.next(), { type: "crash", bornIn });
    }
    if (this.#isDrawn("crashing-trees", 0.1)) {
      timers.once("stop", 1_500 * this.#random.next(), { type: "stop", bornIn });
    }
  }

  #actor(context: ActorContext<TreeMessage>, member: Member, life: TreeLife): Actor<TreeMessage> {
    const host = this.#life;
    const world = this.#world;
    const act = (type: TreeMessage["type"]): void => {
      if (type === "crash") this.#crash(member, life);
      if (type !== "stop") return;
      if (member.plan.restart === "permanent" && !life.isOver) member.willRestart(host.clock.nowMs());
      world.note("stops", life.name);
      context.stop();
    };
    return {
      receive: ({ type, bornIn }) => {
        world.see({ type: "timer-heard", actor: life.name, bornIn, now: life.number });
        return this.#isDrawn("slow-trees", 0.3) ? this.#dawdle(100).then(() => act(type)) : act(type);
      },
      onStop: async (): Promise<void> => {
        const childrenOn = life.children.flatMap((child) => child.on());
        if (!host.isStopping && !life.isOver) world.see({ type: "parent-stops", parent: life.name, childrenOn });
        if (this.#isDrawn("slow-trees", 0.2)) await this.#dawdle(2 * Math.min(member.plan.stopTimeoutMs, 400));
        world.note("child-ends", life.name);
        life.isOver = true;
        if (this.#isDrawn("crashing-trees", 0.05)) throw new Error("a hook that fails");
      },
    };
  }

  #crash(member: Member, life: TreeLife, endsIt = false): never {
    if (!life.isOver && member.plan.restart !== "temporary") member.willRestart(this.#life.clock.nowMs());
    if (endsIt) life.isOver = true;
    this.#world.note("crashes", life.name);
    throw new Error("a crash that was drawn");
  }

  #isDrawn(fault: "crashing-trees" | "slow-trees", probability: number): boolean {
    const { plan, isHealed } = this.#world;
    return !isHealed && plan.faults.has(fault) && this.#random.chance(probability);
  }

  #dawdle(maxMs: number): Promise<void> {
    return waitIn(this.#life, maxMs * this.#random.next());
  }
}

function optionsOf({ name, restart, supervision, stopTimeoutMs }: NodePlan) {
  return { name, restart, supervision, stopTimeoutMs };
}
