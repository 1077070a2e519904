import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainCluster, RECOVERY_COMMAND } from "../../../src/cluster/status/explain.ts";
import type { ClusterFacts, ConsensusFacts, MemberFacts, PeerFacts } from "../../../src/cluster/status/facts.ts";
import { whatItTakes } from "../../../src/cluster/status/quorum.ts";

const peer = (name: string, fields: Partial<PeerFacts> = {}): PeerFacts => ({
  peer: `id-${name}`,
  name,
  isOnline: true,
  isAsleep: false,
  lag: 0,
  silentMs: undefined,
  ...fields,
});

const gone = (name: string, fields: Partial<PeerFacts> = {}): PeerFacts =>
  peer(name, { isOnline: false, silentMs: 7_200_000, ...fields });

/** A cluster of these voters, seen by the first, which is prime. */
function home(
  voters: readonly PeerFacts[],
  consensus: Partial<ConsensusFacts> = {},
  more: Partial<MemberFacts> = {},
): MemberFacts {
  return {
    belonging: "member",
    self: voters[0]?.peer ?? "",
    cluster: "home-1",
    peers: voters,
    revocations: [],
    accusers: [],
    ...more,
    consensus: {
      term: 7,
      prime: voters[0]?.peer,
      voters: voters.map((each) => each.peer),
      votersBefore: [],
      learners: [],
      isInDoubt: false,
      waiting: 0,
      ...consensus,
    },
  };
}

const said = (facts: ClusterFacts): string => {
  const { sentences, nextSteps } = explainCluster(facts);
  return [...sentences, ...nextSteps].join("\n");
};

describe("the explanation of a cluster's state", () => {
  it("tells of a peer that runs twice, at the others and at the one that is turned away", () => {
    const seen = home([peer("attic"), peer("kitchen", { twinAt: "/ip4/10.0.0.9/tcp/8766" })]);
    expect(said(seen)).toContain("kitchen runs twice: another process with its identity, at /ip4/10.0.0.9/tcp/8766,");
    const copy = home([peer("kitchen"), gone("attic")], {}, { twinKnownBy: ["attic"] });
    expect(said(copy)).toContain("Another process with this peer's identity is linked with attic");
    for (const facts of [seen, copy]) expect(said(facts)).toContain("Stop the copy.");
    expect(said(home([peer("attic"), peer("kitchen")]))).not.toContain("copy");
  });

  it("says how much waits to be delivered, and since when", () => {
    const waits = home([peer("attic")], {}, { outbox: { waiting: 3, bytes: 900, oldestMs: 240_000 } });
    expect(explainCluster(waits).outbox).toEqual({ waiting: 3, bytes: 900, oldestMs: 240_000 });
    expect(said(waits)).toContain("3 writes of this peer wait to be delivered, the oldest for 4 minutes.");
    expect(said(home([peer("attic")]))).not.toContain("delivered");
    expect(explainCluster(home([peer("attic")])).outbox).toBeNull();
  });

  it("says that peers show this cluster which this one does not know, and what to do should they be its own", () => {
    const alone = home([peer("attic"), gone("kitchen")], {}, { claimants: ["cellar", "shed"] });
    expect(said(alone)).toContain("cellar and shed show this cluster, and this peer does not know that they do belong");
    expect(explainCluster(alone).nextSteps[0]).toMatch(/`parley leave --force` here, then `parley join`/);
    expect(said(home([peer("attic"), gone("kitchen")]))).not.toContain("does not know");
  });

  it("says that another cluster was met, and how to make one of the two, whatever else there is to say", () => {
    const others = [{ cluster: "home-2", names: ["cellar", "shed"] }];
    for (const facts of [
      home([peer("attic")], {}, { others }),
      home([peer("attic"), gone("kitchen")], {}, { others }),
    ]) {
      expect(said(facts)).toContain(
        "There is another cluster nearby, home-2 of cellar and shed: both go on by themselves",
      );
      expect(explainCluster(facts).nextSteps.at(-1)).toMatch(/`parley leave`.*`parley join`.*`parley pair`/);
    }
    expect(said(home([peer("attic")]))).not.toContain("another cluster");
  });

  it("says who is prime, in which term, and how many more may fail", () => {
    expect(explainCluster(home([peer("attic"), peer("kitchen"), peer("cellar")]))).toMatchObject({
      state: "healthy",
      isWritable: true,
      prime: { peer: "id-attic", name: "attic" },
      term: 7,
      quorum: { voters: 3, needed: 2, online: 3, mayFail: 1, missing: [] },
      sentences: ["This peer (attic) is prime in term 7; 3 of 3 voters are there.", "1 voter more may fail."],
      nextSteps: [],
    });
  });

  it("says who is missing, and that the next failure would be one too many", () => {
    const explained = explainCluster(home([peer("attic"), peer("kitchen"), gone("cellar")], { prime: "id-kitchen" }));
    expect(explained).toMatchObject({ state: "fragile", isWritable: true, nextSteps: ["Bring back cellar."] });
    expect(explained.sentences).toEqual([
      "kitchen is prime in term 7; 2 of 3 voters are there.",
      "Not there: cellar.",
      "If one voter more fails, nothing new can be agreed on.",
    ]);
  });

  it("says why nothing can be agreed on, what still works, and what would change that", () => {
    const explained = explainCluster(
      home([peer("attic"), gone("kitchen"), gone("cellar", { isAsleep: true })], { prime: undefined }),
    );
    expect(explained).toMatchObject({ state: "no-quorum", isWritable: false });
    expect(explained.sentences.slice(0, 3)).toEqual([
      "Nothing new can be agreed on: 1 of 3 voters is there, and it takes 2.",
      "Not there: kitchen (silent for 2 hours) and cellar (asleep).",
      "This peer keeps working by itself. What it would have written waits, and is delivered when the others are back.",
    ]);
    expect(explained.nextSteps[0]).toBe(
      "Switch on, or connect again, 1 of kitchen and cellar: then all goes on by itself.",
    );
    expect(explained.nextSteps[1]).toContain(RECOVERY_COMMAND);
    expect(explained.nextSteps[1]).toContain("is lost");
  });

  it("tells homes of two hosts the truth, well or not", () => {
    const well = explainCluster(home([peer("attic"), peer("kitchen")]));
    expect(well.state).toBe("fragile");
    expect(well.sentences).toContain(
      "With two hosts neither may fail: if one does, the other works by itself until it is back.",
    );
    expect(well.nextSteps[0]).toContain("third device");
    const ill = said(home([peer("attic"), gone("kitchen")]));
    expect(ill).toContain("With two hosts neither may fail; a third device");
    expect(ill).toContain("Switch on, or connect again, kitchen:");
  });

  it("does not trouble a single host", () => {
    expect(explainCluster(home([peer("attic")]))).toMatchObject({
      state: "healthy",
      sentences: ["This peer (attic) is prime in term 7; 1 of 1 voter is there."],
      nextSteps: [],
    });
  });

  it("says that no other peer votes when only one of several does", () => {
    const facts = home([peer("attic"), peer("laptop")], { voters: ["id-attic"], learners: ["id-laptop"] });
    expect(said(facts)).toContain("No other peer votes");
    expect(explainCluster(facts).learners).toEqual([
      { peer: "id-laptop", name: "laptop", isOnline: true, isAsleep: false, losesVoteBy: null, lag: 0 },
    ]);
  });

  it("says that an election is under way while enough voters are there and nobody is prime", () => {
    const explained = explainCluster(home([peer("attic"), peer("kitchen"), peer("cellar")], { prime: undefined }));
    expect(explained).toMatchObject({ state: "electing", isWritable: false, prime: null });
    expect(explained.sentences[0]).toContain("electing a prime (term 7)");
  });

  it("says of a peer that has just come in that it still learns who votes", () => {
    for (const prime of ["id-attic", undefined]) {
      const facts = home([peer("laptop"), peer("attic")], { voters: [], prime });
      const explained = explainCluster(facts);
      expect(explained).toMatchObject({ state: "electing", isWritable: false, quorum: { voters: 0, mayFail: 0 } });
      expect(explained.sentences).toEqual([
        "This peer has just come in and still learns from the others who votes; that takes a moment.",
      ]);
      expect(JSON.parse(JSON.stringify(explained))).toEqual(explained);
    }
  });

  it("says who has gone on without this peer and how to follow, and does not wait for that one", () => {
    const movedOn = [{ peer: "id-cellar", name: "cellar", cluster: "home-2" }];
    const went = "cellar belongs to another cluster now (home-2): it went on without this one.";
    const two = explainCluster(home([peer("attic"), gone("cellar")], { prime: undefined }, { movedOn }));
    expect(two.sentences).toContain(went);
    expect(two.nextSteps[0]).toMatch(/^To follow cellar: `parley leave --force` here, then `parley join`/);
    expect(two.nextSteps.join(" ")).not.toContain("goes on by itself");
    expect(two.nextSteps.join(" ")).toContain(RECOVERY_COMMAND);
    const three = explainCluster(
      home([peer("attic"), gone("kitchen"), gone("cellar")], { prime: undefined }, { movedOn }),
    );
    expect(three.sentences).toContain(went);
    expect(three.nextSteps[1]).toBe("Switch on, or connect again, kitchen: then all goes on by itself.");
    const well = explainCluster(home([peer("attic"), peer("kitchen"), gone("cellar")], {}, { movedOn }));
    expect(well.sentences).toContain(went);
    expect(well.nextSteps.join(" ")).not.toContain("--force");
  });

  it("does not count a peer that doubts its own log, and says so", () => {
    const facts = home([peer("attic"), peer("kitchen"), gone("cellar")], { isInDoubt: true, prime: undefined });
    expect(explainCluster(facts)).toMatchObject({ state: "no-quorum", quorum: { online: 1 } });
    expect(said(facts)).toContain("This peer's own log has lost something");
    expect(said(facts)).toContain("Switch on, or connect again, cellar:");
  });

  it("asks for both majorities while the voters change", () => {
    const all = [peer("a"), peer("b"), peer("c"), gone("d"), gone("e")];
    const facts = home(all, {
      voters: ["id-a", "id-b", "id-c"],
      votersBefore: ["id-a", "id-d", "id-e"],
      prime: undefined,
    });
    expect(explainCluster(facts)).toMatchObject({ state: "no-quorum", quorum: { missing: ["d", "e"] } });
    expect(said(facts)).toContain("1 of d and e");
    expect(said(facts)).toContain("Who votes is being changed just now.");
  });

  it("says that it was revoked when a member says so and there is no quorum, and offers no last resort then", () => {
    const alone = [peer("attic"), gone("kitchen"), gone("cellar")];
    const facts = home(alone, { prime: undefined }, { accusers: ["kitchen"] });
    expect(explainCluster(facts)).toMatchObject({ state: "revoked", cluster: "home-1", isWritable: false });
    expect(said(facts)).toContain("kitchen says so");
    expect(said(facts)).not.toContain(RECOVERY_COMMAND);
    const all = [peer("attic"), peer("kitchen"), gone("cellar")];
    expect(explainCluster(home(all, {}, { accusers: ["cellar"] })).state).toBe("fragile");
  });

  it("mentions who is behind, asleep or waits, and revocations that are not known everywhere", () => {
    const text = said(
      home(
        [peer("attic"), peer("kitchen", { lag: 12 }), peer("cellar")],
        { waiting: 3 },
        {
          peers: [peer("attic"), peer("kitchen", { lag: 12 }), peer("cellar"), gone("laptop", { isAsleep: true })],
          revocations: [
            { name: "old phone", notYetAppliedBy: ["laptop"] },
            { name: "older phone", notYetAppliedBy: [] },
          ],
        },
      ),
    );
    expect(text).toContain("kitchen is 12 entries behind.");
    expect(text).toContain("Asleep: laptop.");
    expect(text).toContain(
      "3 proposals of this peer's own have no answer from the cluster yet; writes that wait are counted apart.",
    );
    expect(text).toContain("old phone was revoked; laptop may not know yet.");
    expect(text).not.toContain("older phone");
  });

  it("calls asleep only who has said so: whose vote is being taken goes with the reason", () => {
    const facts = home([
      peer("attic"),
      peer("kitchen", { isAsleep: true }),
      peer("cellar", { losesVoteBy: "revocation" }),
      peer("shed", { losesVoteBy: "leaving" }),
    ]);
    expect(explainCluster(facts).voters).toMatchObject([
      { isAsleep: false, losesVoteBy: null },
      { isAsleep: true, losesVoteBy: null },
      { isAsleep: false, losesVoteBy: "revocation" },
      { isAsleep: false, losesVoteBy: "leaving" },
    ]);
    expect(said(facts)).toContain("cellar is being revoked: its vote is taken first.");
    expect(said(facts)).toContain("shed is leaving: it gives its vote up first.");
    expect(said(home([peer("attic"), peer("kitchen")]))).not.toContain("vote is taken");
  });

  it("names a voter that is no member any more by its id", () => {
    const facts = home([peer("attic")], { voters: ["id-attic", "id-ghost"] });
    expect(explainCluster(facts).quorum?.missing).toEqual(["id-ghost"]);
  });

  it.each<[ClusterFacts, string]>([
    [{ belonging: "off" }, "Clustering is off"],
    [{ belonging: "looking", hasBelonged: false }, "parley join"],
    [{ belonging: "looking", hasBelonged: true }, "never founds another"],
    [{ belonging: "waiting", cluster: "home-1", fingerprint: "tall-blue-fox" }, "tall-blue-fox"],
    [{ belonging: "left", cluster: "home-1" }, "has left the cluster home-1"],
    [{ belonging: "revoked", cluster: "home-1" }, "a new identity"],
    [{ belonging: "revoked", cluster: "home-1", beside: "home-2", fingerprint: "tall-blue-fox" }, "a new identity"],
  ])("says what a peer without a cluster does: %j", (facts, text) => {
    expect(said(facts)).toContain(text);
    expect(explainCluster(facts)).toMatchObject({ state: facts.belonging, isWritable: false, quorum: null });
  });

  it("names both clusters of one that was revoked by the first and waits beside the second", () => {
    const beside = { beside: "home-2", fingerprint: "tall-blue-fox" };
    const text = said({ belonging: "revoked", cluster: "home-1", ...beside });
    expect(text).toContain("was revoked by the cluster home-1");
    expect(text).toContain("waits beside the cluster home-2");
    expect(text).toContain("tall-blue-fox");
    expect(text).toContain("parley join");
    expect(said({ belonging: "revoked", cluster: "home-1" })).not.toContain("beside");
  });
});

describe("the explanation, whatever the facts", () => {
  const names = ["attic", "bath", "cellar", "den", "etage", "foyer", "garage"];
  const facts: fc.Arbitrary<MemberFacts> = fc
    .record({
      online: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
      asleep: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
      lag: fc.option(fc.nat(3), { nil: undefined }),
      silentMs: fc.option(fc.nat(1e9), { nil: undefined }),
      voters: fc.subarray(names, { minLength: 1, maxLength: 5 }),
      before: fc.subarray(names, { maxLength: 5 }),
      prime: fc.option(fc.constantFrom(...names), { nil: undefined }),
      self: fc.constantFrom(...names),
      isInDoubt: fc.boolean(),
    })
    .map(({ online, asleep, lag, silentMs, voters, before, prime, self, isInDoubt }) => {
      const peers = names.map((name, i) => {
        const isOnline = name === self || online[i] === true;
        return peer(name, { isOnline, isAsleep: asleep[i] === true, lag, silentMs: isOnline ? undefined : silentMs });
      });
      const ids = (of: readonly string[]) => of.map((name) => `id-${name}`);
      const consensus = {
        term: 3,
        prime: prime === undefined ? undefined : `id-${prime}`,
        voters: ids(voters),
        votersBefore: ids(before),
        learners: [],
        isInDoubt,
        waiting: 0,
      };
      return { ...home(peers), self: `id-${self}`, consensus };
    });

  it("is plain JSON, and whole sentences", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const explained = explainCluster(given);
        expect(JSON.parse(JSON.stringify(explained))).toEqual(explained);
        expect(explained.sentences.length).toBeGreaterThan(0);
        for (const sentence of [...explained.sentences, ...explained.nextSteps]) {
          expect(sentence).toMatch(/^\S.*[.]$/);
          expect(sentence).not.toMatch(/undefined|null|NaN|Infinity|\[object| {2}/);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("says that there is a quorum exactly when more than half of each voting group is there", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const { consensus, peers, self } = given;
        const isThere = (id: string): boolean =>
          id === self ? !consensus.isInDoubt : peers.some((each) => each.peer === id && each.isOnline);
        const has = (voters: readonly string[]): boolean =>
          voters.length === 0 || voters.filter((id) => isThere(id)).length * 2 > voters.length;
        const explained = explainCluster(given);
        expect(explained.quorum?.isThere).toBe(has(consensus.voters) && has(consensus.votersBefore));
        expect(explained.state === "no-quorum").toBe(explained.quorum?.isThere === false);
        expect(explained.isWritable).toBe(explained.quorum?.isThere === true && consensus.prime !== undefined);
      }),
      { numRuns: 1_000 },
    );
  });

  it("names what brings the quorum back, and the last resort only when there is none", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const { nextSteps, state, quorum } = explainCluster(given);
        expect(nextSteps.some((step) => step.includes(RECOVERY_COMMAND))).toBe(state === "no-quorum");
        if (state !== "no-quorum") return;
        const text = said(given);
        for (const name of quorum?.missing ?? []) expect(text).toContain(name);
        const back = new Set(
          whatItTakes(given).flatMap(({ count, of }) => of.slice(0, count).map((each) => each.peer)),
        );
        const healed: MemberFacts = {
          ...given,
          peers: given.peers.map((each) => (back.has(each.peer) ? { ...each, isOnline: true } : each)),
          consensus: { ...given.consensus, isInDoubt: given.consensus.isInDoubt && !back.has(given.self) },
        };
        expect(explainCluster(healed).quorum?.isThere).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("tells the truth about how many voters may fail", () => {
    fc.assert(
      fc.property(facts, fc.nat(), (given, lot) => {
        const { quorum } = explainCluster(given);
        if (quorum?.isThere !== true) return;
        const voters = [...new Set([...given.consensus.voters, ...given.consensus.votersBefore])].filter(
          (id) => id !== given.self,
        );
        const failing = voters
          .map((id, i) => ({ id, order: (i * 7 + lot) % 13 }))
          .toSorted((a, b) => a.order - b.order);
        const down = new Set(failing.slice(0, quorum.mayFail).map(({ id }) => id));
        const after = {
          ...given,
          peers: given.peers.map((each) => (down.has(each.peer) ? { ...each, isOnline: false } : each)),
        };
        expect(explainCluster(after).quorum?.isThere).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
