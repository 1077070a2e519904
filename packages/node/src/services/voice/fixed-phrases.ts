/** What an assistant says again and again, to everybody: its sound may be kept, and made before it is needed. */
import { primaryLanguage } from "@parley/audio/turn";

/** By primary language; as the voice is told them. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  en: [
    "Yes.",
    "Yes?",
    "No.",
    "Okay.",
    "Okay!",
    "Sure.",
    "Sure!",
    "Of course.",
    "Of course!",
    "Certainly!",
    "Done.",
    "Hello!",
    "Hello! How can I help you today?",
    "You're welcome!",
    "Goodbye!",
    "One moment, please.",
    "I don't know.",
    "I'm not sure.",
    "I'm sorry.",
    "Sorry, I did not understand.",
  ],
  de: [
    "Ja.",
    "Ja?",
    "Nein.",
    "Okay.",
    "Gern.",
    "Gerne!",
    "Natürlich.",
    "Natürlich!",
    "Klar!",
    "Erledigt.",
    "Hallo!",
    "Hallo! Wie kann ich dir helfen?",
    "Gern geschehen!",
    "Auf Wiedersehen!",
    "Einen Moment, bitte.",
    "Das weiß ich nicht.",
    "Entschuldigung, das habe ich nicht verstanden.",
  ],
};

const ALL: ReadonlySet<string> = new Set(Object.values(FIXED).flat());

/** True for a phrase that says nothing of whom it is said to. */
export function isFixedPhrase(text: string): boolean {
  return ALL.has(text);
}

/** The fixed phrases of `language`, a BCP 47 tag; none for a language that is not here. */
export function fixedPhrasesOf(language: string): readonly string[] {
  return FIXED[primaryLanguage(language)] ?? [];
}
