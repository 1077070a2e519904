/**
 * The services of a member as a supervised tree: `services`, which also hears what the others offer, and below it one actor for each
 * engine that this peer has. Each is started anew by itself when it fails.
 */
import {
  parseAddress,
  type ActorContext,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type Listing,
  type ReceptionistMessage,
  type Refused,
  type SpawnOptions,
} from "@parley/actors";
import type { Capability } from "../../../routing/index.ts";
import type { EngineOf, LocalEngine } from "../engines.ts";
import type { House } from "../house.ts";
import { readOffers, writeOffers, type OffersNote } from "../offers.ts";
import { hearingServant, speakingServant, thinkingServant, voiceServant, wakeServant } from "./servants.ts";

/** Its name, and what it is listed as. */
const SERVICES = "services";
/** More than there are members twice over. */
const NOTES_WAITING = 512;
const SUPERVISION = { strategy: "one-for-one", maxRestarts: 5, withinMs: 10_000 } as const;

type Message = OffersNote | Listing | Refused;

/** The engines that this peer gives to the others. */
export type Given = { readonly [Kind in Capability]?: LocalEngine<EngineOf[Kind]> | undefined };

/** Spawns a child of `services`. */
export type SpawnService = <Message>(behavior: Behavior<Message>, options: SpawnOptions<Message>) => void;

export interface TreeOptions {
  readonly system: ActorSystem;
  readonly house: House;
  readonly given: Given;
  /** Services of this peer that are no engines. */
  readonly beside?: ((spawn: SpawnService) => void) | undefined;
}

/** Starts it, and stops it when the result is called. */
export function growTree({ system, house, given, beside }: TreeOptions): () => void {
  const receptionist: ActorRef<ReceptionistMessage> = system.resolve(`parley://${system.peer}/receptionist`);
  /** Members whose services are listed, by the address they are listed under: another life has another. */
  let listed = new Map<string, string>();
  const tell = (peer: string, isNew: boolean): void => {
    // Who cannot be reached now is told when it is listed again. It has its own name for this type: it is checked there.
    system.resolve<unknown>(`parley://${peer}/${SERVICES}`).tell(writeOffers(house.given, isNew));
  };
  const see = ({ services }: Listing): void => {
    const now = new Map(
      services.flatMap(({ ref }) => {
        const { peer } = parseAddress(ref.address);
        return peer === system.peer ? [] : [[peer, ref.address] as const];
      }),
    );
    const before = listed;
    listed = now;
    for (const peer of before.keys()) if (!now.has(peer)) house.forget(peer);
    for (const [peer, address] of now) if (before.get(peer) !== address) tell(peer, true);
  };
  const root = system.spawn<Message>(
    (context) => {
      raise(context, given);
      beside?.((behavior, options) => void context.spawn(behavior, options));
      receptionist.tell({ type: "subscribe", query: { key: SERVICES }, to: context.self });
      receptionist.tell({ type: "register", key: SERVICES, capabilities: {}, ref: context.self });
      return (message) => {
        if ("services" in message) return see(message);
        if (!("peer" in message)) return;
        house.receive(message.peer, message.offers);
        if (message.isNew) tell(message.peer, false);
      };
    },
    {
      name: SERVICES,
      restart: "permanent",
      supervision: SUPERVISION,
      mailbox: { capacity: NOTES_WAITING, overflow: "drop-oldest" },
      accepts: readOffers,
    },
  );
  house.connect(() => {
    for (const peer of listed.keys()) tell(peer, false);
  });
  return () => {
    house.connect(undefined);
    // A system that has stopped has taken it along.
    void system.stopActor(root).catch(() => undefined);
  };
}

function raise(context: ActorContext<Message>, given: Given): void {
  const spawn = <Job>(
    name: Capability,
    servant: { readonly behavior: Parameters<typeof context.spawn<Job>>[0]; readonly options: SpawnOptions<Job> },
  ): void => {
    context.spawn(servant.behavior, { ...servant.options, name, restart: "permanent" });
  };
  if (given.stt !== undefined) spawn("stt", hearingServant(given.stt));
  if (given.tts !== undefined) spawn("tts", speakingServant(given.tts));
  if (given.llm !== undefined) spawn("llm", thinkingServant(given.llm));
  if (given.vad !== undefined) spawn("vad", voiceServant(given.vad));
  if (given.wake !== undefined) spawn("wake", wakeServant(given.wake));
}
