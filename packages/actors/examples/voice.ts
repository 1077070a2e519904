/** Hears, thinks and speaks. The work is made up; everything around it is real. */
import {
  type Actor,
  type ActorContext,
  type ActorRef,
  type Behavior,
  isActorError,
  isActorRef,
  type StreamRef,
} from "@parley/actors";

export interface Hear {
  readonly sound: Uint8Array;
  readonly replyTo: ActorRef<string>;
}

export interface Think {
  readonly text: string;
  /** The words, as they come to mind. */
  readonly replyTo: ActorRef<StreamRef<string>>;
}

export interface Turn {
  readonly sound: Uint8Array;
  readonly replyTo: ActorRef<string>;
}

export const ears: Behavior<Hear> =
  () =>
  ({ sound, replyTo }) => {
    replyTo.tell(new TextDecoder().decode(sound));
  };

export const mind: Behavior<Think> = (context) => {
  let turns = 0; // made anew at each start
  return ({ text, replyTo }) => {
    if (text === "divide by zero") throw new RangeError("there is no such number");
    turns += 1;
    replyTo.tell(context.offerStream(wordsAbout(text, turns)));
  };
};

async function* wordsAbout(text: string, turn: number): AsyncGenerator<string> {
  for (const word of `you said: ${text} (my turn ${turn})`.split(" ")) yield word;
}

/** A class is a handler too. Its children are the parts of the voice. */
export class Voice implements Actor<Turn> {
  readonly #context: ActorContext<Turn>;
  readonly #ears: ActorRef<Hear>;
  readonly #mind: ActorRef<Think>;

  constructor(context: ActorContext<Turn>, mind: ActorRef<Think>) {
    this.#context = context;
    this.#ears = context.spawn(ears, { name: "ears", mailbox: { capacity: 8, overflow: "drop-oldest" } });
    this.#mind = mind;
  }

  async receive({ sound, replyTo }: Turn): Promise<void> {
    const { signal } = this.#context; // aborted when this life of the actor ends
    try {
      const text = await this.#ears.ask<string>((replyTo) => ({ sound, replyTo }), { timeoutMs: 1000, signal });
      const words = this.#mind.stream<string>((replyTo) => ({ text, replyTo }), { window: 4, signal });
      const spoken: string[] = [];
      for await (const word of words) spoken.push(word);
      replyTo.tell(spoken.join(" "));
    } catch (error) {
      if (!isActorError(error)) throw error; // a defect: the supervisor's affair
      replyTo.tell(`sorry (${error.code})`);
    }
  }
}

/** What the mind takes from other hosts: looked at before it is believed. */
export function acceptsThink(message: unknown): Think {
  if (typeof message !== "object" || message === null || !("text" in message && "replyTo" in message)) {
    throw new TypeError("this is nothing to think about");
  }
  const { text, replyTo } = message;
  if (typeof text !== "string" || !isRef(replyTo)) throw new TypeError("text or replyTo is of the wrong kind");
  return { text, replyTo };
}

/** What a reference takes cannot be seen in it: who is told the wrong thing refuses it. */
export function isRef(value: unknown): value is ActorRef<unknown> {
  return isActorRef(value);
}

/** Sound of `text`, as far as these ears are concerned. */
export function soundOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
