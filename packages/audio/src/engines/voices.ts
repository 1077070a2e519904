/** Which voice speaks: by its name, or by the language that is wanted. */
import { AudioError } from "../errors.ts";
import type { Voice } from "./contracts.ts";

/** What is asked of a voice. */
export interface VoiceWish {
  /** The name of one. */
  readonly voice?: string | undefined;
  /** BCP 47 tag of what it is to speak. */
  readonly language?: string | undefined;
  /** The name of one that is taken if it speaks that language, or when none is asked. */
  readonly preferred?: string | undefined;
}

/** Of what is there, so much is named in a message. */
const LANGUAGES_NAMED = 12;
const VOICES_NAMED = 12;

/**
 * The voice for `wish`; the first where nothing is wished. A language is looked for as it is asked, then shorter (RFC 4647,
 * 3.4 "lookup": `zh-Hant-TW`, `zh-Hant`, `zh`), then among all voices of that language, those of a near region first.
 * @throws AudioError `input-refused` when there is none, with what there is.
 */
export function chooseVoice<V extends Voice>(voices: readonly V[], { voice, language, preferred }: VoiceWish): V {
  if (voice !== undefined) return namedVoice(voices, voice, language);
  const [first] = voices;
  const liked = preferred === undefined ? undefined : voices.find(({ name }) => name === preferred);
  if (liked !== undefined && (language === undefined || isOf(liked, language))) return liked;
  const chosen = language === undefined ? first : voiceOfLanguage(voices, language);
  if (chosen !== undefined) return chosen;
  throw new AudioError("input-refused", `no voice here speaks ${language}`, {
    nextStep: `Ask for one of: ${languagesOf(voices)}. See: parley voices.`,
    details: { language: language ?? null },
  });
}

/** What `voice` reads a text as, when it was chosen for `wish`; undefined when nothing tells. */
export function languageSpoken(voice: Voice, { language }: VoiceWish): string | undefined {
  return speaksAll(voice) ? language : voice.language;
}

/** The best voice for `language`, a BCP 47 tag; undefined when none speaks it. */
export function voiceOfLanguage<V extends Voice>(voices: readonly V[], language: string): V | undefined {
  const subtags = subtagsOf(language);
  for (let length = subtags.length; length > 0; length--) {
    const range = subtags.slice(0, length).join("-");
    const exact = voices.find((each) => subtagsOf(each.language).join("-") === range);
    if (exact !== undefined) return exact;
  }
  const [primary] = subtags;
  const family = familyOf(subtags);
  const ofLanguage = voices.filter((each) => subtagsOf(each.language)[0] === primary);
  const near = ofLanguage.find((each) => familyOf(subtagsOf(each.language)) === family) ?? ofLanguage[0];
  return near ?? voices.find((each) => speaksAll(each));
}

function namedVoice<V extends Voice>(voices: readonly V[], name: string, language: string | undefined): V {
  const named = voices.find((each) => each.name === name);
  if (named === undefined) {
    const names = voices.map((each) => each.name);
    const more = names.length > VOICES_NAMED ? `, and ${names.length - VOICES_NAMED} more (parley voices)` : "";
    throw new AudioError("input-refused", `there is no voice named ${name}`, {
      nextStep: `Use one of: ${names.slice(0, VOICES_NAMED).join(", ")}${more}.`,
      details: { voice: name },
    });
  }
  if (language === undefined || isOf(named, language)) return named;
  throw new AudioError("input-refused", `the voice ${name} speaks ${named.language}, not ${language}`, {
    nextStep: "Ask for a voice or for a language, not for both.",
    details: { voice: name, language },
  });
}

/** "mul" (ISO 639-2): a voice that reads every language. */
function speaksAll({ language }: Voice): boolean {
  return language === "mul";
}

/** In any region. */
function isOf(voice: Voice, language: string): boolean {
  return speaksAll(voice) || subtagsOf(voice.language)[0] === subtagsOf(language)[0];
}

function languagesOf(voices: readonly Voice[]): string {
  const languages = [...new Set(voices.map(({ language }) => language))].toSorted();
  const more = languages.length > LANGUAGES_NAMED ? ", …" : "";
  return languages.slice(0, LANGUAGES_NAMED).join(", ") + more;
}

/** In lower case, without extensions: what follows a single letter says nothing of the language. */
function subtagsOf(tag: string): readonly string[] {
  const subtags = tag.toLowerCase().split(/[-_]/u);
  const extension = subtags.findIndex((subtag, index) => index > 0 && subtag.length === 1);
  return extension === -1 ? subtags : subtags.slice(0, extension);
}

/**
 * Regions whose way of speaking is nearest to another's, after the parent locales of CLDR: what is not listed is one family
 * (en-001 with British English, es-ES, pt-PT).
 */
const AMERICAN: Readonly<Record<string, ReadonlySet<string>>> = {
  en: new Set(["us", "ca", "ph", "pr", "vi", "gu", "as", "mp"]),
  es: new Set("419 ar bo cl co cr cu do ec gt hn mx ni pa pe pr py sv us uy ve".split(" ")),
  pt: new Set(["br"]),
};

function familyOf([primary = "", ...rest]: readonly string[]): "american" | "other" | undefined {
  const american = AMERICAN[primary];
  const region = rest.find((subtag) => /^(?:[a-z]{2}|\d{3})$/u.test(subtag));
  if (american === undefined || region === undefined) return undefined;
  return american.has(region) ? "american" : "other";
}
