/**
 * Requests in words (RT-6): `STT:English:fast`, `STT:lang=en,mode=interactive`, `LLM:chat:preferred_for_planning`,
 * `TTS:en:voice=default`, `llama3:8b`. What is written behind the capability, in any order: keys with values, and words.
 */
import { languageNamed } from "@parley/audio/turn";
import { nearest } from "../config/nearest.ts";
import { CAPABILITIES } from "./advert.ts";
import { itemsOf, quoted, shown, type Item } from "./request-items.ts";
import {
  className,
  HARDWARE_WORDS,
  keyOf,
  KEYS,
  MODE_WORDS,
  NO_CHOICE,
  PREFERRED_FOR,
  PRIVACY_WORDS,
  type Key,
} from "./request-words.ts";
import type { JobSize, RouteRequest } from "./request.ts";

export type RequestReading =
  | { readonly ok: true; readonly request: RouteRequest }
  /** A sentence for people, and what to write in its place. */
  | { readonly ok: false; readonly problem: string; readonly nextStep: string };

const MOST_CHARS = 1_024;
const EXAMPLES = "Write something like STT:lang=en,mode=interactive or LLM:class=planning or TTS:en:voice=default.";

type Draft = { -readonly [Part in keyof RouteRequest]: RouteRequest[Part] };

/** Reads a request. Never throws. */
export function parseRequest(text: string): RequestReading {
  if (text.length > MOST_CHARS) return failed(`a request has at most ${MOST_CHARS} characters`);
  const split = itemsOf(text);
  if (!split.ok) return failed(split.problem);
  const [head, ...items] = split.items;
  const word = head?.key === undefined ? (head?.value ?? "") : "";
  const capability = CAPABILITIES.find((each) => each === word.toLowerCase());
  if (capability === undefined) return ofModel(text, word, split.items);
  const draft: Draft = { capability };
  for (const [at, item] of items.entries()) {
    const model = item.key === undefined && capability === "llm" ? modelAt(items, at) : undefined;
    if (model !== undefined) return failed(`a model is asked for by its key: was model=${quotedName(model)} meant?`);
    const problem = item.key === undefined ? addWord(draft, item) : addKey(draft, item.key, item);
    if (problem !== undefined) return failed(problem);
  }
  return { ok: true, request: draft };
}

/** What stands behind the colon of many models' names, and is no class: `7b`, `q4_K_M`, `latest`. */
const TAG_OF_MODEL = /^(?:latest|[^\d]{0,2}\d.*)$/u;

/** The model that is named by words from `at` on: no class has a digit, nor a tag behind it. */
function modelAt(items: readonly Item[], at: number): string | undefined {
  const [name, tag] = [items[at], items[at + 1]].map((item) =>
    item === undefined || item.key !== undefined || item.isQuoted ? undefined : item.value,
  );
  if (name === undefined || isKnownWord(name)) return undefined;
  const hasTag = tag !== undefined && TAG_OF_MODEL.test(tag);
  return hasTag ? `${name}:${tag}` : /\d/u.test(name) ? name : undefined;
}

function isKnownWord(word: string): boolean {
  const lower = word.toLowerCase();
  const isWord = MODE_WORDS.has(lower) || PRIVACY_WORDS.has(lower) || HARDWARE_WORDS.has(lower);
  return lower === "" || isWord || lower.startsWith(PREFERRED_FOR) || languageOf(word) !== undefined;
}

function quotedName(model: string): string {
  return model.split(":").every((part) => quoted(part) === part) ? model : quoted(model);
}

/** Of the house, and no models: what peers are there for beside, and what is asked for in other ways. */
const OF_THE_HOUSE: ReadonlySet<string> = new Set(["rag", "corpus", "memory", "session", "client", "all"]);

/** The name of a model alone asks for it (RT-1), unless it is rather a capability with a slip. */
function ofModel(text: string, word: string, items: readonly Item[]): RequestReading {
  if (OF_THE_HOUSE.has(word.toLowerCase())) {
    const problem = `${shown(word)} is nothing that is routed (${CAPABILITIES.join(", ")})`;
    return failed(problem, `A model of that name is asked for with LLM:model=${word.toLowerCase()}. ${EXAMPLES}`);
  }
  const meant = nearest(word, CAPABILITIES);
  const isName = text.trim() !== "" && items.every(({ key, isQuoted }) => key === undefined && !isQuoted);
  if (isName && meant === undefined && !text.includes(",")) {
    return { ok: true, request: { capability: "llm", model: text.trim() } };
  }
  const guess = meant === undefined ? "" : `; was ${meant.toUpperCase()} meant?`;
  return failed(`${shown(word)} is no capability (${CAPABILITIES.join(", ")})${guess}`);
}

function failed(problem: string, nextStep = EXAMPLES): RequestReading {
  return { ok: false, problem, nextStep };
}

/** What is wrong; undefined: nothing. */
type Problem = string | undefined;

function addWord(draft: Draft, { value, isQuoted }: Item): Problem {
  const word = value.toLowerCase();
  if (word === "") return "there is nothing between two separators";
  const mode = MODE_WORDS.get(word);
  const privacy = PRIVACY_WORDS.get(word);
  const language = isQuoted ? undefined : languageOf(value);
  if (mode !== undefined) return set(draft, "mode", mode);
  if (privacy !== undefined) return set(draft, "privacy", privacy);
  if (HARDWARE_WORDS.has(word)) return add(draft, "needs", [word]);
  if (word === PREFERRED_FOR) return `${word} has no value`;
  if (word.startsWith(PREFERRED_FOR)) {
    return set(draft, "prefersClass", className(word.slice(PREFERRED_FOR.length)));
  }
  if (language !== undefined) return set(draft, "language", language);
  if (draft.capability === "llm") return set(draft, "class", className(word));
  const meant = nearest(word, [...MODE_WORDS.keys(), ...PRIVACY_WORDS.keys(), ...HARDWARE_WORDS]);
  return `${shown(value)} is no language, mode or hardware${meant === undefined ? "" : `; was ${meant} meant?`}`;
}

function addKey(draft: Draft, word: string, item: Item): Problem {
  const { value } = item;
  const key = keyOf(word);
  if (key === undefined) {
    if (HARDWARE_WORDS.has(word.toLowerCase()) && value.toLowerCase() === "true") {
      return add(draft, "needs", [word.toLowerCase()]);
    }
    const meant = nearest(word, Object.keys(KEYS));
    return `there is no ${shown(word)}${meant === undefined ? "" : `; was ${meant} meant?`}`;
  }
  if (value === "") return `${word} has no value`;
  return setKey(draft, key, item);
}

function setKey(draft: Draft, key: Key, item: Item): Problem {
  const { value, isQuoted } = item;
  const isLeftOpen = !isQuoted && NO_CHOICE.has(value.toLowerCase());
  switch (key) {
    case "lang": {
      if (isLeftOpen) return undefined;
      const language = isTag(value) ? value : languageNamed(value);
      return language === undefined ? `${shown(value)} is no language` : set(draft, "language", language);
    }
    case "voice":
    case "model":
      return isLeftOpen ? undefined : set(draft, key, value);
    case "mode":
      return chosen(draft, "mode", MODE_WORDS, value);
    case "privacy":
      return chosen(draft, "privacy", PRIVACY_WORDS, value);
    case "class":
      return isLeftOpen ? undefined : set(draft, "class", className(value));
    case "preferred_for":
      return set(draft, "prefersClass", className(value));
    case "needs":
    case "prefers":
      return add(
        draft,
        key,
        listOf(item).map((tag) => tag.toLowerCase()),
      );
    case "not":
      return add(draft, "exclude", listOf(item));
    case "refused":
      return add(draft, "refusedBy", listOf(item));
    case "turn":
    case "session":
      return set(draft, "stickTo", { peer: value, within: key });
    case "patience":
      return amount(value, "duration", (patienceMs) => set(draft, "patienceMs", patienceMs));
    case "audio":
      return amount(value, "duration", (audioMs) => size(draft, { audioMs }));
    case "characters":
      return amount(value, "count", (characters) => size(draft, { characters }));
    case "prompt":
      return amount(value, "count", (promptTokens) => size(draft, { promptTokens }));
    case "tokens":
      return amount(value, "count", (tokens) => size(draft, { tokens }));
  }
}

function set<Part extends keyof Draft>(draft: Draft, part: Part, value: Draft[Part]): Problem {
  if (draft[part] !== undefined) return `${part} is said twice`;
  draft[part] = value;
  return undefined;
}

function add(draft: Draft, part: "needs" | "prefers" | "exclude" | "refusedBy", values: readonly string[]): Problem {
  if (values.includes("")) return `${part} names nothing between two pluses`;
  draft[part] = [...(draft[part] ?? []), ...values];
  return undefined;
}

function size(draft: Draft, part: JobSize): Problem {
  const [name = ""] = Object.keys(part);
  if (Object.hasOwn(draft.size ?? {}, name)) return `${name} is said twice`;
  draft.size = { ...draft.size, ...part };
  return undefined;
}

function chosen<Part extends "mode" | "privacy">(
  draft: Draft,
  part: Part,
  words: ReadonlyMap<string, NonNullable<Draft[Part]>>,
  value: string,
): Problem {
  const meant = words.get(value.toLowerCase());
  return meant === undefined ? `${part} is one of ${[...words.keys()].join(", ")}` : set(draft, part, meant);
}

function listOf({ value, isQuoted }: Item): readonly string[] {
  return isQuoted ? [value] : value.split("+").map((each) => each.trim());
}

const MOST_AMOUNT = 1e12;

/** `4s`, `250ms` and `1.5s` are durations; without a unit it is milliseconds. Counts are whole. */
function amount(value: string, kind: "duration" | "count", use: (amount: number) => Problem): Problem {
  const { digits, unit } = /^(?<digits>\d{1,15}(?:\.\d{1,6})?)(?<unit>ms|s|min)?$/u.exec(value)?.groups ?? {};
  const factor = unit === "min" ? 60_000 : unit === "s" ? 1_000 : 1;
  const number = Number(digits) * factor;
  if (kind === "count" && (unit !== undefined || !Number.isInteger(number)))
    return `${shown(value)} is no whole number`;
  return number <= MOST_AMOUNT ? use(number) : `${shown(value)} is no ${kind}`;
}

/** Made once: it is slow to make. */
let names: Intl.DisplayNames | undefined;

/** Of a word by itself: a language that is known by its English name or its tag. */
function languageOf(word: string): string | undefined {
  const named = languageNamed(word);
  if (named !== undefined || !isTag(word)) return named;
  names ??= new Intl.DisplayNames("en", { type: "language", fallback: "none" });
  return names.of(primary(word)) === undefined ? undefined : word;
}

function isTag(text: string): boolean {
  return /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,5}$/u.test(text);
}

function primary(tag: string): string {
  return tag.split("-", 1)[0] ?? "";
}

/** The text that {@link parseRequest} reads as `request`. */
export function formatRequest(request: RouteRequest): string {
  const { capability, size: { audioMs, characters, promptTokens, tokens } = {}, stickTo } = request;
  const pairs: readonly (readonly [Key, string | number | undefined])[] = [
    ["lang", request.language],
    ["voice", request.voice],
    ["model", request.model],
    ["mode", request.mode],
    ["class", request.class],
    ["preferred_for", request.prefersClass],
    ["privacy", request.privacy],
    ...each("needs", request.needs),
    ...each("prefers", request.prefers),
    ["audio", milliseconds(audioMs)],
    ["characters", characters],
    ["prompt", promptTokens],
    ["tokens", tokens],
    ["patience", milliseconds(request.patienceMs)],
    ...(stickTo === undefined ? [] : each(stickTo.within, [stickTo.peer])),
    ...each("not", request.exclude),
    ...each("refused", request.refusedBy),
  ];
  const items = pairs.flatMap(([key, value]) => (value === undefined ? [] : `${key}=${written(key, value)}`));
  return [capability.toUpperCase(), ...(items.length === 0 ? [] : [items.join(",")])].join(":");
}

function each(key: Key, values: readonly string[] | undefined): (readonly [Key, string])[] {
  return (values ?? []).map((value) => [key, value]);
}

/** A name that would be read as no choice is quoted, too. */
function written(key: Key, value: string | number): string {
  if (typeof value === "number") return String(value);
  const isMisread = NO_CHOICE.has(value.toLowerCase()) && key !== "not" && key !== "refused";
  return isMisread ? `"${value}"` : quoted(value);
}

function milliseconds(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${ms}ms`;
}
