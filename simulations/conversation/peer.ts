/** One life of a peer: the shipped sessions, journals, keys and door, on its machine's clock and its access to the network. */
import type { MemoryNetwork } from "@parley/actors/testing";
import type { Agreement } from "./agreement.ts";
import type { Happening } from "./chronicle.ts";
import type { Plan } from "./plan.ts";
import type { ConnectionDeps } from "./ports.ts";
import { guarded } from "../actors/transport.ts";
import { traceLog } from "../cluster/log.ts";
import { modelOf, toolsOf, voiceOf } from "./engines.ts";
import type { Library } from "./library.ts";
import type { Life } from "./machine.ts";
import { accessOf, hubOf } from "./ports.ts";

type ServerSocket = ConstructorParameters<Library["Connection"]>[0];
type House = InstanceType<Library["SessionHouse"]>;

/** The world, as a peer in it sees it. */
export interface PeerWorld {
  readonly library: Library;
  readonly plan: Plan;
  readonly agreement: Agreement;
  readonly network: MemoryNetwork;
  readonly members: readonly string[];
  readonly config: ConstructorParameters<Library["Services"]>[0]["config"];
  trace(text: string): void;
  fail(error: unknown, where: string): void;
  see(happening: Happening): void;
  thought(life: Life<Peer>, messages: Parameters<Parameters<typeof modelOf>[1]>[0]): void;
  serverInfoOf(peer: string): ConnectionDeps["serverInfo"];
}

/** What runs in a peer. */
export interface Peer {
  readonly house: House;
  readonly keys: ReturnType<Library["startKeeper"]>;
  accept(socket: ServerSocket): void;
}

const UNUSED = (): never => {
  throw new TypeError("a simulated peer has engines of its own");
};
const SOURCE = { choose: UNUSED, fetch: UNUSED };

/** Of a life among all of a run. */
function markOf({ machine: { name, lives } }: Life<Peer>): number {
  return 16 * Number(name.slice(1)) + (lives % 16);
}

export function begin(world: PeerWorld, life: Life<Peer>): Peer {
  const { library, plan, agreement } = world;
  const peer = life.machine.name;
  const log = traceLog((line) => world.trace(`  ${life.name} ${line}`));
  const machine = new library.ClusterMachine();
  const shared = new library.SharedState(agreement.join(peer, life, machine), machine);
  const failed = (error: unknown): void => world.fail(error, life.name);
  const remoting = library.createRemoting({ transport: guarded(world.network.transport(peer), life.run) });
  const system = library.createActorSystem({ peer, remoting: remoting.remoting });
  system.stopped.then((error) => (error === undefined ? undefined : failed(error)), failed);
  remoting.start().catch(failed);
  const journaling = { shared, electorate: () => [world.members] };
  const keys = library.startKeeper(system, journaling);
  const journals = new library.SessionJournals(system, keys, journaling);
  const services = new library.Services({
    config: world.config,
    sources: { vad: SOURCE, stt: SOURCE, llm: SOURCE, tts: SOURCE },
    given: {
      llm: modelOf(plan.times, (messages) => world.thought(life, messages)),
      tts: voiceOf(plan.times, markOf(life)),
    },
    tools: toolsOf(plan.times, {
      begun: (tool, of, key) =>
        life.isOver || world.see({ type: "tool", point: "begun", tool, of, key, by: life.name }),
      done: (tool, of, key) => life.isOver || world.see({ type: "tool", point: "done", tool, of, key, by: life.name }),
    }),
    patient: true,
    peer,
  });
  services.start(["llm", "tts"]);
  const cluster = { actors: system, shared, journals, peerId: peer, onChange: () => () => undefined };
  const house = new library.SessionHouse({ cluster, services, log });
  const deps: ConnectionDeps = {
    conversations: house,
    access: accessOf(),
    hub: hubOf(),
    sessions: new library.Sessions(),
    queries: { answer: () => Promise.resolve({ errorCode: "INVALID_MESSAGE", errorMessage: "nobody knows" }) },
    serverInfo: world.serverInfoOf(peer),
    status: () => ({}),
    log,
  };
  const users = new Set<InstanceType<Library["Connection"]>>();
  return {
    house,
    keys,
    accept: (socket) => void new library.Connection(socket, deps, users, { address: "10.0.0.1", isFromHere: false }),
  };
}
