/** What `listen` and `talk` may be told of what they will hear. */
import { InvalidArgumentError, Option } from "commander";
import { MAX_HOT_WORD_CHARS, MAX_HOT_WORDS } from "@parley/sdk";

interface HearingFlags {
  readonly mode?: "command" | "dictation";
  readonly hotWords?: readonly string[];
  readonly language?: string;
}

export function hearingOption(): Option {
  const meaning = "what is expected: short orders, or text that is written by voice";
  return new Option("--mode <mode>", meaning).choices(["command", "dictation"]);
}

export function hotWordsOption(): Option {
  return new Option("--hot-words <words>", 'names and words that are likely, such as "Parley, Jarvis"').argParser(
    readHotWords,
  );
}

/** @throws InvalidArgumentError for too many of them, or one that is too long. */
function readHotWords(text: string): readonly string[] {
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  if (words.length > MAX_HOT_WORDS) throw new InvalidArgumentError(`Give at most ${MAX_HOT_WORDS} of them.`);
  const long = words.find((word) => word.length > MAX_HOT_WORD_CHARS);
  if (long !== undefined) throw new InvalidArgumentError(`"${long}" is longer than ${MAX_HOT_WORD_CHARS} characters.`);
  return words;
}

/** The flags, as a client asks. */
export function hearingOf({ mode, hotWords, language }: HearingFlags): {
  readonly hearing?: "command" | "dictation";
  readonly hotWords?: readonly string[];
  readonly language?: string;
} {
  return {
    ...(mode === undefined ? {} : { hearing: mode }),
    ...(hotWords === undefined ? {} : { hotWords }),
    ...(language === undefined ? {} : { language }),
  };
}
