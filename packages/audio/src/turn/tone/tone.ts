/**
 * The tone of a reply, for a face to show: a hint read off the words, not a judgement of feelings. English and German cues;
 * in other languages only marks and emoji speak.
 */

/** What a face may show while a reply is said. */
export type Tone = "Happy" | "Thinking" | "Neutral" | "Concerned";

type Cue = readonly [tone: Exclude<Tone, "Neutral">, weight: number, pattern: RegExp];

/** Weights: 2 decides alone, 1 needs company or the other tones' silence. */
const REPLY_CUES: readonly Cue[] = [
  ["Concerned", 2, /\b(?:i(?:'|’)?m|i am|we(?:'|’)?re|so|very) (?:so |very |really |deeply )?sorry\b/gu],
  ["Concerned", 2, /\b(?:unfortunately|condolences|my sympathies|i(?:'|’)m afraid|bad news|regret)\b/gu],
  [
    "Concerned",
    2,
    /\b(?:emergency|ambulance|seek (?:medical )?help|call (?:911|112|a doctor)|dangerous|in danger)\b/gu,
  ],
  [
    "Concerned",
    1,
    /\b(?:careful|caution|warning|failed|error|wrong|hurt|pain|died|death|sad|worried|worry|difficult|tough|can(?:'|’)?t|cannot|could(?:n(?:'|’)t| not)|unable)\b/gu,
  ],
  ["Concerned", 2, /\b(?:tut mir (?:sehr |wirklich )?leid|leider|mein beileid|notruf|notarzt|gefährlich|bedauere)\b/gu],
  [
    "Concerned",
    1,
    /\b(?:vorsicht|achtung|fehler|fehlgeschlagen|schmerz(?:en)?|gestorben|traurig|sorgen|schwierig)\b/gu,
  ],
  [
    "Happy",
    2,
    /\b(?:congratulations|congrats|hooray|yay|happy birthday|well done|great (?:job|news)|good news|wonderful|awesome|fantastic|delighted)\b/gu,
  ],
  ["Happy", 1, /\b(?:glad|happy|great|excellent|perfect|love|lovely|enjoy|fun|welcome|nice|my pleasure|haha)\b/gu],
  [
    "Happy",
    2,
    /\b(?:glückwunsch|gratuliere|alles gute|hurra|juhu|gute nachricht(?:en)?|wunderbar|großartig|fantastisch|herzlichen)\b/gu,
  ],
  ["Happy", 1, /\b(?:freu(?:t|e)?|schön|toll|super|prima|gern(?:e)?|spaß|willkommen|viel vergnügen)\b/gu],
  [
    "Thinking",
    2,
    /\b(?:let me (?:think|see|check|look)|hmm+|good question|interesting question|it depends|on (?:the )?one hand|i(?:'|’)m not (?:entirely |quite )?sure|i wonder)\b/gu,
  ],
  ["Thinking", 1, /\b(?:maybe|perhaps|possibly|probably|might|likely|consider|suppose|seems?|however|i think)\b/gu],
  [
    "Thinking",
    2,
    /\b(?:lass mich (?:überlegen|nachdenken|nachsehen)|gute frage|kommt (?:darauf|drauf) an|einerseits|bin (?:mir )?nicht (?:ganz )?sicher)\b/gu,
  ],
  [
    "Thinking",
    1,
    /\b(?:vielleicht|möglicherweise|vermutlich|wahrscheinlich|könnte|womöglich|scheint|allerdings|ich denke)\b/gu,
  ],
  ["Happy", 2, /[😀-😆😉😊😍🥰😎🤩🥳🎉🎊🙌👏❤💖☺]/gu],
  ["Concerned", 2, /[😟😢😭😞😔🙁☹😨😰😥⚠🚨💔]/gu],
  ["Thinking", 2, /[🤔🧐💭]/gu],
  ["Happy", 1, /!\s*$/gu],
];

/** What the person said colours the reply: to sorrow, one does not smile. */
const USER_CONCERN =
  /\b(?:i (?:feel|am|'m) (?:so |very |really )?(?:sad|lonely|scared|afraid|depressed|sick|ill|hurt)|i(?:'|’)m (?:so |very |really )?(?:sad|lonely|scared|afraid|depressed|sick|ill|hurt)|died|passed away|accident|emergency|help me|it hurts|chest pain|ich bin (?:so |sehr )?(?:traurig|einsam|krank|verletzt)|ich habe (?:angst|schmerzen)|gestorben|unfall|notfall)\b/u;

/** As much of a text as is read; tone shows early. */
const READ_CHARS = 1000;
/** A weaker sum stays neutral, but for the mark of a short, glad sentence. */
const LEAST = 2;

/** One word said often is still one hint. */
const MOST_TIMES = 2;
/** "Not happy", "no problem", "keine Sorgen": the opposite is no cue, and neither is its opposite. */
const DENIED = /\b(?:not|no|never|don(?:'|’)t|nicht|kein(?:e|en)?|ohne|without) (?:\p{L}{1,12} )?$/u;

function times(text: string, pattern: RegExp): number {
  const found = [...text.matchAll(pattern)];
  return found.filter(({ index }) => !DENIED.test(text.slice(Math.max(0, index - 24), index))).length;
}

/** The tone of `reply`, in the light of what the person said before it. */
export function toneOf(reply: string, said = ""): Tone {
  const text = reply.slice(0, READ_CHARS).toLowerCase();
  const score = { Happy: 0, Thinking: 0, Concerned: 0 };
  for (const [tone, weight, pattern] of REPLY_CUES) score[tone] += weight * Math.min(MOST_TIMES, times(text, pattern));
  if (USER_CONCERN.test(said.slice(0, READ_CHARS).toLowerCase())) {
    score.Concerned += 2;
    score.Happy = 0;
  }
  const most = Math.max(score.Concerned, score.Thinking, score.Happy);
  if (most < LEAST) return "Neutral";
  // Where tones tie, care comes before joy, and doubt between them.
  if (score.Concerned === most) return "Concerned";
  return score.Thinking === most ? "Thinking" : "Happy";
}
