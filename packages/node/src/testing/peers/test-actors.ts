/**
 * Actors of a test's own on a whole peer, placed as the product places its own: rooms, entities that write down each note they
 * take; a diary, a singleton that writes down each of its acts; and bytes for whoever wants many. All that is written down is
 * in the replicated state, behind the fences there.
 */
import {
  messageKinds,
  startSharding,
  startSingleton,
  type ActorRef,
  type ActorSystem,
  type Sharding,
  type StreamRef,
} from "@parley/actors";
import type { SharedState } from "../../cluster/consensus/shared-state.ts";
import type { Cluster } from "../../cluster/face.ts";
import { replyToOf } from "../../cluster/host/member/ref.ts";
import { membersOf } from "../../cluster/placement/members.ts";
import { placementTableOf } from "../../cluster/placement/placement-table.ts";
import { PeerError } from "../../errors.ts";
import type { PulledAnswer, PullOrder, RoomAnswer } from "./orders.ts";

const SHARDS = 12;
const WRITE_MS = 3_000;
const ACT_EVERY_MS = 50;
const PULL_WINDOW = 64;

/** Where notes and acts are in the replicated state. */
const NOTES = "notes";
const DIARY = "diary";

type RoomMessage =
  { readonly type: "note"; readonly note: string } | { readonly type: "where"; readonly replyTo: ActorRef<RoomAnswer> };

interface BytesMessage {
  readonly type: "pull";
  readonly items: number;
  readonly itemBytes: number;
  readonly replyTo: ActorRef<StreamRef<Uint8Array>>;
}

export class TestActors {
  readonly #cluster: Cluster;
  /** Its peer may leave one cluster and join another: each membership has actors of its own. */
  #system: ActorSystem | undefined;
  #rooms: Sharding<RoomMessage> | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.onChange(() => this.#look());
    this.#look();
  }

  /** Acknowledged: fulfilled when the note is written down. @throws PeerError `not-member`; ActorError */
  async note(room: string, note: string, timeoutMs: number): Promise<null> {
    await this.#entities().entity(room).offer({ type: "note", note }, { timeoutMs });
    return null;
  }

  /** @throws PeerError `not-member`; ActorError */
  where(room: string, timeoutMs: number): Promise<RoomAnswer> {
    return this.#entities()
      .entity(room)
      .ask<RoomAnswer>((replyTo) => ({ type: "where", replyTo }), { timeoutMs });
  }

  /** Reads that many bytes of another peer's, as slowly as it is told. @throws PeerError `not-member`; ActorError */
  async pull({ from, items, itemBytes, pauseMs }: PullOrder): Promise<PulledAnswer> {
    const far = this.#system?.resolve<BytesMessage>(`parley://${from}/bytes`);
    if (far === undefined) throw notMember();
    const startedMs = performance.now();
    let bytes = 0;
    const stream = far.stream<Uint8Array>((replyTo) => ({ type: "pull", items, itemBytes, replyTo }), {
      window: PULL_WINDOW,
    });
    for await (const item of stream) {
      bytes += item.length;
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return { bytes, tookMs: performance.now() - startedMs };
  }

  #entities(): Sharding<RoomMessage> {
    this.#look();
    if (this.#rooms === undefined) throw notMember();
    return this.#rooms;
  }

  #look(): void {
    const { actors, shared } = this.#cluster;
    if (actors === this.#system) return;
    this.#system = actors;
    this.#rooms = actors === undefined || shared === undefined ? undefined : startRooms(actors, shared);
    if (actors === undefined || shared === undefined) return;
    startDiary(actors, shared);
    startBytes(actors);
  }
}

function startRooms(system: ActorSystem, shared: SharedState): Sharding<RoomMessage> {
  return startSharding<RoomMessage>(system, {
    name: "rooms",
    table: placementTableOf(shared, { kind: "rooms", shards: SHARDS }),
    leadership: shared.consensus.leadership,
    members: membersOf(shared),
    accepts: messageKinds<RoomMessage>("rooms", {
      note: (message) => ({ type: "note", note: textIn(message, "note") }),
      where: (message) => ({ type: "where", replyTo: replyToOf(message) }),
    }),
    behavior: (stay) => () => async (message) => {
      const { id, epoch } = stay;
      if (message.type === "where") return void message.replyTo.tell({ peer: system.peer, epoch });
      const key = `${NOTES}/${id}/${message.note}`;
      await writeDown(shared, { key, value: `${stay.shard} ${epoch} ${system.peer}`, stamp: stay.stamp() });
    },
  });
}

function startDiary(system: ActorSystem, shared: SharedState): void {
  startSingleton<{ readonly type: "act" }>(system, {
    name: "diary",
    leadership: shared.consensus.leadership,
    members: membersOf(shared),
    accepts: messageKinds<{ readonly type: "act" }>("diary", { act: () => ({ type: "act" }) }),
    behavior: (term) => (context) => {
      let acts = 0;
      context.timers.once("act", 0, { type: "act" });
      return async () => {
        acts += 1;
        const key = `${DIARY}/${term.term}/${acts}`;
        await writeDown(shared, { key, value: `0 ${term.term} ${system.peer}`, stamp: term.stamp() });
        context.timers.once("act", ACT_EVERY_MS, { type: "act" });
      };
    },
  });
}

function startBytes(system: ActorSystem): void {
  system.spawn<BytesMessage>(
    (context) =>
      ({ items, itemBytes, replyTo }) => {
        const item = new Uint8Array(itemBytes);
        replyTo.tell(context.offerStream(Array.from({ length: items }, () => item)));
      },
    {
      name: "bytes",
      accepts: messageKinds<BytesMessage>("bytes", {
        pull: (message) => ({
          type: "pull",
          items: Number(textIn(message, "items")),
          itemBytes: Number(textIn(message, "itemBytes")),
          replyTo: replyToOf(message),
        }),
      }),
    },
  );
}

/** @throws PeerError `no-quorum` when it is not surely done: its message is given again. */
async function writeDown(
  shared: SharedState,
  {
    key,
    value,
    stamp,
  }: {
    readonly key: string;
    readonly value: string;
    readonly stamp: { readonly scope: string; readonly kind: "epoch" | "term"; readonly token: number };
  },
): Promise<void> {
  const command = { type: "put", key, value: Buffer.from(value), stamp } as const;
  const submitted = await shared.submit(command, { timeoutMs: WRITE_MS });
  if (submitted.outcome === "done") return;
  throw new PeerError("no-quorum", submitted.detail, { nextStep: "Send it again." });
}

/** A field that is text or a number. @throws TypeError */
function textIn(message: unknown, field: string): string {
  const value: unknown = typeof message === "object" && message !== null ? Reflect.get(message, field) : undefined;
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new TypeError(`${field} is missing`);
}

function notMember(): PeerError {
  return new PeerError("not-member", "this peer belongs to no cluster now", { nextStep: "Wait until it does." });
}
