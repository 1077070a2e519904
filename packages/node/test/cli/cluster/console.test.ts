import { describe, expect, it, onTestFinished } from "vitest";
import { tellCluster } from "../../../src/cli/cluster/console.ts";
import { Story, type Scene } from "../../../src/cli/cluster/story.ts";
import { fingerprintOf } from "../../../src/mesh/door/code/fingerprint.ts";
import { CODE, fakePeer, fakePeerId, FakeCluster, knocker, metCluster } from "../../fake-cluster.ts";
import { eventually } from "../../support.ts";

/** A console over a cluster that the test plays. */
function consoleOver(
  cluster: FakeCluster,
  hasPerson = true,
): { readonly said: () => string; type(line: string): void } {
  let said = "";
  let onLine: ((line: string) => void) | undefined;
  const person = {
    ask: async () => undefined,
    listen: (listener: (line: string) => void) => {
      onLine = listener;
      return () => (onLine = undefined);
    },
  };
  const quiet = tellCluster({
    cluster,
    command: "npx parley",
    person: hasPerson ? person : undefined,
    say: (text) => (said += `${text}\n`),
  });
  onTestFinished(quiet);
  return { said: () => said, type: (line) => onLine?.(line) };
}

function fresh(): FakeCluster {
  const cluster = new FakeCluster();
  [cluster.belonging, cluster.clusterId] = ["looking", undefined];
  return cluster;
}

describe("the console of a newcomer", () => {
  it("says that it looks, what it found, and takes the code that is typed", async () => {
    const cluster = fresh();
    const { said, type } = consoleOver(cluster);
    expect(said()).toBe("Looking for a cluster nearby …\n");
    type(CODE);
    cluster.change(() => {
      cluster.belonging = "waiting";
      cluster.clusters = [metCluster()];
    });
    await eventually(said).toContain(
      `Found the cluster k7q2-home of kitchen (fingerprint ${fingerprintOf(fakePeerId("M"))})`,
    );
    expect(said()).toContain("run on one of its hosts: npx parley pair");
    expect(said()).toContain("type here the code");
    expect(said()).toContain(`--approve ${fingerprintOf(cluster.peerId)}`);
    type(" ");
    type("AAAA-AAAA");
    await eventually(said).toContain("error: the code is wrong\n  Type it again.");
    cluster.members.push(fakePeer("kitchen", "M", { isPrime: true }));
    type(CODE.toLowerCase());
    await eventually(said).toContain("This peer belongs to the cluster k7q2-home, with kitchen.");
    expect(cluster.joins.map(({ proof }) => proof)).toEqual([{ code: "AAAA-AAAA" }, { code: CODE.toLowerCase() }]);
    type(CODE);
    expect(cluster.joins).toHaveLength(2);
  });

  it("names the command where nobody can type", () => {
    const cluster = fresh();
    cluster.belonging = "waiting";
    const { said } = consoleOver(cluster, false);
    expect(said()).toContain("and here: npx parley join --code XXXX-XXXX");
    expect(said()).not.toContain("type here");
  });

  it("asks its person before it joins whoever approved it", async () => {
    const cluster = fresh();
    cluster.belonging = "waiting";
    cluster.clusters = [metCluster()];
    const { said, type } = consoleOver(cluster);
    const fingerprint = fingerprintOf(fakePeerId("M"));
    cluster.change(() => {
      cluster.clusters = [metCluster({ hasApproved: true })];
    });
    await eventually(said).toContain(
      `A person at kitchen has approved this peer. Does that one show the fingerprint ${fingerprint}?`,
    );
    for (const no of ["n", "perhaps", CODE]) type(no);
    expect(cluster.joins).toEqual([]);
    type("y");
    await eventually(() => cluster.belonging).toBe("member");
    expect(cluster.joins.map(({ proof }) => proof)).toEqual([{ fingerprint }]);
  });

  it("tries one answer at a time, and none any more when the console is closed", async () => {
    const cluster = fresh();
    cluster.belonging = "waiting";
    cluster.hold = new Promise(() => undefined);
    let said = "";
    const lines: ((line: string) => void)[] = [];
    const person = {
      ask: async () => undefined,
      listen: (on: (line: string) => void) => (lines.push(on), () => undefined),
    };
    const quiet = tellCluster({ cluster, command: "parley", person, say: (text) => (said += text) });
    lines[0]?.(CODE);
    lines[0]?.(CODE);
    expect(cluster.joins).toHaveLength(1);
    expect(said).toContain("still being tried");
    quiet();
    expect(cluster.joins[0]?.signal.aborted).toBe(true);
  });
});

const scene = (more: Partial<Scene> = {}): Scene => ({
  belonging: "member",
  clusterId: "k7q2-home",
  fingerprint: "0000-0000-0000",
  peers: [fakePeer("attic", "A", { isSelf: true })],
  met: [],
  knocking: [],
  prime: undefined,
  trouble: undefined,
  noQuorum: undefined,
  ...more,
});

const kitchen = (isOnline: boolean): Scene["peers"] => [
  fakePeer("attic", "A", { isSelf: true }),
  fakePeer("kitchen", "K", { isOnline }),
];

/** What is told, scene after scene. */
function told(scenes: readonly Scene[], everyMs = 1000): readonly (readonly string[])[] {
  const story = new Story({ command: "parley", hasPerson: true });
  return scenes.map((each, i) => story.tell(each, i * everyMs));
}

describe("the story of a member", () => {
  it("tells each thing once", () => {
    const prime = { peerId: fakePeerId("A"), term: 3 };
    const [first, second] = told([scene({ prime }), scene({ prime })]);
    expect(first).toEqual([
      "This peer is a cluster of its own, k7q2-home. To let another one in: parley pair",
      "This peer is prime (term 3).",
    ]);
    expect(second).toEqual([]);
  });

  it("tells it once where it belongs, with what to do", () => {
    const why = "the disk is full";
    const noQuorum = [`This peer cannot take part in its cluster and works by itself: ${why}.`, "Make room."];
    const [first, second] = told([scene({ trouble: why, noQuorum }), scene({ trouble: why, noQuorum })]);
    expect(first?.filter((line) => line.includes(why))).toHaveLength(1);
    expect(first).toContain("Make room.");
    expect(second).toEqual([]);
  });

  it("tells who comes, is lost, comes back and goes, and who is prime then", () => {
    const prime = { peerId: fakePeerId("K"), term: 4 };
    expect(
      told([
        scene(),
        scene({ peers: kitchen(true), prime }),
        scene({ peers: kitchen(false) }),
        scene({ peers: kitchen(true), prime }),
        scene(),
      ]).slice(1),
    ).toEqual([
      ["kitchen belongs to the cluster now.", "kitchen is prime (term 4)."],
      ["kitchen cannot be reached."],
      ["kitchen is back.", "kitchen is prime (term 4)."],
      ["kitchen belongs to the cluster no more."],
    ]);
  });

  it("says nothing of a company that it does not know yet, and calls nobody prime before it knows the name", () => {
    const prime = { peerId: fakePeerId("K"), term: 4 };
    expect(told([scene({ peers: [], prime }), scene({ prime }), scene({ peers: kitchen(true), prime })])).toEqual([
      [],
      ["This peer is a cluster of its own, k7q2-home. To let another one in: parley pair"],
      ["kitchen belongs to the cluster now.", "kitchen is prime (term 4)."],
    ]);
  });

  it("does not call itself a cluster of its own while it cannot know", () => {
    const [first] = told([scene({ peers: [], noQuorum: ["Nobody is there."] })]);
    expect(first).toEqual(["This peer belongs to the cluster k7q2-home.", "Nobody is there."]);
  });

  it("misses nobody who has not been there since it started", () => {
    const [first, second] = told([scene({ peers: kitchen(false) }), scene({ peers: kitchen(false) })]);
    expect(first).toEqual(["This peer belongs to the cluster k7q2-home, with kitchen."]);
    expect(second).toEqual([]);
  });

  it("tells why nothing can be agreed on, and that it can again", () => {
    const noQuorum = ["Nothing new can be agreed on: 1 of 2 voters is there.", "Switch on kitchen."];
    const [, lost, still, back] = told([scene(), scene({ noQuorum }), scene({ noQuorum: ["1 of 2."] }), scene()]);
    expect([lost, still, back]).toEqual([noQuorum, [], ["The cluster can agree again."]]);
  });

  it("warns of who knocks under a name that somebody else has", () => {
    const namesakes = [{ peerId: fakePeerId("M"), name: "cellar", fingerprint: "AAAA-CCCC-DDDD", isMember: true }];
    const [, heard] = told([scene(), scene({ knocking: [{ ...knocker("cellar", "C"), namesakes }] })]);
    expect(heard?.[1]).toBe(
      `Careful: cellar (${fingerprintOf(fakePeerId("C"))}) is called like cellar (AAAA-CCCC-DDDD), a member of the cluster. A name proves nothing, the fingerprint does.`,
    );
  });

  it("tells who knocks, again when it comes again", () => {
    const knocking = [knocker("cellar", "C")];
    const fingerprint = fingerprintOf(fakePeerId("C"));
    const words = [
      `cellar (fingerprint ${fingerprint}) wants to be let in: parley pair, or parley pair --approve ${fingerprint}`,
    ];
    const heard = told([scene(), scene({ knocking }), scene({ knocking }), scene(), scene({ knocking })]);
    expect(heard.slice(1)).toEqual([words, [], [], words]);
  });

  it("tells of another cluster once it has lasted, for an empty one gives itself up", () => {
    const met = [metCluster({ clusterId: "other" })];
    const heard = told([scene(), scene({ met }), ...Array.from({ length: 30 }, () => scene({ met }))]);
    expect(heard.flat().filter((line) => line.includes("other of"))).toEqual([
      "There is another cluster nearby, other of kitchen: both go on by themselves, and neither gives itself up.",
    ]);
    expect(heard.flat().filter((line) => /`parley leave`.*`parley join`.*`parley pair`/.test(line))).toHaveLength(1);
    const yielding = told([scene(), scene({ met }), scene(), ...Array.from({ length: 30 }, () => scene())]);
    expect(yielding.flat().join("\n")).not.toContain("other of");
  });

  it("tells once why it cannot take part", () => {
    const trouble = scene({ belonging: "looking", clusterId: undefined, peers: [], trouble: "port 8766 is in use" });
    const [first, second] = told([trouble, trouble]);
    expect(first?.[0]).toBe("This peer cannot take part in a cluster: port 8766 is in use. It works by itself.");
    expect(second).toEqual([]);
  });

  it("ends when it leaves or is thrown out", () => {
    expect(told([scene(), scene({ belonging: "left", clusterId: undefined, peers: [] })])[1]).toEqual([
      "This peer has left its cluster. To join one again: parley join",
    ]);
    expect(told([scene(), scene({ belonging: "revoked", peers: [] })])[1]?.[0]).toMatch(/thrown out/);
    expect(told([scene({ belonging: "off" })])[0]).toEqual([]);
  });

  it("ends also when the next cluster is found before anybody looked; a founder that gave way has left nobody", () => {
    const beside = scene({ belonging: "waiting", clusterId: undefined, peers: [] });
    const parted = told([scene({ peers: kitchen(true) }), beside])[1];
    expect(parted?.[0]).toMatch(/^This peer has left its cluster/);
    expect(parted?.[1]).toMatch(/^Found a cluster/);
    expect(told([scene(), beside])[1]?.[0]).toMatch(/^Found a cluster/);
  });

  it("that was thrown out stays told as such beside the next cluster, and can go in there", () => {
    const revoked = scene({ belonging: "revoked", clusterId: undefined, peers: [] });
    const beside = { ...revoked, met: [metCluster({ clusterId: "other" })] };
    const heard = told([scene({ peers: kitchen(true) }), revoked, beside, beside]);
    expect(heard[1]).toHaveLength(1);
    expect(heard[1]?.[0]).toMatch(/thrown out/);
    expect(heard[2]?.[0]).toMatch(/^Found the cluster other/);
    expect(heard[3]).toEqual([]);
    const atOnce = told([scene({ peers: kitchen(true) }), beside])[1]?.join("\n");
    expect(atOnce).toMatch(/thrown out[^]*Found the cluster other/);
    expect(atOnce).not.toContain("has left");
    const story = new Story({ command: "parley", hasPerson: true });
    story.tell(beside, 0);
    expect(story.expected).toEqual({ what: "code" });
  });
});
