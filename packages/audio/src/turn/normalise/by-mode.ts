/** A final transcript, written as it was meant. */
import { normaliseCommand } from "./command.ts";
import { normaliseDictation } from "./dictation.ts";
import { normaliseHeard } from "./heard.ts";

/** What was expected of who spoke. */
export interface WritingOptions {
  /** BCP 47. */
  readonly language?: string | undefined;
  /** `command`: plain words, likely ones put right. `dictation`: marks are spoken. Else sentences, as they were heard. */
  readonly mode?: "command" | "dictation" | undefined;
  /** Names and words that are likely; they count in `command`, whatever the recogniser made of them. */
  readonly hotWords?: readonly string[] | undefined;
}

/** Text of a recogniser, fit for its use. */
export function writtenAsHeard(text: string, { language, mode, hotWords = [] }: WritingOptions = {}): string {
  if (mode === "command") return normaliseCommand(text, { language, hotWords });
  return mode === "dictation" ? normaliseDictation(text, { language }) : normaliseHeard(text, { language });
}
