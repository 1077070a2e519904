/** How long nothing came from the other host: in each lane, and in all of them. */
import { type ActorTransport, type ConnectionReceiver, type Lane, LANES } from "../../src/index.ts";
import { machineMs } from "./stalls.ts";

export interface Silence {
  /** When it ended, by {@link machineMs}. */
  readonly untilMs: number;
  readonly forMs: number;
  /** How long each lane had been silent then. */
  readonly lanesMs: Readonly<Record<Lane, number>>;
}

/** Silences from here on are kept one by one. */
const LONG_MS = 250;
const MAX_LONG = 10_000;
/** Frames that come within this time have come together. */
const TOGETHER_MS = 2;

export class Silences {
  readonly ofLane: Readonly<Record<Lane, number[]>> = { control: [], message: [], bulk: [] };
  readonly ofAll: number[] = [];
  readonly long: Silence[] = [];
  #heardAtMs: Record<Lane, number> | undefined;

  /** The transport, with an ear at each connection that it makes. */
  overhear(transport: ActorTransport): ActorTransport {
    return {
      maxFrameBytes: transport.maxFrameBytes,
      listen: (accept) => transport.listen(accept),
      connect: (peer, receiver, signal) => transport.connect(peer, this.#ear(receiver), signal),
      close: () => transport.close(),
    };
  }

  /** What is silent now, before anything ends it. */
  noteNow(): void {
    const nowMs = machineMs();
    const heardAtMs = this.#heardAtMs;
    if (heardAtMs !== undefined) this.#noteLong(nowMs, heardAtMs, nowMs - Math.max(...Object.values(heardAtMs)));
  }

  #ear(receiver: ConnectionReceiver): ConnectionReceiver {
    this.#heardAtMs = undefined;
    return {
      frame: (lane, frame) => {
        this.#heard(lane);
        receiver.frame(lane, frame);
      },
      heard: () => receiver.heard(),
      drained: (lane) => receiver.drained(lane),
      closed: (error) => {
        this.#heardAtMs = undefined;
        receiver.closed(error);
      },
    };
  }

  #heard(lane: Lane): void {
    const nowMs = machineMs();
    const heardAtMs = this.#heardAtMs;
    if (heardAtMs === undefined) {
      this.#heardAtMs = { control: nowMs, message: nowMs, bulk: nowMs };
      return;
    }
    const forMs = nowMs - Math.max(...Object.values(heardAtMs));
    if (forMs > TOGETHER_MS) this.ofAll.push(forMs);
    this.ofLane[lane].push(nowMs - heardAtMs[lane]);
    this.#noteLong(nowMs, heardAtMs, forMs);
    heardAtMs[lane] = nowMs;
  }

  #noteLong(nowMs: number, heardAtMs: Readonly<Record<Lane, number>>, forMs: number): void {
    if (forMs < LONG_MS || this.long.length >= MAX_LONG) return;
    const since = (lane: Lane): number => nowMs - heardAtMs[lane];
    const [control, message, bulk] = [since("control"), since("message"), since("bulk")];
    this.long.push({ untilMs: nowMs, forMs, lanesMs: { control, message, bulk } });
  }
}

/** Every lane and all together, by name. */
export function byName(silences: Silences): ReadonlyMap<string, readonly number[]> {
  return new Map([
    ["all lanes", silences.ofAll],
    ...LANES.map((lane): [string, readonly number[]] => [`lane ${lane}`, silences.ofLane[lane]]),
  ]);
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
