/** The actors that every host of the soak has. */
import {
  acceptsJobMessage,
  type ActorRef,
  type ActorSystem,
  createEventBus,
  defineJob,
  type EventBus,
  jobRunner,
  type ReceptionistMessage,
  type Sharding,
  startReceptionist,
  startSharding,
  type StreamRef,
} from "../../src/index.ts";
import type { ConsensusOfParent } from "./consensus.ts";

export type WorkMessage =
  | { readonly type: "count"; readonly payload: Uint8Array }
  | { readonly type: "echo"; readonly payload: Uint8Array; readonly replyTo: ActorRef<Uint8Array> }
  | {
      readonly type: "sounds";
      readonly count: number;
      readonly bytes: number;
      readonly replyTo: ActorRef<StreamRef<Uint8Array>>;
    }
  | { readonly type: "crash" }
  /** Wants a child, which ends with its first message. */
  | { readonly type: "child"; readonly replyTo: ActorRef<ActorRef<"end">> };

export interface EntityMessage {
  readonly n: number;
  readonly payload: Uint8Array;
}

export interface Events {
  readonly heard: { readonly text: string };
  readonly said: { readonly text: string };
}

export interface Household {
  readonly receptionist: ActorRef<ReceptionistMessage>;
  readonly entities: Sharding<EntityMessage>;
  readonly bus: EventBus<Events>;
}

const PASSIVATE_AFTER_MS = 2_000;
/** What is remembered up to a bound shall be full before the memory is looked at: the default is full after half an hour. */
const MAX_OUTCOMES = 300;

export function furnish(system: ActorSystem, consensus: ConsensusOfParent): Household {
  const { table, leadership, members } = consensus;
  spawnWorker(system);
  spawnJobs(system);
  const entities = startSharding<EntityMessage>(system, {
    name: "entities",
    table,
    leadership,
    members,
    passivateAfterMs: PASSIVATE_AFTER_MS,
    limits: { maxOutcomes: MAX_OUTCOMES },
    accepts: (message) => message as EntityMessage,
    behavior: () => () => {
      const kept = new Map<number, Uint8Array>();
      return ({ n, payload }) => void kept.set(n % 10, payload.slice());
    },
  });
  const text = (event: unknown): { readonly text: string } => event as { readonly text: string };
  const bus = createEventBus<Events>(system, { heard: text, said: text });
  return { receptionist: startReceptionist(system, { members }), entities, bus };
}

function spawnWorker(system: ActorSystem): void {
  system.spawn<WorkMessage>(
    (context) => (message) => {
      if (message.type === "echo") message.replyTo.tell(message.payload);
      if (message.type === "sounds") message.replyTo.tell(context.offerStream(sounds(message)));
      if (message.type === "crash") throw new Error("as it was told");
      if (message.type === "child") {
        const child = context.spawn<"end">((own) => () => own.stop(), { accepts: () => "end", restart: "temporary" });
        message.replyTo.tell(child);
      }
    },
    { name: "worker", restart: "permanent", accepts: (message) => message as WorkMessage },
  );
}

function* sounds({ count, bytes }: { readonly count: number; readonly bytes: number }): Generator<Uint8Array> {
  for (let i = 0; i < count; i += 1) yield new Uint8Array(bytes).fill(i & 0xff);
}

function spawnJobs(system: ActorSystem): void {
  const sum = defineJob<number, number>({
    accepts: Number,
    timeoutMs: 5_000,
    run: async (n, job) => {
      for (let i = 0; i < 5; i += 1) {
        job.report({ done: i, total: 5 });
        await new Promise(setImmediate);
      }
      return n + 1;
    },
  });
  system.spawn(
    jobRunner({
      kinds: { sum },
      schedules: [{ name: "sweep", kind: "sum", input: 1, everyMs: 500 }],
    }),
    { name: "jobs", restart: "permanent", accepts: acceptsJobMessage },
  );
}
