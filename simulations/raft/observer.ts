/** What the chronicle hears of one life of a node: from its driver's observer, its transport and its clock. */
import type { DiskOperation, Message, NodeObserver, Status } from "@parley/raft";
import type { Chronicle } from "./chronicle.ts";
import type { Attention, Life } from "./host.ts";

/** What watching needs of the world. */
export interface Watching {
  readonly chronicle: Chronicle;
  /** Runs `look`, unless the life is over; a violation that it finds ends the run. */
  watch(life: Life, look: () => void): void;
  note(kind: string, ...values: readonly number[]): void;
  /** The life may end here. */
  strikes(life: Life, operation?: DiskOperation): boolean;
  /** It has just started, or come to lead. */
  isFresh(life: Life): void;
}

export class Watcher implements Attention {
  readonly #world: Watching;
  readonly #life: Life;
  readonly #leaseMs: number;
  #isStarted = false;
  /** When the leader of the term was last heard, by this host's clock. */
  #heardMs = -Infinity;
  /** Something came since the last Ready that may have made the core forget its leader. */
  #isShaken = true;

  /** @param leaseMs For how long a leader that was heard is sure to be followed. */
  constructor(world: Watching, life: Life, leaseMs: number) {
    this.#world = world;
    this.#life = life;
    this.#leaseMs = leaseMs;
  }

  get observer(): NodeObserver {
    const { chronicle } = this.#world;
    const life = this.#life;
    const { view } = life.host;
    return {
      readied: (ready, status) =>
        this.#watch(() => {
          this.started(status);
          const wasLeader = view.status.role === "leader";
          this.#isShaken = false;
          chronicle.readied(view, ready, status);
          if (!wasLeader && status.role === "leader") this.#world.isFresh(life);
        }),
      applying: (entry) => this.#watch(() => chronicle.applying(view, entry)),
      applied: (entry) =>
        this.#watch(() => {
          this.#world.note("apply", view.id, entry.index, entry.term);
          chronicle.applied(view, entry, life.machine.digestAt(entry.index));
          this.#world.strikes(life);
        }),
      restored: (snapshot) =>
        this.#watch(() => {
          this.#world.note("restore", view.id, snapshot.index, snapshot.term);
          chronicle.restored(view, snapshot, life.machine.digestAt(snapshot.index));
        }),
      stored: () => this.#watch(() => chronicle.durable(view)),
    };
  }

  /** The node runs, as `status` says; called with the first that is known of it. */
  started(status: Status): void {
    const { host, log } = this.#life;
    if (this.#isStarted || log === undefined) return;
    this.#isStarted = true;
    const { view } = host;
    this.#world.note("start", host.id, status.term, status.commit, view.applied);
    const { misreads } = host;
    host.misreads = false;
    this.#world.chronicle.started(view, status, log);
    host.misreads = misreads;
    this.#world.chronicle.durable(view);
  }

  receiving(message: Message): void {
    const { view } = this.#life.host;
    this.#world.chronicle.receiving(view, message);
    const { type, term, from } = message;
    const isOfLeader = (type === "append" || type === "heartbeat") && from === view.status.lead;
    if (isOfLeader && term === view.status.term) this.#heardMs = this.#life.host.clock.nowMs();
    else if (type !== "pre-vote" && type !== "append-response" && type !== "heartbeat-response") this.#isShaken = true;
  }

  shaken(): void {
    this.#isShaken = true;
  }

  readonly hasLivingLeader = (): boolean => {
    const { view, clock } = this.#life.host;
    if (this.#isShaken || !view.isUp) return false;
    if (view.status.role === "leader") return true;
    return view.status.lead !== 0 && clock.nowMs() - this.#heardMs < this.#leaseMs;
  };

  #watch(look: () => void): void {
    this.#world.watch(this.#life, look);
  }
}
