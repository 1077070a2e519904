/** Who lives where: a service that is found, a thread that is somewhere, and one clock for all. */
import {
  type ActorRef,
  type ActorSystem,
  askBeyond,
  createActorSystem,
  createRemoting,
  Fence,
  isActorError,
  type Listing,
  type SingletonSend,
  type Stamp,
  startReceptionist,
  startSharding,
  startSingleton,
  systemClock,
} from "@parley/actors";
import { MemoryPlacement, TcpTransport } from "@parley/actors/testing";
import { isRef, mind } from "./voice.ts";

interface Line {
  readonly text: string;
  readonly replyTo: ActorRef<string>;
}

interface Time {
  readonly replyTo: ActorRef<string>;
}

function acceptsTime(message: unknown): Time {
  if (typeof message === "object" && message !== null && "replyTo" in message && isRef(message.replyTo)) {
    return { replyTo: message.replyTo };
  }
  throw new TypeError("nobody wants to know the time");
}

function acceptsLine(message: unknown): Line {
  const { replyTo } = acceptsTime(message);
  if (typeof message === "object" && message !== null && "text" in message && typeof message.text === "string") {
    return { text: message.text, replyTo };
  }
  throw new TypeError("a line has a text");
}

/** What all hosts write to. It asks the fence in the same step in which it writes. */
class Store {
  readonly #fence = new Fence();
  readonly #lines = new Map<string, readonly string[]>();

  /** @throws ActorError `stale-epoch` */
  append(stamp: Stamp, thread: string, text: string): number {
    const refusal = this.#fence.admit(stamp);
    if (refusal !== undefined) throw refusal;
    const lines = [...(this.#lines.get(thread) ?? []), text];
    this.#lines.set(thread, lines);
    return lines.length;
  }
}

const PEERS = ["kitchen", "study"];

export async function placed(say: (line: string) => void): Promise<void> {
  // What consensus would say, in memory: who leads, and the table of who owns which shard.
  const consensus = new MemoryPlacement({ clock: systemClock(), members: PEERS, shards: 8 });
  const members = consensus.members();
  const store = new Store();
  const ports = new Map<string, number>();

  const start = async (peer: string) => {
    const system = await startHost(peer, ports);
    const leadership = consensus.leadershipOf(peer);
    const receptionist = startReceptionist(system, { members });
    const threads = startSharding<Line>(system, {
      name: "threads",
      table: consensus.tableOf(peer),
      leadership,
      members,
      accepts: acceptsLine,
      behavior:
        (stay) =>
        () =>
        ({ text, replyTo }) => {
          const count = store.append(stay.stamp(), stay.id, text);
          replyTo.tell(`line ${count} of ${stay.id}: ${text}`);
        },
    });
    const clock = startSingleton<Time>(system, {
      name: "clock",
      leadership,
      members,
      accepts: acceptsTime,
      behavior:
        ({ term }) =>
        () =>
        ({ replyTo }) => {
          replyTo.tell(`it is term ${term} in the ${peer}`);
        },
    });
    const time = (): Promise<string> =>
      askBeyond<SingletonSend<Time>, string>(clock, (replyTo) => ({
        type: "send",
        message: { replyTo },
        refusedTo: replyTo,
      }));
    return { system, receptionist, threads, time };
  };

  const kitchen = await start("kitchen");
  const study = await start("study");
  consensus.elect("kitchen");

  const ref = study.system.spawn(mind, { name: "mind" });
  study.receptionist.tell({ type: "register", key: "llm", capabilities: { languages: ["de", "en"] }, ref });
  const query = { key: "llm", capabilities: { languages: "de" } };
  const find = (): Promise<Listing> => kitchen.receptionist.ask((replyTo) => ({ type: "find", query, replyTo }));
  await patiently(find, ({ services }) => services.length === 1);
  say("the kitchen has found somebody who thinks in German, in the study");

  const write = (host: typeof kitchen, text: string): Promise<string> =>
    host.threads.entity("anna").ask((replyTo) => ({ text, replyTo }), { timeoutMs: 20_000 });
  say(await write(kitchen, "hello"));
  say(await write(study, "is it the same thread here?"));
  say(await study.time());

  consensus.elect("study");
  say(await patiently(study.time, (time) => time.includes("term 2")));
  await kitchen.threads.drain(); // its threads go to the study
  await kitchen.system.stop();
  say(await write(study, "the kitchen is gone"));
  await study.system.stop();
}

async function startHost(peer: string, ports: Map<string, number>): Promise<ActorSystem> {
  const transport = new TcpTransport({ portOf: (other) => ports.get(other) });
  const remoting = createRemoting({ transport });
  const system = createActorSystem({ peer, remoting: remoting.remoting });
  await remoting.start();
  ports.set(peer, transport.port);
  return system;
}

/** Asks again while nobody can answer, or not yet so: what other hosts know comes with time. */
async function patiently<Answer>(ask: () => Promise<Answer>, isIt: (answer: Answer) => boolean): Promise<Answer> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      const answer = await ask();
      if (isIt(answer)) return answer;
    } catch (error) {
      if (!isActorError(error) || Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error("it did not come to pass within 20 s");
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
