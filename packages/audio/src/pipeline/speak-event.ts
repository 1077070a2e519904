/** What happens while something is said. */
import type { Pcm } from "../format/pcm.ts";
import type { Spoken } from "../turn/saying/spoken.ts";
import type { SpeechTiming } from "../turn/timing/timing.ts";

/** What is said, in order; the text runs ahead of the sound. */
export type SpeakEvent =
  | { readonly type: "text"; readonly delta: string }
  /** This sentence goes to the voice now; `text` is what is said of it, `from` where it begins in all that is written. */
  | {
      readonly type: "sentence";
      readonly index: number;
      readonly text: string;
      readonly spoken: Spoken;
      readonly from: number;
      /** Of all that is written, where somebody knows that there is no more; `speak` does not. */
      readonly length?: number | undefined;
    }
  | { readonly type: "audio"; readonly index: number; readonly pcm: Pcm }
  /** The sentence's sound is complete: its words and mouth shapes in time. */
  | { readonly type: "timing"; readonly index: number; readonly timing: SpeechTiming }
  /** Written, but not for the ear: code, marks, emoji. */
  | { readonly type: "unsaid"; readonly written: string };
