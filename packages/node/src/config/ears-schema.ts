/** Settings of what a peer hears by itself: its own ears, and the words that wake it. */
import * as z from "zod";
import { nonEmpty, number, section, setting, text, whole } from "./setting.ts";

/** RFC 5646, in what of it languages are told apart by. */
const LANGUAGE_TAG = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$/;
const THRESHOLD_MIN = 0.05;

/** Where wake words are listened for: the peer's own ears, and clients that talk with it. */
export const WAKE_INPUTS = ["ears", "clients"] as const;
export type WakeInput = (typeof WAKE_INPUTS)[number];

/** One wake word, with what it has of its own. */
export interface WakeWordSetting {
  /** In lower case, with single blanks. */
  readonly word: string;
  /** Of `wake.threshold` when absent. */
  readonly threshold: number | undefined;
  /** A model of the catalogue; whichever knows the word when absent. */
  readonly model: string | undefined;
  /** Everywhere when absent. */
  readonly inputs: readonly WakeInput[] | undefined;
}

/** The words of `wake.words`; undefined when that cannot be read. A word that is named twice is listened for as the last says. */
export function readWakeWords(list: string): readonly WakeWordSetting[] | undefined {
  const words = new Map<string, WakeWordSetting>();
  for (const item of list.split(",")) {
    if (item.trim() === "") continue;
    const read = readWakeWord(item);
    if (read === undefined) return undefined;
    words.set(read.word, read);
  }
  return [...words.values()];
}

function readWakeWord(item: string): WakeWordSetting | undefined {
  const parts = item.trim().split(/\s+/);
  const said = parts.filter((part) => !part.includes("="));
  const word = said
    .join(" ")
    .toLowerCase()
    .replaceAll(/[\s_]+/g, " ")
    .trim();
  const options = new Map(parts.filter((part) => part.includes("=")).map(keyAndValue));
  const isKnown = [...options].every(([key, value]) => value !== "" && ["threshold", "model", "inputs"].includes(key));
  const threshold = options.has("threshold") ? Number(options.get("threshold")) : undefined;
  const inputs = options.get("inputs")?.split("+");
  if (word === "" || !isKnown) return undefined;
  if (threshold !== undefined && !(threshold >= THRESHOLD_MIN && threshold <= 1)) return undefined;
  if (inputs?.every(isInput) === false) return undefined;
  return {
    word,
    threshold,
    model: options.get("model"),
    inputs: inputs?.filter(isInput),
  };
}

function keyAndValue(part: string): readonly [string, string] {
  const at = part.indexOf("=");
  return [part.slice(0, at), part.slice(at + 1)];
}

function isInput(name: string): name is WakeInput {
  return WAKE_INPUTS.some((input) => input === name);
}

export const wakeSection = section("The words that begin a conversation without a key.", {
  words: setting(
    text().refine((list) => readWakeWords(list) !== undefined),
    {
      meaning:
        "Wake words, with commas between several. Behind a word may stand what holds for it alone: threshold, the model that " +
        "knows it, and the inputs on which it is listened for (ears, clients). Empty: none.",
      allowed:
        'a list such as "hey nova, hey jarvis threshold=0.45 inputs=ears"; further options are model=NAME and ' +
        "inputs=ears+clients; parley models list shows what is known",
      default: "",
      flag: "--wake-words <words>",
    },
  ),
  threshold: setting(
    number(0, 1).refine((threshold) => threshold === 0 || threshold >= THRESHOLD_MIN),
    {
      meaning:
        "How sure it must be that a wake word was said; lower hears more of them, and more that were none. 0: what was measured " +
        "with each word's model.",
      allowed: `0, or a number from ${THRESHOLD_MIN} to 1`,
      default: 0,
    },
  ),
  refractory_ms: setting(whole(0, 60_000), {
    meaning: "After a wake word none is heard for so long.",
    unit: "milliseconds",
    default: 2000,
  }),
});

export const earsSection = section("The peer's own ears and mouth. They are shut until somebody opens them here.", {
  enabled: setting(z.boolean(), {
    meaning: "Whether the peer listens and speaks by itself, through this machine's microphone and loudspeaker.",
    default: false,
    flag: "--ears",
  }),
  source: setting(nonEmpty(), {
    meaning: "What it hears with.",
    allowed:
      "default, a microphone as the system names it, file:PATH for a recording, or raw:PATH for a named pipe of 16-bit " +
      "mono samples at 16 kHz",
    default: "default",
  }),
  sink: setting(nonEmpty(), {
    meaning: "What it speaks through.",
    allowed: "default, a loudspeaker as the system names it, file:PATH for a WAV file, or null for nowhere",
    default: "default",
  }),
  mode: setting(z.enum(["wake", "open", "keys"]), {
    meaning:
      "What begins a conversation: wake a word of wake.words, open whatever is said, keys only parley ears press or strike. " +
      "Keys always do.",
    default: "wake",
  }),
  interruptions: setting(z.enum(["any-speech", "wake-word", "never"]), {
    meaning: "What may interrupt an answer; keys always may.",
    default: "any-speech",
  }),
  language: setting(
    text().refine((tag) => tag === "" || LANGUAGE_TAG.test(tag)),
    {
      meaning: "The language that is spoken. Empty: English.",
      allowed: 'empty, or a tag such as "en" or "de"',
      default: "",
    },
  ),
  follow_up_ms: setting(whole(0, 60_000), {
    meaning: "After an answer, more may be said without a wake word for so long.",
    unit: "milliseconds",
    default: 6000,
  }),
  echo_cancellation: setting(z.boolean(), {
    meaning: "Whether the peer takes its own voice out of what it hears; not needed where the system does.",
    default: true,
  }),
  preference: setting(number(-1, 1), {
    meaning:
      "Whether this peer should answer rather than others that hear the same wake word: 1 rather this one, -1 rather " +
      "another, 0 the one that hears best.",
    default: 0,
  }),
});
