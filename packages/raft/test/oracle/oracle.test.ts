import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkText, differences, type Recorded } from "../../oracle/compare.ts";
import { replay, type NodeOutcome } from "../../oracle/replay.ts";
import { parseCommand, parsePlainScript, parseScripts } from "../../oracle/script.ts";

const MAIN = fileURLToPath(new URL("../../oracle/main.ts", import.meta.url));
/** Recorded scripts that stand beside the repository. */
const FOLDER = fileURLToPath(new URL("../../../../../shared/oracle/raft", import.meta.url));
const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl")) : [];
if (files.length === 0) console.warn("skipped: there are no recorded scripts beside the repository");

describe.skipIf(files.length === 0)("the core and an independent one", () => {
  it.each(files)("end the scripts of %s alike, and agree at every check on the way", (name) => {
    const scripts = parseScripts(name, readFileSync(join(FOLDER, name), "utf8"));
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) {
      const { final, checks = [] } = script as unknown as Recorded;
      const seen = new Map<number, readonly NodeOutcome[]>();
      const outcome = replay(script.script, (at, nodes) => seen.set(at, nodes));
      const which = script.file ?? `seed ${script.seed}`;
      expect([which, outcome.errors]).toEqual([which, null]);
      for (const { at, nodes } of checks) expect([which, at, seen.get(at)?.map(checkText)]).toEqual([which, at, nodes]);
      expect([which, differences(outcome.nodes, final)]).toEqual([which, []]);
    }
  });
});

describe("the comparison", () => {
  const [script] = parseScripts(
    "x",
    JSON.stringify({
      seed: 1,
      script: ["add-nodes 3 voters=(1,2,3) index=10", "campaign 1", "stabilize", "propose 1 a", "stabilize"],
    }),
  );
  const { nodes } = replay(script?.script ?? []);

  it.each<[string, Partial<NodeOutcome>]>([
    ["role", { role: "Candidate" }],
    ["term", { term: 7 }],
    ["commit", { commit: 3 }],
    ["last", { last: 3 }],
    ["voters", { voters: [1] }],
    ["log", { log: [{ term: 9, index: 12, type: "Normal", data: "a" }] }],
  ])("sees another %s", (_name, change) => {
    expect(differences(nodes, nodes)).toEqual([]);
    expect(
      differences(
        nodes,
        nodes.map((node, i) => (i === 1 ? { ...node, ...change } : node)),
      ).length,
    ).toBe(1);
  });

  it("passes over entries that only one side still holds", () => {
    expect(
      differences(
        nodes,
        nodes.map((node) => ({ ...node, log: [] })),
      ),
    ).toEqual([]);
  });
});

describe("the script language", () => {
  it("reads words, keys with one value and keys with lists", () => {
    expect(parseCommand("add-nodes 3 voters=(1, 2,3) index=10 content=foo")).toEqual({
      name: "add-nodes",
      args: [
        { key: "3", values: [] },
        { key: "voters", values: ["1", "2", "3"] },
        { key: "index", values: ["10"] },
        { key: "content", values: ["foo"] },
      ],
      body: "",
    });
    expect(parseCommand("propose-conf-change 1 v1=true\nv2 l3")).toMatchObject({
      name: "propose-conf-change",
      body: "v2 l3",
    });
  });

  it("reads plain scripts: bodies, expected output that is passed over, comments, doubled separators", () => {
    const text =
      "# a comment\nadd-nodes 1 voters=(1) index=2\n----\nINFO x\n\npropose-conf-change 1\nv2\n----\nok\n\nraft-log 1\n----\n----\na\n\nb\n----\n----\n\nstabilize\n----\nok\n";
    expect(parsePlainScript(text)).toMatchObject({
      problems: [],
      script: ["add-nodes 1 voters=(1) index=2", "propose-conf-change 1\nv2", "raft-log 1", "stabilize"],
    });
  });

  it("runs every command line of a block, with or without expected output, whatever the line ends", () => {
    const text = "add-nodes 1 voters=(1) index=2\ncampaign 1\nstabilize\n\npropose-conf-change 1\nl2\nstabilize\n";
    for (const each of [text, text.replaceAll("\n", "\r\n"), text.replace("\n\n", "\n----\nok\n\n")]) {
      const { script, problems } = parsePlainScript(each);
      expect([script, problems]).toEqual([
        ["add-nodes 1 voters=(1) index=2", "campaign 1", "stabilize", "propose-conf-change 1\nl2", "stabilize"],
        [],
      ]);
      expect(replay(script)).toMatchObject({ errors: null, nodes: [{ role: "Leader", learners: [2] }] });
    }
  });

  it.each([
    ["a separator without a command", "----\nok\n", "line 1"],
    ["a command swallowed by output", "status 1\n----\nok\nstatus 1\n----\nok\n", "line 5"],
    ["doubled output without an end", "status 1\n----\n----\nok\n", "line 2"],
    ["nothing", "# only a comment\n", "no command"],
  ])("names %s as a problem", (_name, text, where) => {
    expect(parsePlainScript(text).problems.join()).toContain(where);
  });

  it("refuses a command line with a part it cannot read", () => {
    expect(() => parseCommand("campaign =1")).toThrow(/cannot be read/);
  });

  it.each(["{", "[1]", "{}", '{"script":[1]}', ""])(
    "refuses %j as a file of JSON lines, and names the file",
    (text) => {
      expect(() => parseScripts("x.jsonl", text)).toThrow(/^x\.jsonl/);
    },
  );

  it.each([
    ["x.txt", "add-nodes 1 voters=(1) index=2\n\ndance 1\n", 1, /x\.txt: line 3: dance 1/],
    ["x.jsonl", "{}", 2, /^x\.jsonl:1: [^\n]*\n$/],
    ["x.txt", undefined, 2, /^cannot read [^\n]*\n$/],
  ])("ends the command with one clear line: %s %j", (name, text, code, message) => {
    const folder = mkdtempSync(join(tmpdir(), "parley-oracle-"));
    try {
      if (text !== undefined) writeFileSync(join(folder, name), text);
      const args = ["--conditions=parley-source", MAIN, join(folder, name)];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
      expect([status, stderr]).toEqual([code, expect.stringMatching(message)]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("says which command of a script is wrong, and goes on", () => {
    const { errors, nodes } = replay(["add-nodes 1 voters=(1) index=2", "dance 1", "campaign 1", "stabilize"]);
    expect(errors).toEqual([expect.stringContaining("dance")]);
    expect(nodes).toMatchObject([{ role: "Leader" }]);
  });
});
