/** The voices of a model, with what each speaks. */
import type { ModelEntry } from "./types.ts";

/** Kokoro's voices carry their language in the first letter of the name. */
const KOKORO_LANGUAGES: Readonly<Record<string, string>> = {
  a: "en-US",
  b: "en-GB",
  e: "es",
  f: "fr",
  h: "hi",
  i: "it",
  j: "ja",
  p: "pt-BR",
  z: "zh",
};

/** BCP 47 tag of the voice called `name`; English where its name does not tell. */
export function languageOfVoice(name: string): string {
  return KOKORO_LANGUAGES[/^([a-z])[fm]_/u.exec(name)?.[1] ?? ""] ?? "en";
}

/** The voices of `entry`, the one that speaks when none is asked for first. */
export function voicesOf({
  voices,
  defaultVoice,
}: Pick<ModelEntry, "voices" | "defaultVoice">): readonly { readonly name: string; readonly language: string }[] {
  const others = voices.filter((name) => name !== defaultVoice);
  const names = defaultVoice === undefined ? others : [defaultVoice, ...others];
  return names.map((name) => ({ name, language: languageOfVoice(name) }));
}
