/** One simulated host: its disk and its clock, which outlive the node that runs on it, and the life that it has now. */
import type { DurableImage, LogStore, MemoryDisk, Message, RaftNode, TransportReceiver } from "@parley/raft";
import type { HostClock } from "../kit/host-clock.ts";
import type { Random } from "../kit/random.ts";
import type { View } from "./chronicle.ts";
import { Machine, type Done } from "./machine.ts";

export class Host {
  readonly id: number;
  readonly disk: MemoryDisk;
  readonly durable: DurableImage;
  readonly clock: HostClock;
  readonly random: Random;
  readonly view: View;
  /** Undefined while the process is down. */
  life: Life | undefined;
  /** Counts starts. */
  lives = 0;
  isPaused = false;
  /** No timer has run since its last pause: the node cannot know yet how long that was. */
  isBehind = false;
  /** What waits for the end of a pause. */
  deferred: { readonly run: () => void; readonly isFromSocket: boolean }[] = [];
  /** Factor on the time that the disk takes. */
  diskSlowness = 1;
  isDiskFull = false;
  /** Its disk has lost something since it was last opened. */
  isDamaged = false;
  /** Reads of the disk are wrong now and then. */
  misreads = false;

  constructor(given: {
    readonly id: number;
    readonly disk: MemoryDisk;
    readonly durable: DurableImage;
    readonly clock: HostClock;
    readonly random: Random;
    readonly view: View;
  }) {
    this.id = given.id;
    this.disk = given.disk;
    this.durable = given.durable;
    this.clock = given.clock;
    this.random = given.random;
    this.view = given.view;
  }

  /** Whether what it promised may be lost, and nobody has made up for it. */
  get isDoubtful(): boolean {
    return this.isDamaged || this.durable.doubt !== undefined;
  }

  /** The node, once it has started. */
  get node(): RaftNode | undefined {
    return this.life?.node;
  }
}

/** Whoever keeps track of what a node can know of its leader. */
export interface Attention {
  /** `message` is about to be given to the node. */
  receiving(message: Message): void;
  /** Something else happened to the node. */
  shaken(): void;
}

/** A process from its start to its end. What it does after its end reaches nobody. */
export class Life {
  readonly host: Host;
  readonly number: number;
  readonly chance: Random;
  readonly machine: Machine;
  log: LogStore | undefined;
  node: RaftNode | undefined;
  receiver: TransportReceiver | undefined;
  watcher: Attention | undefined;
  isOver = false;
  /** It was told to stop, or to leave. */
  isStopping = false;
  /** Its disk gave it a reason to stop by itself. */
  mayFail = false;

  constructor(host: Host, done: (life: Life, done: Done) => void) {
    host.lives += 1;
    this.host = host;
    this.number = host.lives;
    this.chance = host.random.fork(`life/${host.lives}`);
    this.machine = new Machine((each) => done(this, each));
  }

  get isOpen(): boolean {
    return this.log !== undefined;
  }
}
