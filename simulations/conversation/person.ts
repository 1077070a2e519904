/** One life of a client: the shipped SDK, and somebody who asks one question after the other. */
import type { Given } from "./chronicle.ts";
import type { Life, Machine } from "./machine.ts";
import { readMark } from "./engines.ts";
import { questionOf, readQuestion, sentencesOf, VERBS, type PlannedTurn } from "./script.ts";
import type { Client, Person } from "./somebody.ts";
import type { World } from "./world.ts";

const FIRST = "c1";
/** What a client is told whose session goes on elsewhere. */
const TAKEN = "goes on at another connection";
const MOST_TRIES = 5;
const RETRY_MS = 1_000;

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
  const person: Person = {
    client: undefined,
    turn: undefined,
    connection: 0,
    connectedAt: 0,
    isDone: false,
    isTaken: false,
  };
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
  const client = await reached(() =>
    library.connect({
      peers: [...urls.slice(first), ...urls.slice(0, first)],
      token: "known",
      clientId: machine.name,
      timeoutMs: plan.connectMs,
      openSocket: (url) => world.sockets.open(life, url),
      reconnect: { learn: false, patienceMs: plan.patienceMs },
    }),
  );
  person.client = client;
  client.on("connected", ({ peer }) => {
    nextConnection(world, person);
    world.note("connected", life.name, peer.name);
  });
  client.on("event", ({ type }) => {
    if (type !== "session-moved") return;
    // As good as another connection: what comes from now on was asked for anew.
    nextConnection(world, person);
    world.note("moved", life.name);
    if (person.turn !== undefined) world.goneOn += 1;
  });
  client.on("disconnected", ({ error }) => {
    world.note("disconnected", life.name, error.message);
    if (person.turn !== undefined) world.goneOn += 1;
  });
  const takesUpAt = takesUpBefore(world, machine.name);
  for (const [n, turn] of planTurns(world, machine.name).entries()) {
    await pause(plan.thinkMs * 2 * random.next());
    if (n === takesUpAt) await takeUp(world, machine, person, client);
    if (!person.isTaken) await take(world, machine, person, client, turn);
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
  world.see({ type: "asked", turn, client });
  await hear(world, client, person, turn, () => eventsOf(from, turn));
}

async function hear(
  world: World,
  client: string,
  person: Person,
  turn: PlannedTurn,
  begin: () => ReturnType<Client["ask"]>,
): Promise<void> {
  const sentences: { index: number; text: string }[] = [];
  let [text, soundMs, isDone] = ["", 0, false];
  const given = (): Given => ({ turn, client, text, sentences, soundMs });
  person.turn = turn;
  try {
    for await (const event of begin()) {
      if (event.type === "text") text += event.delta;
      else if (event.type === "audio") {
        soundMs += (1_000 * event.samples.length) / event.sampleRateHz;
        const by = readMark(event.samples);
        const connection = world.timeline.now > person.connectedAt ? person.connection : person.connection - 1;
        world.see({ type: "sound", turn: turn.name, connection, by });
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
    person.isTaken ||= world.takenUp.has(client) && said.includes(TAKEN);
    if (person.isTaken) world.see({ type: "taken", turn });
    else world.see({ type: "failed", given: given(), error: said });
  } finally {
    person.turn = undefined;
  }
}

function nextConnection({ timeline }: World, person: Person): void {
  person.connection += 1;
  person.connectedAt = timeline.now;
}

/** Before which of its turns it goes on with the session of the first client; undefined: it does not. */
function takesUpBefore({ random, plan: { turns } }: World, client: string): number | undefined {
  const own = random.fork(`takes-up/${client}`);
  return client !== FIRST && own.chance(0.4) ? own.between(0, turns - 1) : undefined;
}

/** As somebody who puts the telephone away and goes on at the desk. */
async function takeUp(world: World, { name }: Machine<Person>, person: Person, client: Client): Promise<void> {
  const all = world.up().flatMap(({ inside }) => inside?.house.list() ?? []);
  const { sessionId } = all.find(({ clientId }) => clientId === FIRST) ?? {};
  if (sessionId === undefined) return;
  world.takenUp.add(FIRST);
  try {
    const { answer } = await client.continueSession(sessionId);
    world.see({ type: "took-up", client: name, from: FIRST });
    const asked = readQuestion(answer?.question ?? "");
    if (answer === undefined || asked === undefined) return;
    const turn = { ...asked, question: answer.question, speak: false };
    await hear(world, name, person, turn, () => client.goOn(answer, { speak: false }));
  } catch (error) {
    // It may have been taken up all the same, by a peer whose answer was lost.
    world.note("not taken up", String(error));
  }
}

function eventsOf(client: Client, { verb, name, question, speak }: PlannedTurn): ReturnType<Client["ask"]> {
  if (verb === "say") return client.say(sentencesOf(verb, name).join(" "));
  return client.ask({ text: question }, { speak });
}

/** Whoever reaches nobody at first, as their own network is away just then, tries again. @throws what the last try throws */
async function reached<T>(connect: () => Promise<T>): Promise<T> {
  for (let tries = 1; tries < MOST_TRIES; tries += 1) {
    try {
      return await connect();
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "cannot-connect")) throw error;
      await pause(RETRY_MS);
    }
  }
  return connect();
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
