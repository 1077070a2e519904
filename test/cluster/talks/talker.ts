/** A client in a process of its own, as whoever started it sees it. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { Played, TalkerEvent, TalkerNews, TalkerOptions, TalkerOrder } from "./orders.ts";

const SCRIPT = fileURLToPath(new URL("talker-process.ts", import.meta.url));
const LOOK_MS = 5;
const START_MS = 60_000;
const WAIT_MS = 60_000;

export type EventOf<T extends TalkerEvent["type"]> = Extract<TalkerEvent, { readonly type: T }>;

/** What a turn was in the end. */
export interface TurnTold {
  readonly outcome: string;
  readonly question: string;
  readonly reply: string;
  readonly played: Played;
}

/** Something has happened in a talk, for which a trouble waits. */
export type Moment = "mid-utterance" | "mid-thinking" | "mid-sentence";
export const MOMENTS: readonly Moment[] = ["mid-utterance", "mid-thinking", "mid-sentence"];
const SAID_MS = 700;
/** In the second sentence. */
const HEARD_MS = 1_500;

export class Talker {
  readonly events: TalkerEvent[] = [];
  /** When each of them came. */
  readonly #atMs: number[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  #asked = 0;
  #turns = 0;
  #stderr = "";
  #ended: string | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Connected; ended with the test. @param command runs a program where it is to run, such as `ip netns exec NAME` */
  static async open(options: TalkerOptions, command: readonly string[] = []): Promise<Talker> {
    const [program, ...args] = [...command, process.execPath];
    const child = spawn(program, [...args, "--conditions=parley-source", SCRIPT, JSON.stringify(options)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const talker = new Talker(child);
    onTestFinished(() => talker.close());
    const ready = Promise.withResolvers<void>();
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (talker.#stderr += text));
    child.on("error", (error) => ready.reject(error));
    child.on("exit", (code, signal) => {
      talker.#ended = `${options.name} has ended (${code ?? signal}): ${talker.#stderr}`;
      ready.reject(new Error(talker.#ended));
      for (const each of talker.#waiting.values()) each.reject(new Error(talker.#ended));
    });
    child.on("message", (news: TalkerNews) => {
      if ("ready" in news) ready.resolve();
      else if ("event" in news) talker.#note(news.event);
      else if ("error" in news) talker.#waiting.get(news.id)?.reject(new Error(news.error));
      else talker.#waiting.get(news.id)?.resolve(news.answer);
    });
    const late = setTimeout(
      () => ready.reject(new Error(`${options.name} never connected: ${talker.#stderr}`)),
      START_MS,
    );
    await ready.promise.finally(() => clearTimeout(late));
    return talker;
  }

  of<T extends TalkerEvent["type"]>(type: T): readonly EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.type === type);
  }

  /** Opens microphone and loudspeaker. */
  async talk(): Promise<void> {
    await this.#order({ do: "talk" });
    await this.until("open ears", () => this.of("state")[0]);
  }

  /** Takes up somebody else's session. */
  async goTo(session: string): Promise<void> {
    await this.#order({ do: "continue", session });
  }

  /** In writing. */
  ask(text: string): Promise<string> {
    return this.#order({ do: "ask", text });
  }

  /** Says it; the turn that comes of it. @param trouble comes over it in the midst of what is said, thought or heard */
  async say(
    text: string,
    over?: { readonly moment: Moment; readonly trouble: () => Promise<unknown> },
  ): Promise<TurnTold> {
    const from = this.events.length;
    const said = this.#order({ do: "say", text });
    if (over !== undefined) {
      await this.until(over.moment, () => (this.#isAt(over.moment, from) ? true : undefined));
      await over.trouble();
    }
    await said;
    return this.nextTurn();
  }

  /** The next turn that ends, and in which somebody was heard. */
  async nextTurn(): Promise<TurnTold> {
    const isNew = ({ turn, outcome }: EventOf<"turn">): boolean => turn > this.#turns && outcome !== "unheard";
    const { turn, outcome, question, reply } = await this.until("the turn's end", () => this.of("turn").find(isNew));
    const { played } = await this.until("its sound", () => this.of("played").find((each) => each.turn === turn));
    this.#turns = turn;
    return { outcome, question, reply, played };
  }

  /** @throws Error with all that has happened when that takes too long, or the talk is over */
  async until<T>(what: string, found: () => T | undefined, withinMs = WAIT_MS): Promise<T> {
    for (const untilMs = performance.now() + withinMs; performance.now() < untilMs;) {
      const value = found();
      if (value !== undefined) return value;
      if (this.#ended !== undefined) throw new Error(this.#ended);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new Error(`never: ${what}; it went:\n${this.course()}`);
  }

  /** All that has happened, a line each, with when. */
  course(): string {
    const [startedMs = 0] = this.#atMs;
    return this.events
      .flatMap((event, n) => {
        if (["said", "heard", "timing", "text"].includes(event.type)) return [];
        return [`${Math.round((this.#atMs[n] ?? 0) - startedMs)} ms ${JSON.stringify(event)}`];
      })
      .join("\n");
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }

  #note(event: TalkerEvent): void {
    this.events.push(event);
    this.#atMs.push(performance.now());
  }

  #isAt(moment: Moment, from: number): boolean {
    const since = this.events.slice(from);
    if (moment === "mid-utterance") return since.some((event) => event.type === "said" && event.ms >= SAID_MS);
    if (moment === "mid-thinking") return since.some(({ type }) => type === "question");
    return since.some((event) => event.type === "heard" && event.ms >= HEARD_MS);
  }

  #order(order: TalkerOrder): Promise<string> {
    this.#asked += 1;
    const id = this.#asked;
    const answered = Promise.withResolvers<string>();
    this.#waiting.set(id, answered);
    this.#child.send({ id, order }, () => undefined);
    return answered.promise.finally(() => this.#waiting.delete(id));
  }
}
