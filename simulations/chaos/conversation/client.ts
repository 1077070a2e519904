/** A client that does what the schedule says, turn after turn, with the SDK as it is shipped. */
import { setTimeout as sleep } from "node:timers/promises";
import { LiveMicrophone } from "@parley/node/testing";
import {
  connect,
  ParleyError,
  type ConversationEvent,
  type ParleyClient,
  type TalkSession,
  type TurnEvent,
} from "@parley/sdk";
import type { PlannedTurn } from "./schedule.ts";
import { captured, NotingSpeaker } from "./sound.ts";
import { Taken, type TimedTurn } from "./taken.ts";
import { tones, type Voice } from "./voice.ts";
import { RECITE, recitedIn } from "./words.ts";

/** Real voices may have much to do on few cores. */
const TURN_MS = 120_000;
const EARS_MS = 30_000;
const LOOK_MS = 10;
const SAMPLES_PER_MS = 16;
const CONNECT_MS = 30_000;

export class ScriptedClient {
  readonly #client: ParleyClient;
  #talk: Conversation | undefined;
  readonly #strays: string[] = [];

  readonly #voice: Voice;

  private constructor(client: ParleyClient, voice: Voice) {
    this.#client = client;
    this.#voice = voice;
  }

  /** @param urls of all peers, the one that it is to begin with first */
  static async open(
    name: string,
    urls: readonly string[],
    token: string,
    voice: Voice = tones,
  ): Promise<ScriptedClient> {
    const client = await connect({
      peers: urls,
      token,
      clientId: name,
      timeoutMs: CONNECT_MS,
      // It would learn of ways past the doors.
      reconnect: { learn: false },
    });
    return new ScriptedClient(client, voice);
  }

  /** The name of the peer that it is, or was last, connected to. */
  get entry(): string {
    return this.#client.server.name;
  }

  get isConnected(): boolean {
    return this.#client.connection.isConnected;
  }

  /** It has come to another peer, or the same one again. */
  onConnected(heard: () => void): () => void {
    return this.#client.on("connected", heard);
  }

  /** One turn, to its end; never rejects. @param begun hears of it as soon as it has begun */
  async take(turn: PlannedTurn, begun: (taken: Taken) => void): Promise<TimedTurn> {
    if (turn.kind !== "talk") this.endTalk();
    const taken = new Taken(turn.number);
    begun(taken);
    const unsubscribe = [
      this.#client.on("connected", ({ peer }) => taken.connected(peer.name)),
      this.#client.on("disconnected", ({ error }) => taken.disconnected(error.message)),
    ];
    taken.note(`at ${this.entry}`);
    try {
      if (turn.kind === "talk") return await this.#converse(turn, taken);
      await this.#work(turn, taken);
      return taken.end(undefined);
    } catch (error) {
      this.endTalk();
      return taken.end(reasonOf(error));
    } finally {
      for (const each of unsubscribe) each();
    }
  }

  /** The names of the latest turns that its session remembers as questions, in their order. @param read what was recited, to be searched */
  async recite(read: (answer: string) => string): Promise<readonly string[]> {
    this.endTalk();
    let answer = "";
    for await (const event of this.#client.ask(
      { text: RECITE },
      { speak: false, signal: AbortSignal.timeout(TURN_MS) },
    ))
      if (event.type === "text") answer += event.delta;
    return recitedIn(read(answer));
  }

  /** What turns of its talks were about that nobody had asked for. */
  get strays(): readonly string[] {
    return [...this.#strays, ...(this.#talk?.strays ?? [])];
  }

  endTalk(): void {
    this.#strays.push(...(this.#talk?.strays ?? []));
    this.#talk?.end();
    this.#talk = undefined;
  }

  close(): void {
    this.endTalk();
    this.#client.close();
  }

  async #work(turn: PlannedTurn, taken: Taken): Promise<void> {
    let isDone = false;
    for await (const event of this.#asked(turn, taken)) {
      if (event.type === "audio")
        taken.sound({ atMs: performance.now(), ms: (1_000 * event.samples.length) / event.sampleRateHz });
      else if (event.type === "done") isDone = true;
      else if (event.type !== "opus") taken.event(event);
    }
    if (!isDone) throw new Error("it ended without its end being told");
  }

  #asked({ kind, text }: PlannedTurn, taken: Taken): AsyncIterable<TurnEvent> {
    const signal = AbortSignal.timeout(TURN_MS);
    const said = (): AsyncIterable<Float32Array> =>
      captured(this.#voice(text), (share) => {
        if (share < 1) taken.asked();
        taken.progress.tell({ type: "utterance", share });
      });
    switch (kind) {
      case "ask":
        taken.progress.tell({ type: "asked" });
        return this.#client.ask({ text }, { speak: true, signal });
      case "ask-sound":
        return this.#client.ask({ audio: said() }, { speak: true, partials: "off", signal });
      case "say":
        return this.#client.say(`${text}. Two is ${text}. Three, and all is said.`, { signal });
      default:
        return this.#client.listen(said(), { partials: "off", signal });
    }
  }

  async #converse({ text }: PlannedTurn, taken: Taken): Promise<TimedTurn> {
    this.#talk ??= await Conversation.open(this.#client);
    const talk = this.#talk;
    const told = await talk.say(this.#voice(text), taken);
    if (told.outcome !== "complete") this.endTalk();
    const failure = told.outcome === "complete" ? undefined : `the turn was ${told.outcome}${talk.problem()}`;
    return taken.end(failure, { transcript: told.question, answer: told.reply });
  }
}

type TurnTold = Extract<ConversationEvent, { type: "turn" }>;

/** A live talk over several turns. */
class Conversation {
  readonly #microphone = new LiveMicrophone();
  readonly #session: TalkSession;
  #taken: Taken | undefined;
  #told: TurnTold | undefined;
  #hasEars = false;
  #problem = "";
  /** What turns were about that came though nobody had said anything. */
  readonly strays: string[] = [];
  /** Why it ended. */
  #over: string | undefined;

  private constructor(client: ParleyClient) {
    const speaker = new NotingSpeaker((arrival) => this.#taken?.sound(arrival));
    this.#session = client.talk(this.#microphone.blocks, { speaker });
    void this.#read();
  }

  static async open(client: ParleyClient): Promise<Conversation> {
    const talk = new Conversation(client);
    await talk.#until("open ears", EARS_MS, () => (talk.#hasEars ? true : undefined));
    return talk;
  }

  /** What the last problem was, for people. */
  problem(): string {
    return this.#problem === "" ? "" : `: ${this.#problem}`;
  }

  async say(sound: Float32Array, taken: Taken): Promise<TurnTold> {
    this.#taken = taken;
    this.#told = undefined;
    this.#problem = "";
    const [startedMs, lengthMs] = [performance.now(), sound.length / SAMPLES_PER_MS];
    const telling = setInterval(() => {
      const share = (performance.now() - startedMs) / lengthMs;
      if (share < 1) taken.asked();
      taken.progress.tell({ type: "utterance", share });
    }, LOOK_MS);
    try {
      void this.#microphone.say(sound);
      return await this.#until("the turn's end", TURN_MS, () => this.#told);
    } finally {
      clearInterval(telling);
      this.#taken = undefined;
    }
  }

  end(): void {
    this.#microphone.end();
  }

  #ended(turn: TurnTold): void {
    if (this.#taken === undefined) this.strays.push(turn.question);
    else this.#told = turn;
  }

  async #read(): Promise<void> {
    try {
      for await (const event of this.#session.events) {
        if (event.type === "state") this.#hasEars = true;
        if (event.type === "problem") this.#problem = `${event.stage}: ${event.error.code}: ${event.error.message}`;
        if (event.type === "turn" && event.outcome !== "unheard") this.#ended(event);
        this.#taken?.event(event);
      }
      this.#over = "the conversation ended";
    } catch (error) {
      this.#over = reasonOf(error);
    }
  }

  async #until<T>(what: string, withinMs: number, found: () => T | undefined): Promise<T> {
    for (const untilMs = performance.now() + withinMs; performance.now() < untilMs; await sleep(LOOK_MS)) {
      const value = found();
      if (value !== undefined) return value;
      if (this.#over !== undefined) throw new Error(`${this.#over} before ${what}`);
    }
    throw new Error(`${withinMs / 1_000} s passed without ${what}${this.problem()}`);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ParleyError) return `${error.remoteCode ?? error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
