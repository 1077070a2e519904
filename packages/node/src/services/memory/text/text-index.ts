/**
 * Full-text search over the turns of one client: an inverted index, ranked by BM25 (Robertson and Zaragoza, "The probabilistic relevance
 * framework", 2009; k1 1.2, b 0.75). Pure; what it holds can be thrown away and made again from the turns.
 */
import type { Query } from "./query.ts";
import { isCommon, languageOf, stemOf, type StemLanguage } from "./stems.ts";
import { wordsOf } from "./words.ts";

/** A word as it stands in some of the documents. */
interface IndexedWord {
  readonly word: string;
  /** What it has in common with its other forms. */
  readonly stems: Readonly<Record<StemLanguage, string>>;
  /** How often, in which. */
  readonly counts: Map<IndexedDocument, number>;
}

interface IndexedDocument {
  readonly id: string;
  /** In their order; undefined where one text ends and the next begins. */
  readonly words: readonly (IndexedWord | undefined)[];
  readonly language: StemLanguage | undefined;
}

/** A document that was found. */
export interface Ranked {
  readonly id: string;
  readonly score: number;
}

/** Which documents, and how often each. Another form of the word counts for less than the word itself. */
type Weights = Map<IndexedDocument, number>;

const K1 = 1.2;
const B = 0.75;
const FORM_WEIGHT = 0.7;
const LANGUAGES = ["en", "de"] as const;

export class TextIndex {
  readonly #words = new Map<string, IndexedWord>();
  readonly #byStem: Readonly<Record<StemLanguage, Map<string, Set<IndexedWord>>>> = { en: new Map(), de: new Map() };
  readonly #documents = new Map<string, IndexedDocument>();
  #length = 0;

  get size(): number {
    return this.#documents.size;
  }

  /** Words that are kept of all documents together. */
  get length(): number {
    return this.#length;
  }

  /** Takes a document in, in place of the one of that id. */
  add(id: string, texts: readonly string[]): void {
    this.remove(id);
    const found = texts.map((text) => wordsOf(text).map(({ word }) => word));
    const words = found.flatMap((each, index) => [
      ...(index === 0 ? [] : [undefined]),
      ...each.map((word) => this.#word(word)),
    ]);
    const document: IndexedDocument = { id, words, language: languageOf(found.flat()) };
    for (const word of words) word?.counts.set(document, (word.counts.get(document) ?? 0) + 1);
    this.#documents.set(id, document);
    this.#length += words.length;
  }

  remove(id: string): void {
    const document = this.#documents.get(id);
    if (document === undefined) return;
    this.#documents.delete(id);
    this.#length -= document.words.length;
    for (const word of document.words) {
      if (word === undefined || !word.counts.delete(document) || word.counts.size > 0) continue;
      this.#words.delete(word.word);
      for (const language of LANGUAGES) dropFrom(this.#byStem[language], word.stems[language], word);
    }
  }

  /** Those that fit, the best first; among equals in the order in which they came. */
  search(query: Query): readonly Ranked[] {
    const scores = this.#evaluated(query);
    return [...scores].map(([{ id }, score]) => ({ id, score })).toSorted((a, b) => b.score - a.score);
  }

  #word(word: string): IndexedWord {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    const fresh: IndexedWord = { ...wantedOf(word), counts: new Map() };
    this.#words.set(word, fresh);
    for (const language of LANGUAGES) {
      const same = this.#byStem[language].get(fresh.stems[language]);
      if (same === undefined) this.#byStem[language].set(fresh.stems[language], new Set([fresh]));
      else same.add(fresh);
    }
    return fresh;
  }

  #evaluated(query: Query): Weights {
    switch (query.type) {
      case "word":
        return this.#scored(this.#weightsOf(query.word));
      case "prefix":
        return this.#scored(this.#weightsOfPrefix(query.word));
      case "phrase":
        return this.#scored(this.#weightsOfPhrase(query.words));
      case "or":
        return united(query.parts.map((part) => this.#evaluated(part)));
      case "and":
        return this.#all(query.parts);
      case "not":
        return this.#without(query.part, this.#documents.values());
    }
  }

  #all(parts: readonly Query[]): Weights {
    const [wanted, unwanted] = [parts.filter(({ type }) => type !== "not"), parts.filter(({ type }) => type === "not")];
    const [first = this.#everything(), ...rest] = wanted
      .map((part) => this.#evaluated(part))
      .toSorted((a, b) => a.size - b.size);
    const scores = new Map(first);
    for (const [document, score] of first) {
      if (rest.every((each) => each.has(document))) {
        scores.set(
          document,
          rest.reduce((sum, each) => sum + (each.get(document) ?? 0), score),
        );
      } else scores.delete(document);
    }
    for (const part of unwanted) {
      if (part.type === "not") for (const document of this.#evaluated(part.part).keys()) scores.delete(document);
    }
    return scores;
  }

  #everything(): Weights {
    return new Map([...this.#documents.values()].map((document) => [document, 0]));
  }

  #without(part: Query, among: Iterable<IndexedDocument>): Weights {
    const unwanted = this.#evaluated(part);
    return new Map([...among].filter((document) => !unwanted.has(document)).map((document) => [document, 0]));
  }

  #weightsOf(word: string): Weights {
    const wanted = wantedOf(word);
    const weights: Weights = new Map(this.#words.get(word)?.counts);
    // In a text whose language cannot be told a form may be one in both: it counts once.
    const forms = new Set(LANGUAGES.flatMap((each) => [...(this.#byStem[each].get(wanted.stems[each]) ?? [])]));
    for (const form of forms) {
      if (form.word === word) continue;
      for (const [document, count] of form.counts) {
        if (!isForm(form, wanted, document)) continue;
        weights.set(document, (weights.get(document) ?? 0) + FORM_WEIGHT * count);
      }
    }
    return weights;
  }

  #weightsOfPrefix(prefix: string): Weights {
    const weights: Weights = new Map();
    for (const [word, { counts }] of this.#words) {
      if (!word.startsWith(prefix)) continue;
      for (const [document, count] of counts) weights.set(document, (weights.get(document) ?? 0) + count);
    }
    return weights;
  }

  #weightsOfPhrase(words: readonly string[]): Weights {
    const [first, ...rest] = words.map((word) => this.#weightsOf(word)).toSorted((a, b) => a.size - b.size);
    const weights: Weights = new Map();
    const wanted = words.map(wantedOf);
    for (const document of first?.keys() ?? []) {
      if (!rest.every((each) => each.has(document))) continue;
      const count = occurrences(document, wanted);
      if (count > 0) weights.set(document, count);
    }
    return weights;
  }

  #scored(weights: Weights): Weights {
    const count = this.#documents.size;
    const usual = this.#length / Math.max(1, count);
    const rarity = Math.log(1 + (count - weights.size + 0.5) / (weights.size + 0.5));
    const scores: Weights = new Map();
    for (const [document, weight] of weights) {
      const share = 1 - B + (B * document.words.length) / usual;
      scores.set(document, (rarity * weight * (K1 + 1)) / (weight + K1 * share));
    }
    return scores;
  }
}

/** The same query with any of its words being enough, common ones left out; undefined where that says nothing else. */
export function anyOf(query: Query): Query | undefined {
  if (query.type !== "and") return undefined;
  const telling = query.parts.filter((part) => part.type !== "word" || !isCommon(part.word));
  return telling.length === 0 ? undefined : { type: "or", parts: telling };
}

/** Whether `word`, which stands in a text of `language`, is what `query` looks for. */
export function isLookedFor(word: string, language: StemLanguage | undefined, query: Query): boolean {
  switch (query.type) {
    case "word":
      return isSame(word, query.word, language);
    case "prefix":
      return word.startsWith(query.word);
    case "phrase":
      return query.words.some((each) => isSame(word, each, language));
    case "and":
    case "or":
      return query.parts.some((part) => isLookedFor(word, language, part));
    case "not":
      return false;
  }
}

function isSame(word: string, wanted: string, language: StemLanguage | undefined): boolean {
  if (word === wanted) return true;
  return LANGUAGES.some(
    (each) => (language === undefined || language === each) && stemOf(word, each) === stemOf(wanted, each),
  );
}

/** A word that is looked for, with its stems. */
interface Wanted {
  readonly word: string;
  readonly stems: IndexedWord["stems"];
}

function wantedOf(word: string): Wanted {
  return { word, stems: { en: stemOf(word, "en"), de: stemOf(word, "de") } };
}

function isForm(found: IndexedWord, wanted: Wanted, { language }: IndexedDocument): boolean {
  if (found.word === wanted.word) return true;
  return LANGUAGES.some(
    (each) => (language === undefined || language === each) && found.stems[each] === wanted.stems[each],
  );
}

function occurrences(document: IndexedDocument, words: readonly Wanted[]): number {
  let count = 0;
  for (let at = 0; at + words.length <= document.words.length; at += 1) {
    const isHere = words.every((wanted, offset) => {
      const found = document.words[at + offset];
      return found !== undefined && isForm(found, wanted, document);
    });
    if (isHere) count += 1;
  }
  return count;
}

function united(all: readonly Weights[]): Weights {
  const scores: Weights = new Map();
  for (const weights of all) {
    for (const [document, score] of weights) scores.set(document, (scores.get(document) ?? 0) + score);
  }
  return scores;
}

function dropFrom(sets: Map<string, Set<IndexedWord>>, stem: string, word: IndexedWord): void {
  const set = sets.get(stem);
  set?.delete(word);
  if (set?.size === 0) sets.delete(stem);
}
