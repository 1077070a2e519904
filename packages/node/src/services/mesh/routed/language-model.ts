/**
 * A language model that is somewhere in the house. When whoever writes dies or stands still, another goes on behind the text so far:
 * what was given out is not written again, and nothing of it is missing.
 */
import { isAudioError } from "@parley/audio";
import type { GenerateOptions, LanguageModel, ChatMessage } from "../../../providers/language-model.ts";
import type { Rounds } from "../../../providers/rounds.ts";
import type { Advert, RouteRequest } from "../../../routing/index.ts";
import { promptTokensOf } from "../measured.ts";
import type { ThinkJob } from "../wire.ts";
import { defined } from "./defined.ts";
import { ALIVE, moving, type Sign } from "./moving.ts";
import { isAlone, ownEngine, PlacedWork, type Ask, type Placement, type There } from "./placing.ts";
import { askEngine } from "./remote.ts";

type Placed = Placement<"llm">;

/** Tokens come unevenly: so many may be missing before that means something. */
const TOKENS_MISSED = 6;
const USUAL_TOKENS = 120;
/** An answer that has begun is waited for, within its own limit: to be cut off in its middle is worse than to be sent away. */
const BEGUN_PATIENCE_MS = 600_000;
/**
 * Where a peer has just gone, those who stay may all have sent a question away for a moment, each in favour of another: it is asked again
 * for so long, well within its patience, before its speaker is sent away.
 */
const BUSY_MS = 3_000;
const AGAIN_MS = 250;

/** `placement`'s models as one. */
export function routedLanguageModel(placement: Placed, ask: Ask = {}): LanguageModel {
  return {
    get id() {
      return placement.local?.ready?.id ?? placement.house.others("llm")[0]?.advert.model ?? "house";
    },
    async *generate(messages, how = {}) {
      if (isAlone(placement)) {
        const { rounds: _, ...rest } = how;
        yield* (await ownEngine(placement, ask, how.signal)).generate(messages, rest);
        return;
      }
      const { clock } = placement.house;
      const options = { clock, signal: how.signal, doing: "thinking" };
      const reply = new Reply(placement, ask, messages, how);
      for (const untilMs = clock.nowMs() + BUSY_MS; ;) {
        try {
          return yield* moving(reply, options);
        } catch (error) {
          if (!isAudioError(error, "engine-busy") || clock.nowMs() >= untilMs || how.signal?.aborted === true)
            throw error;
        }
        await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve));
      }
    },
  };
}

class Reply extends PlacedWork<"llm", string> {
  #text = "";
  #pieces = 0;

  constructor(placement: Placed, ask: Ask, messages: readonly ChatMessage[], how: GenerateOptions) {
    const promptTokens = promptTokensOf(messages);
    const size = { promptTokens, tokens: Math.min(how.maxTokens ?? USUAL_TOKENS, USUAL_TOKENS) };
    super(placement, {
      ask,
      wishes: () => [{ size, ...goingOn(how.rounds) }],
      here: (engine, signal) =>
        this.#rest(how, placement.house.self, (left) => engine.generate(this.#begun(messages), { ...left, signal })),
      there: (there, signal) =>
        this.#rest(how, there.peer, (left) => {
          return writtenThere(there, this.#begun(messages), { ...left, rounds: how.rounds }, signal);
        }),
      expectedMs: ({ speed }: Advert, isFirst) => {
        const { tokensPerSecond, promptTokensPerSecond, firstResultMs } = speed;
        if (tokensPerSecond === undefined || firstResultMs === undefined) return undefined;
        const readMs = promptTokensPerSecond === undefined ? 0 : (1000 * promptTokens) / promptTokensPerSecond;
        return (isFirst ? firstResultMs + readMs : 0) + (1000 * TOKENS_MISSED) / tokensPerSecond;
      },
    });
  }

  took(text: string): void {
    this.#text += text;
    this.#pieces += 1;
  }

  /** With what the assistant has begun to say. */
  #begun(messages: readonly ChatMessage[]): readonly ChatMessage[] {
    return this.#text === "" ? messages : [...messages, { role: "assistant", content: this.#text }];
  }

  /** Nothing where as much was written as was allowed. */
  async *#rest(
    how: GenerateOptions,
    peer: string,
    write: (left: GenerateOptions) => AsyncIterable<Sign<string>>,
  ): AsyncGenerator<Sign<string>> {
    const { maxTokens, rounds, ...rest } = how;
    // A piece is a token of most models.
    const left = maxTokens === undefined ? {} : { maxTokens: maxTokens - this.#pieces };
    if (left.maxTokens !== undefined && left.maxTokens <= 0) return;
    for await (const sign of write({ ...rest, ...left })) {
      if (rounds !== undefined && sign !== ALIVE) rounds.peer = peer;
      yield sign;
    }
  }
}

/** Behind what was written before. */
function goingOn({ peer }: Partial<Rounds> = {}): Pick<RouteRequest, "stickTo" | "patienceMs"> {
  return peer === undefined ? {} : { stickTo: { peer, within: "turn" }, patienceMs: BEGUN_PATIENCE_MS };
}

async function* writtenThere(
  { system, peer, terms }: There,
  messages: readonly ChatMessage[],
  { maxTokens, temperature, seed, urgent, rounds }: Omit<GenerateOptions, "rounds"> & { rounds: Rounds | undefined },
  signal: AbortSignal,
): AsyncGenerator<Sign<string>> {
  const how = defined({ maxTokens, temperature, seed, urgent, round: rounds?.id });
  const job: Omit<ThinkJob, "replyTo" | "answer"> = { type: "think", terms, messages, ...how };
  for await (const item of askEngine(system, { peer, kind: "llm" }, (back) => ({ ...job, ...back }), signal)) {
    yield item.type === "text" ? item.text : ALIVE;
  }
}
