/** The way from this peer's conversations to those of the cluster: one actor, and the receptionist that knows who has ears. */
import {
  parseAddress,
  type ActorRef,
  type ActorSystem,
  type Listing,
  type ReceptionistMessage,
  type Refused,
} from "@parley/actors";
import type { ArbitrationMessage } from "@parley/audio/turn";
import type { Cluster } from "../../cluster/face.ts";
import { inEachMembership } from "../../cluster/memberships.ts";
import { ALL, type Arbitration, type Elsewhere } from "./arbitration.ts";
import { peerOf, readNote, type ArbitrationNote } from "./wire.ts";

/** The actor's name, and what it is listed as. */
const EARS = "ears";
/** Conversations that a listing names: what a receptionist takes. */
const LISTED_MAX = 64;
/** What waits longer than this is too late for any decision. */
const WAITING_MAX = 256;

type Message = ArbitrationNote | Listing | Refused;

/** Joins `arbitration` to whatever cluster the peer belongs to, until the result is called. */
export function joinMesh(arbitration: Arbitration, cluster: Pick<Cluster, "actors" | "onChange">): () => void {
  return inEachMembership(cluster, (system) => {
    const way = new MeshWay(arbitration, system);
    arbitration.connect(way);
    return () => {
      way.close();
      arbitration.connect(undefined);
    };
  });
}

class MeshWay implements Elsewhere {
  readonly #arbitration: Arbitration;
  readonly #system: ActorSystem;
  readonly #receptionist: ActorRef<ReceptionistMessage>;
  readonly #self: ActorRef<Message>;
  readonly #stopWatching: () => void;
  #participants: readonly string[] = [];
  #isListed = false;

  constructor(arbitration: Arbitration, system: ActorSystem) {
    this.#arbitration = arbitration;
    this.#system = system;
    this.#receptionist = system.resolve(`parley://${system.peer}/receptionist`);
    this.#self = system.spawn<Message>(
      ({ self }) => {
        this.#receptionist.tell({ type: "subscribe", query: { key: EARS }, to: self });
        return (message) => this.#receive(message);
      },
      {
        name: EARS,
        restart: "permanent",
        // The newest is worth more than one that has waited.
        mailbox: { capacity: WAITING_MAX, overflow: "drop-oldest" },
        accepts: readNote,
      },
    );
    this.#stopWatching = arbitration.onChange(() => this.#list());
    this.#list();
  }

  get participants(): readonly string[] {
    return this.#participants;
  }

  send(message: ArbitrationMessage, to: string): void {
    const peers = to === ALL ? new Set(this.#participants.map(peerOf)) : [peerOf(to)];
    for (const peer of peers) {
      // Who cannot be reached now is not asked: it is told again soon, and a decision does not wait for it.
      this.#system.resolve<ArbitrationNote>(`parley://${peer}/${EARS}`).tell({ type: "arbitration", to, message });
    }
  }

  close(): void {
    this.#stopWatching();
    this.#participants = [];
    // A system that has stopped has taken it along.
    void this.#system.stopActor(this.#self).catch(() => undefined);
  }

  #receive(message: Message): void {
    if ("services" in message) this.#participants = this.#listed(message);
    else if ("type" in message) this.#arbitration.receive(message.message, message.to);
  }

  #listed({ services }: Listing): readonly string[] {
    return services.flatMap(({ ref, capabilities }) => {
      const { peer } = parseAddress(ref.address);
      const { conversations } = capabilities;
      if (peer === this.#system.peer || typeof conversations !== "object") return [];
      return conversations.filter((number) => /^\d{1,15}$/.test(number)).map((number) => `${peer}/${number}`);
    });
  }

  /** Tells the others which conversations listen here. */
  #list(): void {
    const numbers = this.#arbitration.participants.map((id) => id.slice(id.lastIndexOf("/") + 1));
    if (numbers.length > 0) {
      const capabilities = { conversations: numbers.slice(0, LISTED_MAX) };
      this.#receptionist.tell({ type: "register", key: EARS, capabilities, ref: this.#self });
    } else if (this.#isListed) {
      this.#receptionist.tell({ type: "unregister", key: EARS, ref: this.#self });
    }
    this.#isListed = numbers.length > 0;
  }
}
