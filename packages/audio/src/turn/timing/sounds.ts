/**
 * From letters to rough sounds: how long they take, and what the mouth does. An estimate by spelling, not a dictionary: good
 * enough to share a stretch of sound out among its words.
 */
import { primaryLanguage } from "../language.ts";

/** Shapes of the mouth that a face knows, and "rest" when it is closed and still. */
export type Viseme = "A" | "E" | "I" | "O" | "U" | "M" | "F" | "Th" | "P" | "rest";

/** A sound: its usual length in milliseconds in plain speech, and its shape. */
export interface Sound {
  readonly viseme: Viseme;
  readonly usualMs: number;
  readonly isVowel: boolean;
}

type Spelling = readonly (readonly [Viseme, number])[];

const VOWELS: ReadonlySet<Viseme> = new Set(["A", "E", "I", "O", "U"]);

/** Consonants whose spelling is the same in most languages of Latin script. Tongue at the teeth is Th, rounded lips are U. */
const CONSONANTS = {
  b: [["P", 60]],
  bb: [["P", 65]],
  c: [["E", 75]],
  ch: [["U", 100]],
  ck: [["E", 75]],
  d: [["Th", 55]],
  dd: [["Th", 55]],
  f: [["F", 90]],
  ff: [["F", 95]],
  g: [["E", 60]],
  gg: [["E", 60]],
  h: [["E", 50]],
  j: [["U", 80]],
  k: [["E", 75]],
  l: [["Th", 60]],
  ll: [["Th", 65]],
  m: [["M", 65]],
  mm: [["M", 65]],
  n: [["Th", 60]],
  nn: [["Th", 60]],
  ng: [["E", 70]],
  p: [["P", 80]],
  ph: [["F", 90]],
  pp: [["P", 80]],
  qu: [
    ["E", 60],
    ["U", 50],
  ],
  q: [["E", 70]],
  r: [["U", 60]],
  rr: [["U", 60]],
  s: [["Th", 95]],
  ss: [["Th", 95]],
  sh: [["U", 105]],
  t: [["Th", 70]],
  tt: [["Th", 65]],
  th: [["Th", 70]],
  v: [["F", 60]],
  w: [["U", 55]],
  x: [
    ["E", 60],
    ["Th", 70],
  ],
  y: [["I", 60]],
  z: [["Th", 80]],
  zz: [["Th", 80]],
} as const satisfies Record<string, Spelling>;

const ENGLISH: Readonly<Record<string, Spelling>> = {
  ...CONSONANTS,
  a: [["A", 95]],
  e: [["E", 75]],
  i: [["I", 75]],
  o: [["O", 95]],
  u: [["A", 80]],
  ai: [["E", 130]],
  ay: [["E", 140]],
  au: [["O", 130]],
  aw: [["O", 140]],
  ar: [["A", 140]],
  ea: [["I", 115]],
  ee: [["I", 125]],
  ei: [["E", 120]],
  ew: [["U", 120]],
  ey: [["I", 100]],
  er: [["E", 90]],
  ie: [["I", 115]],
  igh: [
    ["A", 80],
    ["I", 70],
  ],
  eigh: [["E", 130]],
  ir: [["E", 130]],
  oa: [["O", 130]],
  oi: [
    ["O", 80],
    ["I", 70],
  ],
  oy: [
    ["O", 80],
    ["I", 80],
  ],
  oo: [["U", 110]],
  or: [["O", 120]],
  ou: [
    ["A", 75],
    ["U", 65],
  ],
  ough: [["O", 130]],
  augh: [["O", 130]],
  ow: [
    ["A", 75],
    ["U", 70],
  ],
  ur: [["E", 130]],
  ue: [["U", 110]],
  kn: [["Th", 60]],
  wr: [["U", 60]],
  wh: [["U", 60]],
  dge: [["U", 90]],
  tch: [["U", 105]],
  tion: [
    ["U", 100],
    ["E", 40],
    ["Th", 60],
  ],
  sion: [
    ["U", 95],
    ["E", 40],
    ["Th", 60],
  ],
  ce: [["Th", 95]],
  ci: [
    ["Th", 90],
    ["I", 70],
  ],
  cy: [
    ["Th", 90],
    ["I", 80],
  ],
  gh: [],
};

const GERMAN: Readonly<Record<string, Spelling>> = {
  ...CONSONANTS,
  a: [["A", 90]],
  aa: [["A", 140]],
  ah: [["A", 140]],
  ä: [["E", 90]],
  äh: [["E", 130]],
  e: [["E", 65]],
  ee: [["E", 130]],
  eh: [["E", 130]],
  i: [["I", 70]],
  ie: [["I", 120]],
  ih: [["I", 120]],
  o: [["O", 90]],
  oh: [["O", 135]],
  ö: [["O", 95]],
  öh: [["O", 130]],
  u: [["U", 80]],
  uh: [["U", 130]],
  ü: [["U", 90]],
  üh: [["U", 130]],
  y: [["U", 90]],
  ei: [
    ["A", 80],
    ["I", 70],
  ],
  ai: [
    ["A", 80],
    ["I", 70],
  ],
  eu: [
    ["O", 80],
    ["U", 70],
  ],
  äu: [
    ["O", 80],
    ["U", 70],
  ],
  au: [
    ["A", 80],
    ["U", 70],
  ],
  sch: [["U", 110]],
  sp: [
    ["U", 90],
    ["P", 70],
  ],
  st: [
    ["U", 90],
    ["Th", 60],
  ],
  ß: [["Th", 95]],
  j: [["I", 60]],
  v: [["F", 80]],
  w: [["F", 60]],
  z: [["Th", 110]],
  tz: [["Th", 110]],
  pf: [
    ["P", 50],
    ["F", 70],
  ],
  er: [["A", 80]],
};

const OTHER: Readonly<Record<string, Spelling>> = {
  ...CONSONANTS,
  a: [["A", 95]],
  e: [["E", 90]],
  i: [["I", 85]],
  o: [["O", 95]],
  u: [["U", 90]],
  ou: [["U", 100]],
};

const LONGEST_SPELLING = 4;
/** A syllable of a script that is not spelled by single sounds, and a digit that nobody put into words. */
const SYLLABLE: Spelling = [
  ["E", 60],
  ["A", 120],
];
const DIGIT: Spelling = [
  ["Th", 100],
  ["A", 120],
  ["Th", 80],
];
const UNKNOWN: Spelling = [["E", 75]];

/** The sounds of one word, at least one; `language` is a BCP 47 tag. */
export function soundsOf(word: string, language: string | undefined): readonly Sound[] {
  const primary = language === undefined ? undefined : primaryLanguage(language);
  const letters = word
    .normalize("NFC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}]/gu, "");
  const spellings =
    primary === "en" ? english(letters, word) : primary === "de" ? read(letters, GERMAN) : read(plain(letters), OTHER);
  const sounds = spellings.flat().map(([viseme, ms]) => sound(viseme, ms));
  return sounds.length > 0 ? sounds : [sound("rest", 1)];
}

function sound(viseme: Viseme, usualMs: number): Sound {
  return { viseme, usualMs, isVowel: VOWELS.has(viseme) };
}

/** Without accents: an é takes as long as an e. */
function plain(letters: string): string {
  return letters.normalize("NFD").replaceAll(/\p{M}/gu, "");
}

function english(letters: string, word: string): readonly Spelling[] {
  // Letters said one by one, as in CPU and PM.
  const isSpelled = letters.length <= 3 || !/[aeiouy]/u.test(letters);
  if (/^\p{Lu}{2,5}(?!\p{L})/u.test(word) && isSpelled) {
    return Array.from(letters, () => [
      ["E", 90],
      ["I", 130],
    ]);
  }
  // A silent e: "home", "gave", but not "the".
  const said = /[aeiouy][^aeiou]+e$/u.test(letters) && !/(?:[^aeiouy]le|ce|dge)$/u.test(letters);
  return read(said ? letters.slice(0, -1) : plain(letters), ENGLISH);
}

function read(letters: string, table: Readonly<Record<string, Spelling>>): readonly Spelling[] {
  const found: Spelling[] = [];
  for (let at = 0; at < letters.length;) {
    const spelled = longest(letters, at, table);
    found.push(spelled.sounds);
    at += spelled.length;
  }
  return found;
}

function longest(
  letters: string,
  at: number,
  table: Readonly<Record<string, Spelling>>,
): { readonly sounds: Spelling; readonly length: number } {
  for (let length = Math.min(LONGEST_SPELLING, letters.length - at); length > 0; length--) {
    const key = letters.slice(at, at + length);
    if (Object.hasOwn(table, key)) return { sounds: table[key] ?? UNKNOWN, length };
  }
  const char = String.fromCodePoint(letters.codePointAt(at) ?? 0);
  if (/\p{N}/u.test(char)) return { sounds: DIGIT, length: char.length };
  if (/\p{M}/u.test(char)) return { sounds: [], length: char.length };
  const isSyllabic = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u.test(
    char,
  );
  return { sounds: isSyllabic ? SYLLABLE : UNKNOWN, length: char.length };
}
