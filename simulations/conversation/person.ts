/** One life of a client: the shipped SDK, and somebody who asks one question after the other. */
import type { Given } from "./chronicle.ts";
import type { Life, Machine } from "./machine.ts";
import { readMark } from "./engines.ts";
import { questionOf, sentencesOf, VERBS, type PlannedTurn } from "./script.ts";
import type { Client, Person } from "./somebody.ts";
import type { World } from "./world.ts";

export function planTurns(world: World, client: string): readonly PlannedTurn[] {
  const random = world.random.fork(`turns/${client}`);
  return Array.from({ length: world.plan.turns }, (_, n) => {
    const verb = random.pick(VERBS) ?? "tell";
    const name = `${client}n${n + 1}`;
    return { name, verb, question: questionOf(verb, name), speak: random.chance(0.7) || verb === "say" };
  });
}

/** @param machine its own */
export function converse(world: World, life: Life<Person>): void {
  const person: Person = { client: undefined, turn: undefined, connection: 0, isDone: false };
  life.inside = person;
  life.run(() => {
    talk(world, life, person).catch((error: unknown) => world.fail(error, life.name));
  });
}

async function talk(world: World, life: Life<Person>, person: Person): Promise<void> {
  const { library, plan } = world;
  const { machine } = life;
  const random = world.random.fork(`person/${machine.name}`);
  const first = random.between(0, plan.hosts - 1);
  const urls = world.hosts.map(({ name }) => `ws://${name}/ws`);
  const client = await library.connect({
    peers: [...urls.slice(first), ...urls.slice(0, first)],
    token: "known",
    clientId: machine.name,
    timeoutMs: plan.connectMs,
    openSocket: (url) => world.sockets.open(life, url),
    reconnect: { learn: false, patienceMs: plan.patienceMs },
  });
  person.client = client;
  client.on("connected", ({ peer }) => {
    person.connection += 1;
    world.note("connected", life.name, peer.name);
  });
  client.on("event", ({ type }) => {
    if (type !== "session-moved") return;
    // As good as another connection: what comes from now on was asked for anew.
    person.connection += 1;
    world.note("moved", life.name);
    if (person.turn !== undefined) world.goneOn += 1;
  });
  client.on("disconnected", ({ error }) => {
    world.note("disconnected", life.name, error.message);
    if (person.turn !== undefined) world.goneOn += 1;
  });
  for (const turn of planTurns(world, machine.name)) {
    await pause(plan.thinkMs * 2 * random.next());
    await take(world, machine, person, client, turn);
  }
  person.isDone = true;
}

/** One more question, once all is well: what its model is shown with it is what the session knows. */
export function askLast(world: World, life: Life<Person>): void {
  const { machine, inside: person } = life;
  const { client } = person ?? {};
  if (person === undefined || client === undefined) return;
  const name = `${machine.name}last`;
  person.isDone = false;
  life.run(() => {
    take(world, machine, person, client, { name, verb: "tell", question: questionOf("tell", name), speak: false }).then(
      () => (person.isDone = true),
      (error: unknown) => world.fail(error, life.name),
    );
  });
}

async function take(
  world: World,
  { name: client }: Machine<Person>,
  person: Person,
  from: Client,
  turn: PlannedTurn,
): Promise<void> {
  const sentences: { index: number; text: string }[] = [];
  let [text, soundMs, isDone] = ["", 0, false];
  const given = (): Given => ({ turn, client, text, sentences, soundMs });
  person.turn = turn;
  world.see({ type: "asked", turn, client });
  try {
    for await (const event of eventsOf(from, turn)) {
      if (event.type === "text") text += event.delta;
      else if (event.type === "audio") {
        soundMs += (1_000 * event.samples.length) / event.sampleRateHz;
        const by = readMark(event.samples);
        world.see({ type: "sound", turn: turn.name, connection: person.connection, by });
      } else if (event.type === "sentence") {
        sentences.push({ index: event.index, text: event.text });
        world.see({ type: "sentence", turn: turn.name, index: event.index, text: event.text });
      } else if (event.type === "done") isDone = true;
    }
    if (!isDone) throw new Error("it ended without its end being told");
    if (turn.verb === "say") text = sentences.map((sentence) => sentence.text).join(" ");
    world.see({ type: "answered", given: given() });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    world.see({ type: "failed", given: given(), error: said });
  } finally {
    person.turn = undefined;
  }
}

function eventsOf(client: Client, { verb, name, question, speak }: PlannedTurn): ReturnType<Client["ask"]> {
  if (verb === "say") return client.say(sentencesOf(verb, name).join(" "));
  return client.ask({ text: question }, { speak });
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
