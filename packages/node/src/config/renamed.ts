/** Settings that had another name once: whoever still writes it is told what to write now. */

/** By the old key: the new one, and what the value becomes. */
export const RENAMED: Readonly<Record<string, { readonly to: string; readonly how: string }>> = {
  "vad.threshold": { to: "vad.sensitivity", how: "higher hears more, and 0.5 is still the default" },
  "vad.min_silence_ms": { to: "vad.silence_timeout_ms", how: "the value stays the same" },
};
