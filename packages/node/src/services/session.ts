/** One client's conversation: it asks, and what was said before is part of what is thought about. */
import { voiceTurn, type TurnEvent, type TurnInput, type TurnOptions } from "@parley/audio/pipeline";
import { prompt, remember, startConversation, type Conversation } from "../assistant/conversation.ts";
import { bounded } from "./limits.ts";
import type { Services } from "./services.ts";

/** Options of {@link Session.ask}. */
export interface AskOptions extends Omit<TurnOptions, "now"> {
  readonly speak: boolean;
}

/** A conversation, in memory, for as long as its client is there. Turns run one after another. */
export class Session {
  readonly #services: Services;
  #conversation: Conversation;

  constructor(services: Services) {
    this.#services = services;
    this.#conversation = startConversation(services.config.llm.system_prompt);
  }

  /**
   * One turn.
   * @throws AudioError, PeerError of whatever takes part; `audio-too-long` past `limits.ask_seconds`.
   */
  async *ask(input: TurnInput, options: AskOptions): AsyncGenerator<TurnEvent> {
    const services = this.#services;
    const limitMs = services.config.limits.ask_seconds * 1000;
    const bound = "audio" in input ? { audio: bounded(input.audio, limitMs, "limits.ask_seconds") } : input;
    services.warm({ hear: "audio" in input, speak: options.speak });
    let question = "";
    let answer = "";
    const parts = {
      hear: () => services.ears(options.signal),
      think: (text: string, signal: AbortSignal | undefined) =>
        services.language.generate(prompt(this.#conversation, text), services.generation(signal)),
      voice: options.speak ? () => services.voice(options.signal) : undefined,
    };
    try {
      for await (const event of voiceTurn(bound, parts, { ...options, ...services.voiceFor(options) })) {
        if (event.type === "question") question = event.text;
        if (event.type === "text") answer += event.delta;
        yield event;
      }
    } finally {
      // A cut answer is remembered as far as it went: the person has seen or heard it.
      if (answer !== "") this.#conversation = remember(this.#conversation, question, answer);
    }
  }
}
