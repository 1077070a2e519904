import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressBook } from "../../src/client/link/address-book.ts";
import { Seeker, type Failed, type SeekerEffect } from "../../src/client/link/seeker.ts";
import { Checker, PAUSES } from "./seeker-checker.ts";

const unreachable = { kind: "unreachable", error: new Error("nobody") } as const;
const refused = { kind: "refused", error: new Error("no") } as const;

function seekerOf(urls: readonly string[], again = true, random = () => 0.5): { book: AddressBook; seeker: Seeker } {
  const book = new AddressBook(urls);
  return { book, seeker: new Seeker(book, { ...PAUSES, again, random }) };
}

const done = (effects: readonly SeekerEffect[]): readonly string[] =>
  effects.map((effect) => ("url" in effect ? `${effect.do} ${effect.url}` : effect.do));

/** Through a whole connection. */
function connected(seeker: Seeker, url: string): readonly SeekerEffect[] {
  return [...seeker.opened(url), ...seeker.welcomed(url)];
}

describe("a client that looks for a peer", () => {
  it("tries the first, and a little later the next beside it; who is open first is told who it is", () => {
    const { seeker } = seekerOf(["a", "b", "c"]);
    expect(done(seeker.start())).toEqual(["open a", "set-timer", "set-timer"]);
    expect(done(seeker.timer())).toEqual(["open b", "set-timer"]);
    expect(done(seeker.opened("b"))).toEqual(["register b"]);
    // Whoever is being told who the client is gets the time that it takes.
    expect(done(seeker.timer())).toEqual([]);
    expect(done(seeker.opened("a"))).toEqual([]);
    expect(done(seeker.welcomed("b"))).toEqual(["drop a", "clear-timer", "up b"]);
  });

  it("goes to the next at once when one fails", () => {
    const { seeker } = seekerOf(["a", "b"]);
    seeker.start();
    expect(done(seeker.failed("a", unreachable))).toEqual(["open b"]);
    expect(done(connected(seeker, "b"))).toEqual(["register b", "clear-timer", "up b"]);
  });

  it("registers at one that was open beside it when the first does not answer", () => {
    const { seeker } = seekerOf(["a", "b"]);
    seeker.start();
    seeker.timer();
    expect(done(seeker.opened("a"))).toEqual(["register a"]);
    expect(done(seeker.opened("b"))).toEqual([]);
    expect(done(seeker.failed("a", unreachable))).toEqual(["register b"]);
  });

  it("gives up after one round when that is all", () => {
    const { seeker } = seekerOf(["a", "b"], false);
    seeker.start();
    seeker.failed("a", unreachable);
    const effects = seeker.failed("b", refused);
    expect(done(effects)).toEqual(["clear-timer", "give-up"]);
    expect(effects.at(-1)).toMatchObject({ failures: new Map<string, Failed>([["a", unreachable], ["b", refused]]) }); // prettier-ignore
    expect(seeker.phase).toBe("over");
  });

  it("waits ever longer between rounds, but never longer than the most", () => {
    const { seeker } = seekerOf(["a"], true, () => 0);
    seeker.start();
    const pauses: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      for (const effect of seeker.failed("a", unreachable))
        if (effect.do === "wait") pauses.push(Math.round(effect.ms));
      seeker.timer();
    }
    expect(pauses).toEqual([125, 250, 500, 1000, 2000, 4000, 7500, 7500, 7500, 7500]);
  });

  it("waits less as soon as somebody waits for an answer", () => {
    let mostPauseMs = 15_000;
    const most = (): number => mostPauseMs;
    const seeker = new Seeker(new AddressBook(["a"]), { ...PAUSES, mostPauseMs: most, again: true, random: () => 0 });
    seeker.start();
    const pauses: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      if (round === 4) mostPauseMs = 1_000;
      for (const effect of seeker.failed("a", unreachable)) if (effect.do === "wait") pauses.push(effect.ms);
      seeker.timer();
    }
    expect(pauses).toEqual([125, 250, 500, 1000, 500, 500]);
  });

  it("gives up for good when it is refused in two rounds", () => {
    const { seeker } = seekerOf(["a"]);
    seeker.start();
    seeker.failed("a", refused);
    seeker.timer();
    expect(done(seeker.failed("a", refused))).toContain("give-up");
  });

  it("is told of addresses while it looks, and does not give up before the search has ended", () => {
    const { seeker } = seekerOf([], false);
    expect(done(seeker.start(true))).toEqual([]);
    expect(done(seeker.found("a"))).toEqual(["open a"]);
    expect(done(seeker.failed("a", unreachable))).toEqual([]);
    expect(done(seeker.found("b"))).toEqual(["open b"]);
    seeker.failed("b", unreachable);
    expect(done(seeker.searched())).toEqual(["clear-timer", "give-up"]);
  });
});

describe("a client that has lost its peer", () => {
  const LONG_MS = 60_000;

  it("tries the same again first when the connection broke, beside the others", () => {
    const { seeker } = seekerOf(["a", "b"]);
    seeker.start();
    connected(seeker, "a");
    expect(done(seeker.lost("a", "lost", LONG_MS))).toEqual(["open a", "set-timer", "set-timer"]);
    expect(done(seeker.failed("a", unreachable))).toEqual(["open b"]);
  });

  it.for(["silent", "stopping"] as const)("tries the others first when it was %s", (ending) => {
    const { seeker } = seekerOf(["a", "b"]);
    seeker.start();
    connected(seeker, "a");
    expect(done(seeker.lost("a", ending, LONG_MS))[0]).toBe("open b");
  });

  it("does not run round and round a peer that lets in and throws out", () => {
    const { seeker } = seekerOf(["a"]);
    seeker.start();
    connected(seeker, "a");
    expect(done(seeker.lost("a", "lost", 10))).toContain("open a");
    connected(seeker, "a");
    expect(done(seeker.lost("a", "lost", 10))).toEqual(["set-timer", "wait"]);
  });

  it("prefers others to one that lets in and throws out again and again", () => {
    const { seeker } = seekerOf(["a", "b"]);
    seeker.start();
    connected(seeker, "a");
    expect(done(seeker.lost("a", "lost", 10))[0]).toBe("open a");
    connected(seeker, "a");
    seeker.lost("a", "lost", 10);
    expect(done(seeker.timer())[0]).toBe("open b");
  });

  it("tries at once when there is a reason to", () => {
    const { seeker } = seekerOf(["a"]);
    seeker.start();
    seeker.failed("a", unreachable);
    expect(seeker.phase).toBe("waiting");
    expect(done(seeker.nudge())).toContain("open a");
  });

  it("does nothing any more once it is closed", () => {
    const { seeker } = seekerOf(["a", "b"]);
    seeker.start();
    seeker.timer();
    expect(done(seeker.close())).toEqual(["drop a", "drop b", "clear-timer"]);
    for (const effects of [seeker.timer(), seeker.opened("a"), seeker.failed("b", unreachable), seeker.nudge()]) {
      expect(effects).toEqual([]);
    }
  });
});

describe("whatever happens, in whatever order", () => {
  const happening = fc.oneof(
    fc.record({ what: fc.constantFrom("opened", "failed", "refused", "welcomed", "lost", "found"), of: fc.nat(5) }),
    fc.record({ what: fc.constantFrom("timer", "timer", "nudge", "close"), of: fc.nat(20) }),
  );

  it("one peer at most is told who the client is, no socket is forgotten, and there is always a way on", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(5), { minLength: 1 }),
        fc.array(happening, { maxLength: 120 }),
        fc.boolean(),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (given, happenings, again, chances) => {
          const random = (): number => chances.next().value ?? 0;
          const { seeker } = seekerOf(given.map(String), again, random);
          const checker = new Checker();
          checker.take(seeker.start(), seeker);
          for (const { what, of } of happenings) {
            const url = String(of);
            const state = checker.sockets.get(url);
            if (what === "opened" && state === "opening") {
              checker.sockets.set(url, "open");
              checker.take(seeker.opened(url), seeker);
            } else if ((what === "failed" || what === "refused") && state !== undefined && state !== "up") {
              checker.sockets.delete(url);
              checker.take(seeker.failed(url, what === "failed" ? unreachable : refused), seeker);
            } else if (what === "welcomed" && state === "registering") {
              checker.take(seeker.welcomed(url), seeker);
            } else if (what === "lost" && state === "up") {
              checker.sockets.delete(url);
              checker.take(seeker.lost(url, "lost", of * 5000), seeker);
            } else if (what === "found") checker.take(seeker.found(url), seeker);
            else if (what === "timer" && checker.timer) {
              checker.timer = false;
              checker.take(seeker.timer(), seeker);
            } else if (what === "nudge") checker.take(seeker.nudge(), seeker);
            else if (what === "close" && of % 7 === 3) checker.take(seeker.close(), seeker);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("a client is connected in the end, if any peer is there and again is allowed", () => {
    fc.assert(
      fc.property(fc.nat(4), fc.array(fc.boolean(), { maxLength: 40 }), (there, luck) => {
        const { seeker } = seekerOf(["0", "1", "2", "3", "4"]);
        const pending = [...seeker.start()];
        let steps = 0;
        while (seeker.phase !== "up" && steps < 500) {
          steps += 1;
          const effect = pending.shift();
          if (effect === undefined) pending.push(...seeker.timer());
          else if (effect.do === "open") {
            const isUp = effect.url === String(there) && (luck.pop() ?? true);
            pending.push(...(isUp ? seeker.opened(effect.url) : seeker.failed(effect.url, unreachable)));
          } else if (effect.do === "register") pending.push(...seeker.welcomed(effect.url));
        }
        expect(seeker.phase).toBe("up");
      }),
    );
  });
});

describe("the addresses that a client knows", () => {
  it("are tried as they were given, before it was ever connected", () => {
    expect(new AddressBook(["c", "a", "b"]).order(Math.random)).toEqual(["c", "a", "b"]);
  });

  it("are the given ones and what the house says now", () => {
    const book = new AddressBook(["a"]);
    book.learn(["b", "c"]);
    book.learn(["c", "d"]);
    expect(book.urls).toEqual(["a", "c", "d"]);
  });

  it("stay known where the client was connected, though the house calls them otherwise", () => {
    const book = new AddressBook([]);
    book.add("found");
    book.add("other");
    book.welcomed("found");
    book.learn(["named"]);
    expect(book.urls).toEqual(["found", "named"]);
  });

  it("are bounded, whatever the house says", () => {
    const book = new AddressBook(["a"]);
    book.learn(Array.from({ length: 1000 }, (_, i) => `peer-${i}`));
    expect(book.urls).toHaveLength(65);
  });

  it("come by chance among equals, so that not all clients of a dead peer run to the same one", () => {
    const firsts = new Set<string | undefined>();
    for (let n = 0; n < 100; n += 1) {
      const book = new AddressBook(["a", "b", "c", "d"]);
      book.welcomed("a");
      book.ended("a", "silent");
      firsts.add(book.order(Math.random)[0]);
    }
    expect(firsts).toEqual(new Set(["b", "c", "d"]));
  });

  it("come later the more often they failed", () => {
    const book = new AddressBook(["a", "b", "c"]);
    book.welcomed("a");
    book.ended("a", "stopping");
    book.failed("b");
    expect(book.order(Math.random)).toEqual(["c", "b", "a"]);
  });
});
