import { describe, expect, it } from "vitest";
import { Forming } from "../../../src/cluster/forming/forming.ts";
import {
  FORMING_TIMES,
  type FormingInput,
  type FormingOutput,
  type Sighting,
} from "../../../src/cluster/forming/words.ts";

const { discoveryMs, lookAgainMs, quietMs } = FORMING_TIMES;

/** One machine, and its time. */
class Bench {
  readonly forming: Forming;
  nowMs = 0;
  /** When it wants to be woken. */
  wakeMs = Infinity;

  constructor({ self = "m", hasSecret = false } = {}) {
    this.forming = new Forming({ self, hasSecret });
  }

  /** What it says to an input, without when it wants to be woken. */
  give(input: FormingInput, afterMs = 0): readonly FormingOutput[] {
    this.nowMs += afterMs;
    const outputs = this.forming.step(input, this.nowMs);
    this.wakeMs = outputs.find((output) => output.type === "wake")?.atMs ?? Infinity;
    return outputs.filter(({ type }) => type !== "wake");
  }

  /** So much time, in which it is woken whenever it wants to be: until it says something. */
  waitFor(ms: number): readonly FormingOutput[] {
    const untilMs = this.nowMs + ms;
    while (this.wakeMs < untilMs) {
      this.nowMs = Math.max(this.wakeMs, this.nowMs + 1);
      const said = this.give({ type: "timer" });
      if (said.length > 0) return said;
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
    return [];
  }

  see(peer: string, fields: Partial<Sighting> = {}, afterMs = 0): readonly FormingOutput[] {
    return this.give({ type: "sighting", sighting: { peer, cluster: null, pairing: "closed", ...fields } }, afterMs);
  }

  /** Until it wants nothing any more, or for a minute. */
  pass(): readonly FormingOutput[] {
    const said: FormingOutput[] = [];
    const endMs = this.nowMs + 60_000;
    let outputs = this.forming.step({ type: "timer" }, this.nowMs);
    for (;;) {
      said.push(...outputs.filter(({ type }) => type !== "wake"));
      const wake = outputs.find((output) => output.type === "wake");
      if (wake === undefined || wake.atMs > endMs) return said;
      this.nowMs = Math.max(wake.atMs, this.nowMs + 1);
      outputs = this.forming.step({ type: "timer" }, this.nowMs);
    }
  }
}

const FRESH: FormingInput = { type: "started", as: "fresh" };
const lone = (id: string) => ({ id, isAloneAndEmpty: true });
const full = (id: string) => ({ id, isAloneAndEmpty: false });
const member = (cluster: string, isAloneAndEmpty: boolean): FormingInput => ({
  type: "started",
  as: "member",
  cluster,
  isAloneAndEmpty,
});

describe("a fresh peer", () => {
  it("that sees nobody founds after the discovery time and a second look", () => {
    const bench = new Bench();
    expect(bench.give(FRESH)).toEqual([{ type: "look" }]);
    expect(bench.give({ type: "timer" }, discoveryMs - 1)).toEqual([]);
    expect(bench.give({ type: "timer" }, 1)).toEqual([{ type: "look-again" }]);
    expect(bench.give({ type: "timer" }, lookAgainMs - 1)).toEqual([]);
    expect(bench.give({ type: "timer" }, 1)).toEqual([{ type: "found" }]);
  });

  it("does not found when the second look shows a cluster", () => {
    const bench = new Bench();
    bench.give(FRESH);
    bench.give({ type: "timer" }, discoveryMs);
    expect(bench.see("z", { cluster: lone("c1") }, 10)).toEqual([
      { type: "wait-beside", cluster: "c1" },
      { type: "knock", peer: "z", cluster: "c1" },
    ]);
    expect(bench.pass()).toEqual([]);
    expect(bench.forming.beside).toBe("c1");
  });

  it("that stood still does not count that time, nor take silence for an answer: it looks again before it founds", () => {
    const bench = new Bench();
    bench.give(FRESH);
    expect(bench.give({ type: "timer" }, discoveryMs + 10_000)).toEqual([{ type: "look-again" }]);
    // It stands still again: whoever has answered meanwhile is heard of after the timer.
    expect(bench.give({ type: "timer" }, lookAgainMs + 10_000)).toEqual([{ type: "look-again" }]);
    expect(bench.see("z", { cluster: lone("c1") }, 1)).toContainEqual({ type: "wait-beside", cluster: "c1" });
  });

  it("founds in the end also on a machine that has too much to do all the time", () => {
    const bench = new Bench();
    bench.give(FRESH);
    const said = Array.from({ length: 30 }, () => bench.give({ type: "timer" }, lookAgainMs + 10_000)).flat();
    expect(said).toContainEqual({ type: "found" });
  });

  it("waits for a lower one, not for a higher one, and not for ever", () => {
    const bench = new Bench();
    bench.give(FRESH);
    bench.see("a");
    bench.see("z");
    expect(bench.give({ type: "timer" }, discoveryMs + lookAgainMs)).toEqual([]);
    expect(bench.pass()).toEqual([{ type: "look-again" }, { type: "found" }]);
    expect(bench.nowMs).toBeGreaterThan(2 * discoveryMs);
  });

  it("founds soon once the lower one that it waited for is silent", () => {
    const bench = new Bench();
    bench.give(FRESH);
    bench.see("a");
    bench.give({ type: "timer" }, discoveryMs);
    expect(bench.give({ type: "silence", peer: "a" })).toEqual([{ type: "look-again" }]);
    expect(bench.pass()).toEqual([{ type: "found" }]);
  });

  it("looks anew when the cluster that it waits beside is gone", () => {
    const bench = new Bench();
    bench.give(FRESH);
    bench.see("z", { cluster: full("c1") });
    bench.give({ type: "silence", peer: "z" }, 50_000);
    expect(bench.forming.phase).toBe("looking");
    expect(bench.pass()).toEqual([{ type: "look-again" }, { type: "found" }]);
    expect(bench.nowMs).toBe(50_000 + discoveryMs + lookAgainMs);
  });

  it("founds at once when a person says so, and yields to nobody then", () => {
    const bench = new Bench();
    bench.give(FRESH);
    bench.see("z", { cluster: full("a1") });
    expect(bench.give({ type: "told-to-found" })).toEqual([{ type: "found" }]);
    expect(bench.give({ type: "founded", cluster: "c1" })).toEqual([
      { type: "withdraw" },
      { type: "report", about: "two-clusters", cluster: "a1", peer: "z" },
    ]);
    expect(bench.pass()).toEqual([]);
    expect(bench.forming.phase).toBe("member");
  });

  it("knocks no more once it belongs, whichever way it came to that", () => {
    const ways: readonly FormingInput[][] = [
      [{ type: "paired", cluster: "c2" }],
      [{ type: "told-to-found" }, { type: "founded", cluster: "c2" }],
      [{ type: "silence", peer: "z" }, { type: "told-to-found" }, { type: "founded", cluster: "c2" }],
    ];
    for (const way of ways) {
      const bench = new Bench();
      bench.give(FRESH);
      expect(bench.see("z", { cluster: full("c1") }).map(({ type }) => type)).toContain("knock");
      expect(way.flatMap((input) => bench.give(input))).toContainEqual({ type: "withdraw" });
      expect(bench.give({ type: "paired", cluster: "c2" })).not.toContainEqual({ type: "withdraw" });
    }
  });

  it("with a secret is let in where it is taken, and tries again where it is not yet", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(FRESH);
    bench.see("x", { cluster: lone("c1") });
    const pair = { type: "pair-by-secret", peer: "x", cluster: "c1" } as const;
    expect(bench.see("x", { cluster: lone("c1"), pairing: "secret" })).toEqual([pair]);
    expect(bench.give({ type: "pairing-failed", cluster: "c1", peer: "x", why: "later" })).toContainEqual({
      type: "wait-beside",
      cluster: "c1",
    });
    expect(bench.give({ type: "timer" }, FORMING_TIMES.retryMs)).toEqual([pair]);
    expect(bench.give({ type: "paired", cluster: "c1" })).toEqual([
      { type: "withdraw" },
      { type: "door", isOpen: true },
    ]);
  });

  it("with a secret leaves a cluster that has another one alone, and founds", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(FRESH);
    bench.see("x", { cluster: full("c1"), pairing: "secret" });
    expect(bench.give({ type: "pairing-failed", cluster: "c1", peer: "x", why: "wrong-secret" })).toEqual([
      { type: "report", about: "foreign", cluster: "c1", peer: "x" },
    ]);
    bench.see("x", { cluster: full("c1"), pairing: "secret" });
    expect(bench.pass()).toEqual([{ type: "look-again" }, { type: "found" }]);
  });

  it("with a secret is not held back for ever by a cluster that takes none", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(FRESH);
    bench.see("x", { cluster: full("c1") });
    const said = bench.pass();
    expect(said).toContainEqual({ type: "found" });
    expect(bench.nowMs).toBeGreaterThan(2 * discoveryMs);
  });
});

describe("a peer that belonged", () => {
  it("never founds, however long it is alone", () => {
    for (const wasMember of [true, false]) {
      const bench = new Bench();
      bench.give(wasMember ? member("c1", false) : { type: "started", as: "left" });
      if (wasMember) bench.give({ type: "left" });
      expect(bench.pass()).toEqual([]);
      expect(bench.forming.phase).toBe("looking");
      bench.see("x", { cluster: full("c2") });
      expect(bench.forming.beside).toBe("c2");
    }
  });
});

describe("a lone founder", () => {
  it.each([
    ["a cluster with contents", full("z9"), true],
    ["a lone one of lower id", lone("b1"), true],
    ["a lone one of higher id", lone("d1"), false],
  ])("meets %s", (_, cluster, yields) => {
    const bench = new Bench();
    bench.give(member("c1", true));
    const said = bench.see("x", { cluster });
    expect(said.some(({ type }) => type === "yield")).toBe(yields);
    expect(bench.forming.phase).toBe(yields ? "waiting" : "member");
  });

  it("takes two peers of one cluster for contents, whatever each of them says", () => {
    const bench = new Bench();
    bench.give(member("c1", true));
    expect(bench.see("x", { cluster: lone("d1") })).toEqual([]);
    expect(bench.see("y", { cluster: lone("d1") })).toContainEqual({ type: "yield", to: "d1" });
  });

  it("does not yield while somebody is being let in, nor after that", () => {
    const bench = new Bench();
    bench.give(member("c1", true));
    bench.give({ type: "own", isAloneAndEmpty: true, isBusy: true });
    expect(bench.see("x", { cluster: full("b1") }).filter(({ type }) => type === "yield")).toEqual([]);
    expect(bench.give({ type: "own", isAloneAndEmpty: false, isBusy: false })).toEqual([
      { type: "report", about: "two-clusters", cluster: "b1", peer: "x" },
    ]);
    expect(bench.see("x", { cluster: full("b1") })).toEqual([]);
  });

  it("lets nobody in by secret in its first moments, nor while it sees something better", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(FRESH);
    bench.give({ type: "timer" }, discoveryMs);
    bench.give({ type: "timer" }, lookAgainMs);
    bench.give({ type: "founded", cluster: "c1" });
    expect(bench.give({ type: "timer" }, quietMs - lookAgainMs - 1)).toEqual([]);
    expect(bench.give({ type: "timer" }, 1)).toEqual([{ type: "look-again" }]);
    expect(bench.give({ type: "timer" }, lookAgainMs - 1)).toEqual([]);
    expect(bench.give({ type: "timer" }, 1)).toEqual([{ type: "door", isOpen: true }]);
    expect(bench.see("x", { cluster: lone("b1") })).toEqual([{ type: "door", isOpen: false }]);
    expect(bench.give({ type: "silence", peer: "x" })).toEqual([{ type: "door", isOpen: true }]);
  });

  it("that stood still meanwhile looks before it opens its door all the same", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(FRESH);
    bench.give({ type: "timer" }, discoveryMs);
    bench.give({ type: "timer" }, lookAgainMs);
    bench.give({ type: "founded", cluster: "c1" });
    expect(bench.give({ type: "timer" }, 3_600_000)).toEqual([{ type: "look-again" }]);
    expect(bench.see("x", { cluster: lone("b1") }, lookAgainMs)).toEqual([]);
  });

  it("with a secret keeps its cluster until the better one has let it in", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(member("c1", true));
    expect(bench.see("x", { cluster: full("z1"), pairing: "secret" })).toEqual([
      { type: "pair-by-secret", peer: "x", cluster: "z1" },
    ]);
    expect(bench.give({ type: "pairing-failed", cluster: "z1", peer: "x", why: "wrong-secret" })).toEqual([
      { type: "report", about: "foreign", cluster: "z1", peer: "x" },
    ]);
    expect(bench.forming.phase).toBe("member");
    bench.see("y", { cluster: full("y1"), pairing: "secret" });
    expect(bench.give({ type: "paired", cluster: "y1" })).toEqual([
      { type: "yield", to: "y1" },
      { type: "door", isOpen: true },
    ]);
  });
});

describe("strangers", () => {
  it("that show another's cluster for theirs, and do not know the secret, keep nobody out of it", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(FRESH);
    bench.see("b", { cluster: full("c1"), pairing: "secret" });
    bench.give({ type: "pairing-failed", cluster: "c1", peer: "b", why: "wrong-secret" });
    const pair = { type: "pair-by-secret", peer: "x", cluster: "c1" } as const;
    expect(bench.see("x", { cluster: full("c1"), pairing: "secret" })).toContainEqual(pair);
    bench.give({ type: "pairing-failed", cluster: "c1", peer: "x", why: "later" });
    bench.see("b", { cluster: full("c1"), pairing: "secret" });
    expect(bench.give({ type: "timer" }, FORMING_TIMES.retryMs)).toContainEqual(pair);
  });

  it("that had another secret are asked again when they come back, and when they belong elsewhere", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(FRESH);
    const wrong = { type: "pairing-failed", cluster: "c1", peer: "b", why: "wrong-secret" } as const;
    bench.see("b", { cluster: full("c1"), pairing: "secret" });
    bench.give(wrong);
    bench.give({ type: "silence", peer: "b" });
    expect(bench.see("b", { cluster: full("c1"), pairing: "secret" })).toContainEqual({
      type: "pair-by-secret",
      peer: "b",
      cluster: "c1",
    });
    bench.give(wrong);
    expect(bench.see("b", { cluster: full("c2"), pairing: "secret" })).toContainEqual({
      type: "pair-by-secret",
      peer: "b",
      cluster: "c2",
    });
  });

  /** Answers every try in this way for a minute; all that was said meanwhile. */
  const refusing = (bench: Bench, why: "later" | "unproven"): readonly FormingOutput[] => {
    const failed = { type: "pairing-failed", cluster: "a1", peer: "b", why } as const;
    const said: FormingOutput[] = [...bench.give(failed)];
    for (let ms = 0; ms < 60_000; ms += 250) {
      const outputs = bench.give({ type: "timer" }, 250);
      said.push(...outputs);
      if (outputs.some(({ type }) => type === "pair-by-secret")) said.push(...bench.give(failed));
    }
    return said;
  };

  it("that pretend to take a secret and never prove that they know it keep nobody from founding", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(FRESH);
    bench.see("b", { cluster: full("a1"), pairing: "secret" });
    expect(refusing(bench, "unproven")).toContainEqual({ type: "found" });
  });

  it("are no such ones when they have proven it: a cluster that cannot agree just now is waited for", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(FRESH);
    bench.see("b", { cluster: full("a1"), pairing: "secret" });
    expect(refusing(bench, "later").filter(({ type }) => type === "found")).toEqual([]);
    expect(bench.forming.beside).toBe("a1");
  });

  it("that pretend to be a better cluster do not keep a founder's door shut", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(member("c1", true));
    bench.see("b", { cluster: full("a1"), pairing: "secret" });
    expect(refusing(bench, "unproven")).toContainEqual({ type: "door", isOpen: true });
  });

  it("that come up again and again under lower names delay its founding by some seconds at most", () => {
    const bench = new Bench();
    bench.give(FRESH);
    let founded = false;
    for (let i = 0; i < 600 && !founded; i += 1) {
      bench.give({ type: "silence", peer: `a${i - 1}` });
      const said = [...bench.see(`a${i}`, { cluster: null }), ...bench.waitFor(500)];
      founded = said.some(({ type }) => type === "found");
    }
    expect(founded).toBe(true);
    expect(bench.nowMs).toBeLessThan(20_000);
  });

  /** Each half a second another one shows another cluster, better than all; no try at one comes to a proof, and each takes a while. */
  const besiege = (
    bench: Bench,
    untilMs: number,
    leavesAgain: boolean,
    begun: FormingOutput[] = [],
  ): readonly FormingOutput[] => {
    const said: FormingOutput[] = [];
    for (let i = 0; bench.nowMs < untilMs; i += 1) {
      const left = leavesAgain ? bench.give({ type: "silence", peer: `s${i - 3}` }) : [];
      const cluster = full(`a${String(9_999 - i)}`);
      const outputs = [...begun.splice(0), ...left, ...bench.see(`s${i}`, { cluster, pairing: "secret" })];
      const endMs = bench.nowMs + 500;
      for (;;) {
        said.push(...outputs);
        const tried = outputs.find((output) => output.type === "pair-by-secret");
        if (tried === undefined && bench.nowMs >= endMs) break;
        const { peer = "", cluster: at = "" } = tried ?? {};
        const failed = { type: "pairing-failed", cluster: at, peer, why: "unproven" } as const;
        outputs.splice(
          0,
          Infinity,
          ...(tried === undefined ? bench.waitFor(endMs - bench.nowMs) : bench.give(failed, 1_000)),
        );
      }
    }
    return said;
  };

  it.each([true, false])(
    "that show one cluster after the other, and vanish (%s), delay its founding by a minute at most",
    (leavesAgain) => {
      const bench = new Bench({ hasSecret: true });
      bench.give(FRESH);
      expect(besiege(bench, 65_000, leavesAgain)).toContainEqual({ type: "found" });
    },
  );

  it("that show one cluster after the other do not keep it from trying the one that is there", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(FRESH);
    for (let i = 0; i < 20; i += 1) bench.see(`t${i}`, { cluster: full(`b${i}`), pairing: "secret" });
    bench.see("real", { cluster: full("z-home"), pairing: "secret" });
    const begun = bench.give({ type: "pairing-failed", cluster: "b0", peer: "t0", why: "unproven" });
    const tried = besiege(bench, 60_000, false, [...begun]).findIndex(
      (output) => output.type === "pair-by-secret" && output.peer === "real",
    );
    expect(tried).toBeGreaterThan(0);
    expect(tried).toBeLessThan(60);
  });

  it("that show one better cluster after the other do not keep a founder's door shut, nor it from yielding to a true one", () => {
    const bench = new Bench({ hasSecret: true });
    bench.give(member("c1", true));
    const said = besiege(bench, 120_000, false);
    expect(said).toContainEqual({ type: "door", isOpen: true });
    // It rests now: the next try comes later.
    expect(bench.see("real", { cluster: full("aa"), pairing: "secret" })).toEqual([]);
    const tries = besiege(bench, 420_000, true).filter((output) => output.type === "pair-by-secret");
    expect(tries.map(({ peer }) => peer)).toContain("real");
    // Between the tries it lets others in.
    expect(tries.length).toBeLessThan(300_000 / 5_000 + 5);
  });

  it("cannot make it remember or report without bound", () => {
    const bench = new Bench();
    bench.give(member("c1", false));
    let reports = 0;
    for (let i = 0; i < 1_000; i += 1) {
      bench.nowMs += 1;
      reports += bench.see(`x${i}`, { cluster: full(`s${i}`) }).length;
      if (i % 2 === 0) bench.give({ type: "silence", peer: `x${i}` });
    }
    expect(reports).toBe(256);
  });
});
