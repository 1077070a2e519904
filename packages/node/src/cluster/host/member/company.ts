/** The actors of a member, and their way to those of the others. */
import {
  createActorSystem,
  createRemoting,
  startReceptionist,
  type ActorRef,
  type ActorSystem,
  type Members,
  type PeerChange,
  type ReceptionistMessage,
  type Sharding,
  type SingletonSend,
} from "@parley/actors";
import type { Logger } from "pino";
import type { MeshHost } from "../../../mesh/host/mesh-host.ts";
import type { Links } from "../../../mesh/links/links.ts";
import { createActorTransport } from "../../../mesh/transports/actors/actor-transport.ts";
import type { SharedState } from "../../consensus/shared-state.ts";
import { membersOf } from "../../placement/members.ts";
import { startJournals, type SessionJournals } from "../../journal/journals.ts";
import type { Electorate } from "../../journal/keys/electorate.ts";
import { CALM_AFTER_MS, HEARTBEAT_MS } from "../timing.ts";
import { actorLog } from "./actor-log.ts";
import { datedClock } from "./dated-clock.ts";
import { answerAtDoor, type Waiting } from "./doors.ts";
import { startHomes, type HomeQuery } from "./homes.ts";
import type { MeshIdentity } from "./mesh-identity.ts";
import { startPrime, type PrimeMessage } from "./prime.ts";
import type { Roster } from "./roster.ts";

export interface CompanyOptions {
  readonly host: MeshHost;
  readonly links: Links;
  readonly shared: SharedState;
  readonly roster: Roster;
  readonly identity: MeshIdentity;
  readonly log: Logger;
  /** Who votes now, as far as it is known here. */
  readonly electorate: () => Electorate;
  /** Who waits at this peer's door. */
  readonly waiting: () => readonly Waiting[];
  /** The actors gave up. */
  readonly failed: (error: Error) => void;
}

export interface Company {
  readonly system: ActorSystem;
  readonly members: Members;
  readonly receptionist: ActorRef<ReceptionistMessage>;
  readonly prime: ActorRef<SingletonSend<PrimeMessage>>;
  readonly homes: Sharding<HomeQuery>;
  readonly journals: SessionJournals;
  /** See `RemotingHandle`. */
  silenceMs(peer: string): number | undefined;
  close(): Promise<void>;
}

export async function startCompany(options: CompanyOptions): Promise<Company> {
  const { host, links, shared, roster, identity } = options;
  const log = actorLog(options.log);
  let isClosing = false;
  const reset = resetting(links);
  const clock = datedClock();
  const remoting = createRemoting({
    clock,
    transport: createActorTransport({ host, links }),
    log,
    failureDetector: { heartbeatIntervalMs: HEARTBEAT_MS, calmAfterMs: CALM_AFTER_MS },
    allows: (peer) => roster.standingOf(peer) === "member",
    onPeerChange: (change) => isClosing || reset(change),
  });
  const system = createActorSystem({ peer: host.peerId, clock, remoting: remoting.remoting, log });
  void system.stopped.then((error) => error && options.failed(error));
  await remoting.start();
  const members = membersOf(shared);
  const receptionist = startReceptionist(system, { members });
  const prime = startPrime(system, { shared, members, identity });
  const homes = startHomes(system, { shared, members });
  const journals = startJournals(system, { shared, electorate: options.electorate });
  answerAtDoor(system, options.waiting);
  return {
    system,
    members,
    receptionist,
    prime,
    homes,
    journals,
    silenceMs: (peer) => remoting.silenceMs(peer),
    close: async () => {
      isClosing = true;
      journals.close();
      await remoting.close();
      await system.stop();
    },
  };
}

/** A peer that the failure detector holds for dead is reached by another link, if at all. */
function resetting(links: Links): (change: PeerChange) => void {
  const linkOf = new Map<string, string | undefined>();
  return ({ peer, state, error }) => {
    if (state === "up") return void linkOf.set(peer, links.current(peer)?.id);
    const link = linkOf.get(peer);
    linkOf.delete(peer);
    // Who said goodbye, or did not keep to the protocol, is not silent: that is the error's cause.
    if (error === undefined || error.cause !== undefined || link === undefined) return;
    // Of a link that has broken the connection may know first.
    setImmediate(() => links.current(peer)?.id === link && links.reset(peer, error.message));
  };
}
