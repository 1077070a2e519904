import { describe, expect, it, onTestFinished } from "vitest";
import { runCli } from "../../../src/cli/program.ts";
import { PeerError } from "../../../src/errors.ts";
import { fingerprintOf } from "../../../src/mesh/door/code/fingerprint.ts";
import { CODE, fakePeer, fakePeerId, knocker, metCluster } from "../../fake-cluster.ts";
import { eventually, temporaryFolder } from "../../support.ts";
import { world } from "./world.ts";

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("parley join", () => {
  it("takes the code from the command line", async () => {
    const { cluster, run, stdout, stderr } = await world();
    cluster.belonging = "waiting";
    cluster.clusters = [metCluster()];
    expect(await run(["join", "--code", CODE])).toBe(0);
    expect(cluster.joins).toMatchObject([{ proof: { code: CODE } }]);
    expect(stdout()).toContain("belongs to the cluster k7q2-home now");
    expect(stderr()).toContain(fingerprintOf(cluster.peerId));
    expect(stderr()).toContain(`kitchen (fingerprint ${fingerprintOf(fakePeerId("M"))})`);
  });

  it("asks for it on a terminal, and says so where nobody can be asked", async () => {
    const { cluster, run, stderr } = await world();
    expect(await run(["join", "kitchen.local:8766"], [` ${CODE.toLowerCase()} `])).toBe(0);
    expect(cluster.joins).toMatchObject([{ proof: { code: CODE.toLowerCase() }, address: "kitchen.local:8766" }]);
    for (const person of [undefined, [], [" "]]) {
      expect(await run(["join"], person)).toBe(2);
      expect(stderr()).toMatch(/a code is needed\n +Run parley pair on a peer of the cluster/);
    }
    expect(cluster.joins).toHaveLength(1);
  });

  it("says of a peer that belongs already with others that it does, and asks nobody for a code", async () => {
    const { cluster, run, stderr } = await world();
    cluster.members.push(fakePeer("kitchen", "K"));
    expect(await run(["join"], [CODE])).toBe(7);
    expect(stderr()).toContain("error: this peer belongs to the cluster k7q2-home already, with 1 other peer\n");
    expect(stderr()).toContain("parley leave");
    expect(stderr()).not.toContain("Code that");
    expect(cluster.joins).toEqual([]);
  });

  it("says that a code, a fingerprint or a name is empty where it is", async () => {
    const { cluster, run, stderr } = await world();
    for (const [args, what] of [
      [["join", "--code", ""], "code is empty"],
      [["join", "--fingerprint", " "], "fingerprint is empty"],
      [["pair", "--approve", ""], "who is empty"],
      [["revoke", "", "--yes"], "peer is empty"],
    ] as const) {
      expect(await run(args)).toBe(2);
      expect(stderr().trimEnd().split("\n").slice(-2).join("\n")).toMatch(
        new RegExp(`${what}\n {2}Give at least one sign that is no space\\.$`),
      );
    }
    expect(cluster.asked).toEqual([]);
  });

  it("takes what a QR code holds, and tries one address after the other", async () => {
    const { cluster, run } = await world();
    const { uri } = await cluster.openPairing();
    expect(await run(["join", uri])).toBe(0);
    expect(cluster.joins).toMatchObject([
      { proof: { code: CODE.replace("-", "") }, address: `/ip4/192.168.1.2/tcp/8766/p2p/${cluster.peerId}` },
    ]);
    cluster.failure = new PeerError("unreachable", "nobody is there", { nextStep: "Look." });
    const two = `${uri}&at=/ip4/10.0.0.7/tcp/8766`;
    expect(await run(["join", two])).toBe(7);
    expect(cluster.joins.slice(1).map(({ address }) => address?.split("/")[2])).toEqual(["192.168.1.2", "10.0.0.7"]);
  });

  it("says that a code is wrong, with what to do, and exits 7", async () => {
    const { run, stderr } = await world();
    expect(await run(["join", "--code", "AAAA-AAAA"])).toBe(7);
    expect(stderr()).toContain("error: the code is wrong\n  Type it again.\n");
    expect(await run(["--json", "join", "--code", "AAAA-AAAA"])).toBe(7);
    expect(JSON.parse(stderr().trim().split("\n").at(-1) ?? "")).toMatchObject({ error: { code: "pairing-failed" } });
  });

  it("waits by fingerprint until somebody there approves", async () => {
    const { cluster, run, stderr, stdout } = await world();
    cluster.belonging = "waiting";
    const gate = Promise.withResolvers<void>();
    cluster.hold = gate.promise;
    const theirs = fingerprintOf(fakePeerId("M"));
    const ended = run(["join", "--fingerprint", theirs]);
    await eventually(() => cluster.joins.length).toBeGreaterThan(2);
    gate.resolve();
    expect(await ended).toBe(0);
    expect(stderr()).toContain(`parley pair --approve ${fingerprintOf(cluster.peerId)}`);
    expect(stdout()).toContain("belongs to the cluster");
  });

  it("takes a code or a fingerprint, not both", async () => {
    const { cluster, run } = await world();
    expect(await run(["join", "--code", CODE, "--fingerprint", "x"])).toBe(2);
    expect(cluster.joins).toEqual([]);
  });
});

describe("parley pair", () => {
  it("shows the code, a picture and what is left, names who waits, and says who came", async () => {
    const { cluster, run, stdout, stderr } = await world();
    const ended = run(["pair"]);
    await eventually(stdout).toContain(`Code: ${CODE}   (10:00 and 5 tries left)`);
    expect(stdout()).toMatch(/[▀▄█]{10}/);
    expect(stdout()).toContain(`parley join --code ${CODE}\n`);
    // The whole command for a newcomer that cannot see it.
    expect(stdout()).toContain(`parley join 192.168.1.2:8766 --code ${CODE}\n`);
    cluster.knocking = [knocker("cellar", "C")];
    await eventually(stderr).toContain(`cellar  fingerprint ${fingerprintOf(fakePeerId("C"))}`);
    // The code is proven, and counts for nobody else; the cluster has yet to agree.
    cluster.pairing = undefined;
    const asked = cluster.looks;
    await eventually(() => cluster.looks).toBeGreaterThan(asked + 2);
    cluster.members = [...cluster.members, fakePeer("cellar", "C", { role: "joining" })];
    cluster.pairingEnd = "used";
    expect(await ended).toBe(0);
    expect(stdout()).toContain("cellar belongs to the cluster now.");
  });

  it("tells programs the same, a line of JSON each", async () => {
    const { cluster, run, stdout } = await world();
    cluster.knocking = [knocker("porch", "P")];
    const ended = run(["pair", "--json"]);
    await eventually(() => stdout().split("\n").length).toBeGreaterThan(2);
    cluster.members = [...cluster.members, fakePeer("porch", "P")];
    cluster.endPairing("used");
    expect(await ended).toBe(0);
    expect(lines(stdout())).toMatchObject([
      { event: "window", code: CODE, triesLeft: 5, uri: expect.stringContaining("parley:pair?") as string },
      { event: "waiting", name: "porch" },
      { event: "joined", peers: [{ name: "porch" }] },
    ]);
  });

  it.each([
    ["expired", /ten minutes are over/],
    ["too-many-failures", /wrong five times: somebody may be guessing/],
    ["closed", /taken back/],
  ] as const)("says why the code counts no more: %s", async (why, words) => {
    const { cluster, run, stdout, stderr } = await world();
    const ended = run(["pair"]);
    await eventually(stdout).toContain("Code:");
    cluster.endPairing(why);
    expect(await ended).toBe(7);
    expect(stderr()).toMatch(words);
    expect(stderr()).toContain("Run parley pair again for another code.");
  });

  it("ends when somebody has opened another window", async () => {
    const { cluster, run, stdout, stderr } = await world();
    const ended = run(["pair"]);
    await eventually(stdout).toContain("Code:");
    cluster.pairing = { code: "AAAA-AAAA", expiresAtMs: Date.now() + 1000, triesLeft: 5, uri: "" };
    expect(await ended).toBe(7);
    expect(stderr()).toContain("the code counts no more");
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("takes the code back at %s", async (signal) => {
    const { cluster, run, stdout } = await world();
    const ended = run(["pair"]);
    await eventually(stdout).toContain("Code:");
    process.emit(signal);
    expect(await ended).toBe(130);
    expect(cluster.pairing).toBeUndefined();
  });

  it("takes back with --close what was left open, and says when there was nothing", async () => {
    const { cluster, run, stdout } = await world();
    await cluster.openPairing();
    expect(await run(["status"])).toBe(0);
    expect(stdout()).toMatch(
      /come in by a code: \d+:\d\d and 5 tries left\. To take the code back: parley pair --close/,
    );
    expect(await run(["pair", "--close"])).toBe(0);
    expect(cluster.pairing).toBeUndefined();
    expect(stdout()).toContain("The code is taken back");
    expect(await run(["pair", "--close"])).toBe(0);
    expect(stdout()).toContain("No code was shown.\n");
    expect(await run(["pair", "--close", "--json"])).toBe(0);
    expect(JSON.parse(stdout().trim().split("\n").at(-1) ?? "")).toEqual({ pairing: null, ended: "closed" });
    expect(await run(["pair", "--close", "--approve", "x"])).toBe(2);
  });

  it("approves who waits, by name or fingerprint", async () => {
    const { cluster, run, stdout, stderr } = await world();
    cluster.knocking = [knocker("cellar", "C")];
    expect(await run(["pair", "--approve", "cellar"])).toBe(0);
    expect(stdout()).toBe("cellar belongs to the cluster now.\n");
    expect(await run(["pair", "--approve", "cellar"])).toBe(7);
    expect(stderr()).toContain("no peer is called cellar");
  });

  it("says that an approved newcomer cannot come in while the cluster has no quorum, and what would help", async () => {
    const { cluster, run, stdout } = await world();
    cluster.knocking = [knocker("cellar", "C")];
    cluster.hold = new Promise(() => undefined);
    const why = "Nothing new can be agreed on: 1 of 2 voters is there, and it takes 2.";
    cluster.state = { state: "no-quorum", sentences: [why], nextSteps: ["Switch on kitchen."] };
    expect(await run(["pair", "--approve", "cellar"])).toBe(0);
    expect(stdout()).toContain(`cellar is approved, and cannot come in yet. ${why}\n  -> Switch on kitchen.\n`);
  });

  it("says that an approved newcomer's own person has yet to agree", async () => {
    const { cluster, run, stdout } = await world();
    cluster.knocking = [knocker("cellar", "C")];
    const gate = Promise.withResolvers<void>();
    cluster.hold = gate.promise;
    expect(await run(["pair", "--approve", "cellar"])).toBe(0);
    expect(stdout()).toContain("when its own person agrees");
    gate.resolve();
  });
});

describe("parley status", () => {
  it("says how the peer stands with its cluster, and what would help", async () => {
    const { cluster, run, stdout } = await world();
    cluster.state = {
      state: "no-quorum",
      prime: { peer: fakePeerId("A"), name: "attic" },
      term: 7,
      voters: [
        { peer: fakePeerId("A"), name: "attic", isOnline: true, isAsleep: false, lag: null },
        { peer: fakePeerId("K"), name: "kitchen", isOnline: false, isAsleep: false, lag: 12 },
      ],
      learners: [{ peer: fakePeerId("C"), name: "cellar", isOnline: false, isAsleep: true, lag: 0 }],
      sentences: ["Nothing new can be agreed on: 1 of 3 voters is there, and it takes 2."],
      nextSteps: ["Switch on, or connect again, kitchen: then all goes on by itself."],
    };
    cluster.clusters = [metCluster({ clusterId: "other" })];
    expect(await run(["status"])).toBe(0);
    expect(stdout()).toMatch(/^hearing +waiting/m);
    expect(stdout()).toMatch(/^cluster +k7q2-home$/m);
    expect(stdout()).toMatch(/^prime +attic, term 7$/m);
    expect(stdout()).toMatch(/^voters +attic, kitchen \(not there, 12 entries behind\)$/m);
    expect(stdout()).toMatch(/^learners +cellar \(asleep, not there\)$/m);
    expect(stdout()).toContain("  Nothing new can be agreed on: 1 of 3 voters is there, and it takes 2.\n");
    expect(stdout()).toContain("  -> Switch on, or connect again, kitchen");
    expect(stdout()).toMatch(/Other clusters nearby:\n +other +of kitchen/);
  });

  it("says of whom the vote is being taken, and does not call that asleep", async () => {
    const { cluster, run, stdout } = await world();
    const there = { isOnline: true, isAsleep: false, lag: 0 };
    cluster.state = {
      state: "healthy",
      voters: [{ ...there, name: "kitchen", losesVoteBy: "leaving" }],
      learners: [{ ...there, name: "cellar", losesVoteBy: "revocation", isOnline: false }],
      sentences: [],
      nextSteps: [],
    };
    expect(await run(["status"])).toBe(0);
    expect(stdout()).toMatch(/^voters +kitchen \(leaving\)$/m);
    expect(stdout()).toMatch(/^learners +cellar \(being revoked, not there\)$/m);
  });

  it("says why a peer cannot take part", async () => {
    const { cluster, run, stdout } = await world();
    cluster.state = { state: "looking", sentences: [], nextSteps: [], trouble: "port 8766 is in use" };
    expect(await run(["status"])).toBe(0);
    expect(stdout()).toContain("This peer cannot take part in a cluster: port 8766 is in use. It works by itself.");
  });

  it("gives programs all of it", async () => {
    const { run, stdout } = await world();
    expect(await run(["status", "--json"])).toBe(0);
    expect(JSON.parse(stdout())).toMatchObject({
      name: "attic",
      cluster: { belonging: "member", met: [], waiting: [] },
    });
  });

  it("is shown anew with --watch until Ctrl-C, which is no failure", async () => {
    const { cluster, run, stdout } = await world();
    const ended = run(["status", "--watch", "--json"]);
    await eventually(() => stdout().split("\n").length).toBeGreaterThan(1);
    cluster.belonging = "looking";
    await eventually(() => lines(stdout()).at(-1)?.["cluster"]).toMatchObject({ belonging: "looking" });
    process.emit("SIGINT");
    expect(await ended).toBe(0);
  });
});

describe("parley status of a peer in trouble", () => {
  it("says once what is wrong", async () => {
    const { cluster, run, stdout } = await world();
    const trouble = "the disk is full";
    cluster.state = {
      state: "no-quorum",
      sentences: [`This peer cannot take part in its cluster and works by itself: ${trouble}. It tries again.`],
      nextSteps: ["Make room."],
      trouble,
    };
    expect(await run(["status"])).toBe(0);
    expect(stdout().match(/the disk is full/g)).toHaveLength(1);
    expect(stdout()).toContain("-> Make room.");
  });
});

describe("what a program is told of a command line that cannot be used", () => {
  it.each([
    [["--json", "status", "--colour"], "unknown option '--colour'"],
    [["--json", "sing"], "unknown command 'sing'"],
    [["revoke", "--json"], "missing required argument 'peer'"],
    [["--json"], "no command was given"],
  ])("%j: one error as JSON", async (args, message) => {
    const { run, stderr, stdout } = await world();
    expect(await run(args)).toBe(2);
    expect(JSON.parse(stderr())).toMatchObject({ error: { code: "usage", message } });
    expect(stdout()).toBe("");
  });

  it("is no error where help is asked for", async () => {
    const { run, stderr, stdout } = await world();
    expect(await run(["--json", "status", "--help"])).toBe(0);
    expect(stdout()).toContain("Usage:");
    expect(stderr()).toBe("");
  });
});

describe("parley revoke", () => {
  it("says who has applied it and who has not", async () => {
    const { cluster, run, stdout } = await world();
    cluster.members.push(fakePeer("kitchen", "K"));
    expect(await run(["revoke", "kitchen", "--yes"])).toBe(0);
    expect(stdout()).toBe(
      "kitchen is revoked. Applied by: attic.\n" +
        "Not yet applied by: cellar. Until they have, kitchen may still reach them.\n" +
        "It knew the key of the house's certificates: clients are to trust another one within 30 days (parley trust).\n",
    );
    expect(await run(["revoke", "kitchen", "--yes", "--json"])).toBe(7);
  });

  it("tells those apart by fingerprint who are called alike", async () => {
    const { cluster, run, stdout } = await world();
    const [own, theirs] = [cluster.peerId, fakePeerId("K")].map(fingerprintOf);
    cluster.members.push(fakePeer("attic", "K"));
    expect(await run(["revoke", theirs ?? "", "--yes"])).toBe(0);
    expect(stdout()).toContain(`attic (${theirs}) is revoked. Applied by: attic (${own}).\n`);
    expect(stdout()).toContain(`attic (${theirs}) may still reach them.\n`);
  });

  it("needs --yes where nobody can be asked", async () => {
    const { cluster, run, stderr } = await world();
    cluster.members.push(fakePeer("kitchen", "K"));
    for (const args of [
      ["revoke", "kitchen"],
      ["revoke", "kitchen", "--json"],
    ])
      expect(await run(args)).toBe(2);
    expect(stderr()).toContain("Give --yes");
    expect(cluster.members).toHaveLength(2);
  });

  it("asks a person first, unless told not to", async () => {
    const { cluster, run, stderr } = await world();
    cluster.members.push(fakePeer("kitchen", "K"), fakePeer("porch", "P"));
    expect(await run(["revoke", "kitchen"], ["no"])).toBe(130);
    expect(stderr()).toContain("Throw kitchen out for ever? [y/N]");
    expect(cluster.members).toHaveLength(3);
    expect(await run(["revoke", "kitchen"], ["y"])).toBe(0);
    expect(await run(["revoke", "porch", "--yes"], [])).toBe(0);
    expect(cluster.members).toHaveLength(1);
  });
});

describe("parley recover", () => {
  it("does nothing without --last-resort, and asks a person even then", async () => {
    const { cluster, run, stdout, stderr } = await world();
    expect(await run(["recover"])).toBe(2);
    expect(stderr()).toMatch(/last resort[\s\S]*parley status/);
    expect(await run(["recover", "--last-resort"])).toBe(2);
    expect(await run(["recover", "--last-resort"], ["n"])).toBe(130);
    expect(stderr()).toContain("What the others agreed on without it is lost");
    expect(cluster.asked).toEqual([]);
    expect(await run(["recover", "--last-resort"], ["y"])).toBe(0);
    expect(await run(["recover", "--last-resort", "--yes"])).toBe(0);
    expect(cluster.asked).toEqual(["recover", "recover"]);
    expect(stdout()).toContain("goes on alone");
  });
});

describe("parley leave", () => {
  it("asks a person first, and needs --yes where nobody can be asked", async () => {
    const { cluster, run, stderr, stdout } = await world();
    expect(await run(["leave"])).toBe(2);
    expect(stderr()).toContain("Give --yes");
    for (const answer of ["n", "", "yesterday"]) expect(await run(["leave"], [answer])).toBe(130);
    expect(cluster.belonging).toBe("member");
    expect(await run(["leave"], ["YES"])).toBe(0);
    expect(cluster.belonging).toBe("left");
    expect(stdout()).toContain("This peer has left the cluster k7q2-home.");
  });

  it("does not ask with --yes, and says why it could not", async () => {
    const { cluster, run, stderr } = await world();
    cluster.failure = new PeerError("no-quorum", "1 of 3 voters is there", { nextStep: "Bring back kitchen." });
    expect(await run(["leave", "--yes"])).toBe(7);
    expect(stderr()).toContain("error: 1 of 3 voters is there\n  Bring back kitchen.\n");
    cluster.failure = undefined;
    expect(await run(["leave", "--yes", "--json"])).toBe(0);
  });

  it("with --force warns first, leaves though the others cannot agree, and says what they are left with", async () => {
    const { cluster, run, stderr, stdout } = await world();
    cluster.failure = new PeerError("no-quorum", "1 of 3 voters is there", { nextStep: "Bring back kitchen." });
    expect(await run(["leave", "--force"])).toBe(2);
    expect(await run(["leave", "--force"], ["n"])).toBe(130);
    expect(stderr()).toMatch(/they count this peer, and its vote, until one of them revokes it/);
    expect(cluster.asked).toEqual([]);
    expect(await run(["leave", "--force"], ["y"])).toBe(0);
    expect(stdout()).toContain(`parley revoke ${fingerprintOf(cluster.peerId)}`);
  });

  it("says how many writes are dropped that waited", async () => {
    const { cluster, run, stdout } = await world();
    cluster.dropped = 2;
    expect(await run(["leave", "--yes"])).toBe(0);
    expect(stdout()).toContain("2 writes that waited to be delivered to it will never be.\n");
  });

  it("with --force says nothing of the kind when the others have agreed", async () => {
    const { run, stdout } = await world();
    expect(await run(["leave", "--force", "--yes"])).toBe(0);
    expect(stdout()).toBe("This peer has left the cluster k7q2-home. It goes on by itself.\n");
  });
});

describe("each of them", () => {
  const commands = [
    ["join", "--code", CODE],
    ["pair"],
    ["peers"],
    ["status"],
    ["revoke", "x", "--yes"],
    ["leave", "--yes"],
    ["recover", "--last-resort", "--yes"],
    ["settings"],
  ];

  it.each(commands)("%s without a running peer says how to start one", async (...args) => {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    let stderr = "";
    const context = {
      stdout: () => undefined,
      stderr: (text: string) => void (stderr += text),
      env: { PARLEY_HOME: folder.path },
      cwd: folder.path,
    };
    expect(await runCli(args, context, "parley")).toBe(7);
    expect(stderr).toMatch(/^error: no peer is running[^\n]*\n {2}Start one: parley start/);
  });

  it.each(commands.filter(([name]) => name !== "status"))(
    "%s of a peer that takes part in no cluster says so",
    async (...args) => {
      const { cluster, run, stderr } = await world();
      cluster.belonging = "off";
      expect(await run(args)).toBe(2);
      expect(stderr()).toMatch(/switched off\n {2}Start it without --no-cluster/);
    },
  );
});
