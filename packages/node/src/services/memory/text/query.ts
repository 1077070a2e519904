/**
 * What is looked for, in words: `garden roses`, `"exact phrase"`, `rose*`, `roses AND NOT tulips`, `(rain OR snow) monday`. Words beside
 * each other must all be there. Whatever is written is understood as something: quotes and parentheses that are not closed end with the
 * text, operators without anything to work on are left out.
 */
import { wordsOf } from "./words.ts";

export type Query =
  | { readonly type: "word"; readonly word: string }
  | { readonly type: "prefix"; readonly word: string }
  | { readonly type: "phrase"; readonly words: readonly string[] }
  | { readonly type: "and" | "or"; readonly parts: readonly Query[] }
  | { readonly type: "not"; readonly part: Query };

/** What was understood. */
export interface ReadQuery {
  /** Undefined: there is no word in it. */
  readonly query: Query | undefined;
  /** It says by itself, in operators, what must be there. */
  readonly isStrict: boolean;
}

export const MAX_QUERY_CHARS = 512;
const MAX_DEPTH = 16;

type Piece =
  | { readonly kind: "operator"; readonly operator: "AND" | "OR" | "NOT" | "(" | ")" }
  | { readonly kind: "leaf"; readonly leaf: Query };

/** Reads at most {@link MAX_QUERY_CHARS} of it. Never throws. */
export function readQuery(text: string): ReadQuery {
  const pieces = piecesOf(text.slice(0, MAX_QUERY_CHARS));
  const reader = new Reader(pieces);
  return { query: reader.whole(), isStrict: pieces.some(({ kind }) => kind === "operator") };
}

const TOKEN = /"([^"]*)"?|([()])|([^\s"()]+)/g;

function piecesOf(text: string): readonly Piece[] {
  return Array.from(text.matchAll(TOKEN)).flatMap(([, phrase, parenthesis, bare]): readonly Piece[] => {
    if (parenthesis === "(" || parenthesis === ")") return [{ kind: "operator", operator: parenthesis }];
    if (bare === "AND" || bare === "OR" || bare === "NOT") return [{ kind: "operator", operator: bare }];
    const leaf = phrase === undefined ? bareLeaf(bare ?? "") : phraseOf(phrase);
    return leaf === undefined ? [] : [{ kind: "leaf", leaf }];
  });
}

function bareLeaf(bare: string): Query | undefined {
  // A trailing star asks for all that begins so.
  if (!bare.endsWith("*")) return phraseOf(bare);
  const words = wordsOf(bare).map(({ word }) => word);
  const last = words.at(-1);
  if (last === undefined) return undefined;
  const prefix: Query = { type: "prefix", word: last };
  const before = words.slice(0, -1).map((word): Query => ({ type: "word", word }));
  return before.length === 0 ? prefix : { type: "and", parts: [...before, prefix] };
}

/** "e-mail" is two words beside each other. */
function phraseOf(text: string): Query | undefined {
  const words = wordsOf(text).map(({ word }) => word);
  const [first, ...rest] = words;
  if (first === undefined) return undefined;
  return rest.length === 0 ? { type: "word", word: first } : { type: "phrase", words };
}

class Reader {
  readonly #pieces: readonly Piece[];
  #at = 0;
  #depth = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  whole(): Query | undefined {
    const parts: Query[] = [];
    while (this.#at < this.#pieces.length) {
      const part = this.#any();
      if (part !== undefined) parts.push(part);
      // A parenthesis that closes nothing.
      this.#take(")");
    }
    return joined("and", parts);
  }

  #any(): Query | undefined {
    const parts: Query[] = [];
    do {
      const part = this.#all();
      if (part !== undefined) parts.push(part);
    } while (this.#take("OR"));
    return joined("or", parts);
  }

  #all(): Query | undefined {
    const parts: Query[] = [];
    for (;;) {
      if (this.#take("AND")) continue;
      const piece = this.#pieces[this.#at];
      if (piece === undefined) break;
      if (piece.kind === "operator" && (piece.operator === "OR" || piece.operator === ")")) break;
      const part = this.#one();
      if (part !== undefined) parts.push(part);
    }
    return joined("and", parts);
  }

  #one(): Query | undefined {
    let isNegated = false;
    while (this.#take("NOT")) isNegated = !isNegated;
    const part = this.#leaf();
    return part === undefined || !isNegated ? part : { type: "not", part };
  }

  #leaf(): Query | undefined {
    const piece = this.#pieces[this.#at];
    if (piece?.kind === "leaf") {
      this.#at += 1;
      return piece.leaf;
    }
    if (!this.#take("(")) return undefined;
    // What is nested deeper is read as if it were not.
    if (this.#depth >= MAX_DEPTH) return undefined;
    this.#depth += 1;
    const inner = this.#any();
    this.#depth -= 1;
    this.#take(")");
    return inner;
  }

  #take(operator: Extract<Piece, { kind: "operator" }>["operator"]): boolean {
    const piece = this.#pieces[this.#at];
    const isIt = piece?.kind === "operator" && piece.operator === operator;
    if (isIt) this.#at += 1;
    return isIt;
  }
}

function joined(type: "and" | "or", parts: readonly Query[]): Query | undefined {
  return parts.length > 1 ? { type, parts } : parts[0];
}
