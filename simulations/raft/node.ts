/** One simulated host: its disk, its clock, and the peer that runs on it while it is up. */
import type { Status } from "@parley/raft";
import { Disk } from "../kit/disk.ts";
import type { Random } from "../kit/random.ts";
import type { Timeline } from "../kit/timeline.ts";
import type { Peer } from "./carrier.ts";
import { Mirror, type View } from "./chronicle.ts";
import type { Server } from "./clients.ts";
import type { LogImage, Batch } from "./image.ts";
import { ELECTION_TICKS, TICK } from "./plan.ts";

const NO_STATUS: Status = {
  id: 0,
  role: "follower",
  term: 0,
  vote: 0,
  lead: 0,
  commit: 0,
  applied: 0,
  lastIndex: 0,
  transferee: 0,
  hasLease: false,
  confState: { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
  progress: new Map(),
};

export class Host {
  readonly id: number;
  readonly disk: Disk<Batch, LogImage>;
  readonly view: View;
  readonly random: Random;
  peer: Peer | undefined;
  /** The same for clients: what they ask is an event at the host, or nothing when that life is over. */
  server: Server | undefined;
  /** Counts starts: callbacks of an earlier life are dropped. */
  life = 0;
  isPaused = false;
  /** What waits for the end of a pause. */
  deferred: (() => void)[] = [];
  /** A stopped host stays down until it is started on purpose. */
  isStopped = false;
  tickPeriod = TICK;
  applySlowness = 1;

  constructor(given: {
    readonly id: number;
    readonly timeline: Timeline;
    readonly random: Random;
    readonly image: LogImage;
    readonly checkQuorum: boolean;
    readonly synced: (view: View) => void;
  }) {
    this.id = given.id;
    this.random = given.random;
    this.disk = new Disk<Batch, LogImage>({
      timeline: given.timeline,
      random: given.random.fork("disk"),
      contents: given.image,
      clone: (image) => image.clone(),
      synced: () => given.synced(this.view),
    });
    this.view = {
      id: given.id,
      electionTicks: ELECTION_TICKS,
      checkQuorum: given.checkQuorum,
      isUp: false,
      status: NO_STATUS,
      before: undefined,
      mirror: new Mirror(),
      isSettled: true,
      applied: 0,
      durable: this.disk.durable,
      compared: 0,
      led: 0,
      ticksSinceLeader: Infinity,
    };
  }
}
