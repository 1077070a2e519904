import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_QUERY_CHARS, readQuery, type Query } from "../../../src/services/memory/text/query.ts";
import { snippetOf } from "../../../src/services/memory/text/snippet.ts";
import { languageOf, stemOf } from "../../../src/services/memory/text/stems.ts";
import { anyOf, TextIndex } from "../../../src/services/memory/text/text-index.ts";
import { folded, wordsOf } from "../../../src/services/memory/text/words.ts";

function indexOf(...texts: readonly (string | readonly string[])[]): TextIndex {
  const index = new TextIndex();
  for (const [id, text] of texts.entries()) index.add(String(id), typeof text === "string" ? [text] : text);
  return index;
}

function queryOf(text: string): Query {
  const { query } = readQuery(text);
  if (query === undefined) throw new Error("there is a word in it");
  return query;
}

const idsOf = (index: TextIndex, text: string): readonly string[] => index.search(queryOf(text)).map(({ id }) => id);

describe("words", () => {
  it("are small, without marks, wherever they stand", () => {
    const text = "Ärger, naïve Straße! Łódź ﬁn 3D e-mail";
    const words = wordsOf(text);
    expect(words.map(({ word }) => word)).toEqual(["arger", "naive", "strasse", "lodz", "fin", "3d", "e", "mail"]);
    expect(words.map(({ start, end }) => text.slice(start, end))[2]).toBe("Straße");
  });

  it("are the same for one letter and for a letter with its mark behind it", () => {
    expect(folded("é")).toBe(folded("e\u0301"));
    expect(folded("İ")).toBe("i");
  });

  it("are single signs where nothing separates words", () => {
    expect(wordsOf("東京 tower").map(({ word }) => word)).toEqual(["東", "京", "tower"]);
  });

  it.each([
    ["en", ["running", "runs", "run"]],
    ["en", ["ponies", "pony"]],
    ["en", ["agreed", "agree", "agreeing"]],
    ["en", ["leaving", "leaves", "leave"]],
    ["en", ["stopped", "stopping", "stops"]],
    ["en", ["hoping", "hope", "hopes", "hoped"]],
    ["en", ["glasses", "glass"]],
    ["de", ["hauser", "haus", "hauses"]],
    ["de", ["garten", "gartens"]],
    ["de", ["nachbarn", "nachbar", "nachbars"]],
    ["de", ["katze", "katzen"]],
    ["de", ["muenchen", "munchen"]],
    ["de", ["schones", "schone", "schoner", "schon"]],
  ] as const)("have one stem in their forms (%s): %s", (language, forms) => {
    expect(new Set(forms.map((form) => stemOf(form, language))).size).toBe(1);
  });

  it.each([
    ["en", "bus", "bu"],
    ["en", "gas", "ga"],
    ["en", "sing", "s"],
    ["de", "neue", "nu"],
  ] as const)("are not cut to nothing (%s): %s", (language, word, wrong) => {
    expect(stemOf(word, language)).not.toBe(wrong);
  });

  it("tell a language by what is in every text", () => {
    const language = (text: string) => languageOf(wordsOf(text).map(({ word }) => word));
    expect(language("What is the name of our cat?")).toBe("en");
    expect(language("Wie heißt denn unsere Katze und der Hund?")).toBe("de");
    expect(language("Minka")).toBeUndefined();
  });
});

describe("a search", () => {
  const index = indexOf(
    "We plant roses in the garden on Monday",
    "The tulips and the roses are for my mother",
    "It rained all monday, so we stayed inside",
    ["When does the train leave?", "It leaves at ten, roses permitting"],
    "Wir pflanzen Rosen und Tulpen im Garten der Nachbarn",
  );

  it("finds all words, forms included, whatever their case and marks", () => {
    expect(idsOf(index, "ROSE garden")).toEqual(["0"]);
    expect(idsOf(index, "leaving")).toEqual(["3"]);
    expect(idsOf(index, "Nachbar")).toEqual(["4"]);
    expect(idsOf(index, "tûlips")).toEqual(["1"]);
  });

  it("finds phrases, not over the end of a text", () => {
    expect(idsOf(index, '"in the garden"')).toEqual(["0"]);
    expect(idsOf(index, '"the garden in"')).toEqual([]);
    expect(idsOf(index, '"train leave it"')).toEqual([]);
  });

  it("finds what begins so", () => {
    expect(idsOf(index, "tul*").toSorted()).toEqual(["1", "4"]);
    expect(idsOf(index, "t* AND mother")).toEqual(["1"]);
  });

  it("does what operators and parentheses say", () => {
    expect(idsOf(index, "monday OR mother").toSorted()).toEqual(["0", "1", "2"]);
    expect(idsOf(index, "monday NOT roses")).toEqual(["2"]);
    expect(idsOf(index, "(monday OR mother) AND NOT (rained OR tulips)")).toEqual(["0"]);
    expect(idsOf(index, "NOT garden").toSorted()).toEqual(["1", "2", "3", "4"]);
    expect(idsOf(index, "monday and roses")).toEqual([]);
  });

  it("puts first what says more of it, in fewer words, and the word itself before its forms", () => {
    const ranked = indexOf(
      "cat",
      "cat cat cat",
      `cat ${"and so on ".repeat(20)}`,
      "the cats of the house",
      "the cat of the house",
    );
    const ids = idsOf(ranked, "cat");
    expect(ids.at(0)).toBe("1");
    expect(ids.at(-1)).toBe("2");
    expect(ids.indexOf("4")).toBeLessThan(ids.indexOf("3"));
  });

  it("knows nothing any more of what was taken out, and once what was taken in twice", () => {
    const changing = indexOf("roses", "roses and tulips");
    changing.add("0", ["lilies"]);
    changing.remove("1");
    changing.remove("never there");
    expect(idsOf(changing, "roses OR tulips")).toEqual([]);
    expect(idsOf(changing, "lil*")).toEqual(["0"]);
    changing.remove("0");
    expect([changing.size, changing.length, idsOf(changing, "l* OR r* OR t* OR a*")]).toEqual([0, 0, []]);
  });

  it("is content with any of the telling words, where all together find nothing", () => {
    const query = queryOf("what did I say about the garden of roses");
    expect(index.search(query)).toEqual([]);
    const any = anyOf(query);
    expect(any && index.search(any).map(({ id }) => id)[0]).toBe("0");
    expect(anyOf(queryOf("what is the"))).toBeUndefined();
    expect(anyOf(queryOf("roses"))).toBeUndefined();
  });

  it("understands anything as something, quickly, and finds no more than there is", () => {
    const unit = fc.constantFrom(
      '"',
      "(",
      ")",
      " AND ",
      " OR ",
      " NOT ",
      "*",
      "rose",
      "garden",
      "-",
      "東",
      " ",
      "ä",
      "\u0301",
    );
    const text = fc.oneof(
      fc.array(unit, { maxLength: 80 }).map((units) => units.join("")),
      fc.string({ unit: "binary", maxLength: 80 }),
    );
    fc.assert(
      fc.property(text, (written) => {
        const { query } = readQuery(written);
        if (query === undefined) return;
        const ids = index.search(query).map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        snippetOf(written, query);
      }),
    );
    expect(readQuery("(".repeat(5_000) + "rose").query).toBeUndefined();
    expect(readQuery("rose ".repeat(5_000)).query).toMatchObject({
      type: "and",
      parts: { length: Math.ceil(MAX_QUERY_CHARS / 5) },
    });
  });
});

describe("a search and SQLite's FTS5", () => {
  // Words without endings that either of them would take off.
  const word = fc.constantFrom("kwa", "kwab", "kwabo", "zla", "zlo", "pfi", "pfiro", "umlo", "qix", "qixa");
  const leaf = fc.oneof(
    { weight: 3, arbitrary: word },
    word.map((each) => `${each}*`),
    fc.array(word, { minLength: 2, maxLength: 3 }).map((words) => `"${words.join(" ")}"`),
  );
  const { query } = fc.letrec<{ query: string }>((tie) => ({
    query: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc
        .tuple(tie("query"), fc.constantFrom("AND", "OR", "NOT"), tie("query"))
        .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    ),
  }));

  it("find the same, through insertions, changes and deletions", () => {
    const texts = fc.array(fc.array(word, { maxLength: 8 }), { minLength: 1, maxLength: 12 });
    const changes = fc.array(fc.tuple(fc.nat(11), fc.option(fc.array(word, { maxLength: 8 }))), { maxLength: 8 });
    fc.assert(
      fc.property(texts, changes, fc.array(query, { minLength: 1, maxLength: 5 }), (all, later, queries) => {
        const db = new DatabaseSync(":memory:");
        db.exec("CREATE VIRTUAL TABLE turns USING fts5(text, tokenize = 'unicode61 remove_diacritics 2')");
        const index = new TextIndex();
        const write = (id: number, words: readonly string[] | null): void => {
          db.prepare("DELETE FROM turns WHERE rowid = ?").run(id + 1);
          if (words === null) return index.remove(String(id));
          db.prepare("INSERT INTO turns(rowid, text) VALUES (?, ?)").run(id + 1, words.join(" "));
          index.add(String(id), [words.join(" ")]);
        };
        for (const [id, words] of all.entries()) write(id, words);
        for (const [id, words] of later) write(id, words);
        for (const asked of queries) {
          const theirs = db.prepare("SELECT rowid FROM turns WHERE turns MATCH ? ORDER BY rowid").all(asked);
          const ours = idsOf(index, asked).map((id) => Number(id) + 1);
          expect([asked, ours.toSorted((a, b) => a - b)]).toEqual([asked, theirs.map(({ rowid }) => rowid)]);
        }
        db.close();
      }),
    );
  });

  it("rank alike", () => {
    const db = new DatabaseSync(":memory:");
    db.exec("CREATE VIRTUAL TABLE turns USING fts5(text)");
    const texts = [
      "kwa",
      "kwa kwa zla",
      "zla zlo pfi kwa umlo qix",
      "kwa pfi",
      "qix qix qix zla",
      "pfi pfi pfi pfi pfi pfi pfi pfi",
    ];
    const index = indexOf(...texts);
    for (const [id, text] of texts.entries()) db.prepare("INSERT INTO turns(rowid, text) VALUES (?, ?)").run(id, text);
    for (const asked of ["zla", "pfi", "qix", "zla OR qix", "umlo OR pfi"]) {
      const theirs = db.prepare("SELECT rowid FROM turns WHERE turns MATCH ? ORDER BY rank").all(asked);
      expect(idsOf(index, asked).map(Number)).toEqual(theirs.map(({ rowid }) => rowid));
    }
    db.close();
  });
});

describe("a snippet", () => {
  it("is the piece with the most of what was looked for, with marks where it stands", () => {
    const text = `${"One garden is here. ".repeat(3)}${"Nothing of it. ".repeat(20)}Roses and a garden full of roses. ${"More of nothing. ".repeat(20)}`;
    const { text: piece, start, marks } = snippetOf(text, queryOf("rose garden"));
    expect(text.slice(start, start + piece.length)).toBe(piece);
    expect(marks.map((mark) => piece.slice(mark.start, mark.end))).toEqual(["Roses", "garden", "roses"]);
    expect(piece.length).toBeLessThanOrEqual(200);
  });

  it("is the whole of a short text, and the beginning where nothing is marked", () => {
    expect(snippetOf("the cat", queryOf("cat"))).toEqual({ text: "the cat", start: 0, marks: [{ start: 4, end: 7 }] });
    expect(snippetOf("x ".repeat(200), queryOf("cat"))).toMatchObject({ start: 0, marks: [] });
  });

  it("is a piece of the text with marks inside it, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("cat", " ", "dog.", "x".repeat(50), " é ", "😀", "\n"), { maxLength: 60 }),
        (parts) => {
          const text = parts.join("");
          const { text: piece, start, marks } = snippetOf(text, queryOf("cat"));
          expect(text.startsWith(piece, start)).toBe(true);
          for (const mark of marks) expect(piece.slice(mark.start, mark.end).toLowerCase()).toBe("cat");
        },
      ),
    );
  });
});
