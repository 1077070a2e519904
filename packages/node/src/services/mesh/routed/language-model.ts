/**
 * A language model that is somewhere in the house. When whoever writes dies or stands still, another goes on behind the text so far:
 * what was given out is not written again, and nothing of it is missing.
 */
import type { GenerateOptions, LanguageModel, ChatMessage } from "../../../providers/language-model.ts";
import type { Advert } from "../../../routing/index.ts";
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

/** `placement`'s models as one. */
export function routedLanguageModel(placement: Placed, ask: Ask = {}): LanguageModel {
  return {
    get id() {
      return placement.local?.ready?.id ?? placement.house.others("llm")[0]?.advert.model ?? "house";
    },
    async *generate(messages, how = {}) {
      if (isAlone(placement)) {
        yield* (await ownEngine(placement, ask, how.signal)).generate(messages, how);
        return;
      }
      const options = { clock: placement.house.clock, signal: how.signal, doing: "thinking" };
      yield* moving(new Reply(placement, ask, messages, how), options);
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
      wishes: () => [{ size }],
      here: (engine, signal) => this.#rest(how, (left) => engine.generate(this.#begun(messages), { ...left, signal })),
      there: (there, signal) => this.#rest(how, (left) => writtenThere(there, this.#begun(messages), left, signal)),
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
    write: (left: GenerateOptions) => AsyncIterable<Sign<string>>,
  ): AsyncGenerator<Sign<string>> {
    const { maxTokens, ...rest } = how;
    if (maxTokens === undefined) {
      yield* write(rest);
    } else if (maxTokens > this.#pieces) {
      // A piece is a token of most models.
      yield* write({ ...rest, maxTokens: maxTokens - this.#pieces });
    }
  }
}

async function* writtenThere(
  { system, peer, terms }: There,
  messages: readonly ChatMessage[],
  { maxTokens, temperature, seed, urgent }: GenerateOptions,
  signal: AbortSignal,
): AsyncGenerator<Sign<string>> {
  const how = defined({ maxTokens, temperature, seed, urgent });
  const job: Omit<ThinkJob, "replyTo" | "answer"> = { type: "think", terms, messages, ...how };
  for await (const item of askEngine(system, { peer, kind: "llm" }, (back) => ({ ...job, ...back }), signal)) {
    yield item.type === "text" ? item.text : ALIVE;
  }
}
