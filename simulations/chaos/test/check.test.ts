import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../check.ts", import.meta.url));
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "linearizable-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function check(lines: readonly object[] | string, ...options: string[]) {
  const file = join(folder, "history.jsonl");
  writeFileSync(file, typeof lines === "string" ? lines : lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=parley-source", MAIN, ...options, file],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

const put = {
  client: 1,
  op: "put",
  key: "k",
  value: "a",
  expected: null,
  output: null,
  call: 0,
  return: 5,
  unknown: false,
  fail: false,
};
const get = {
  client: 2,
  op: "get",
  key: "k",
  value: "",
  expected: null,
  output: "a",
  call: 6,
  return: 9,
  unknown: false,
  fail: false,
};

describe("npm run linearizable", () => {
  it("ends with 0 for a linearizable history", () => {
    expect(check([put, get])).toEqual({ status: 0, stdout: "linearizable: 2 operations on 1 keys\n", stderr: "" });
  });

  it("ends with 1 for a violation, and shows what contradicts itself", () => {
    const { status, stdout } = check([put, { ...get, output: null }]);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^violation: 2 operations on 1 keys\nkey "k": .*\n.*client 1 +put "a"\n.*client 2 +get -> null\n$/,
    );
  });

  it("prints JSON for a program", () => {
    const { status, stdout } = check([put, { ...get, output: "b" }], "--json");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: "violation",
      violations: [{ key: "k", until: 9, prefixLength: 2, operations: [{ op: "get", output: "b" }] }],
    });
  });

  it("ends with 2 when the work allowed does not suffice", () => {
    const { status, stdout } = check([put, get, { ...put, value: "b", call: 10, return: 12 }], "--max-work", "1");
    expect([status, stdout.split(":")[0]]).toEqual([2, "undecided"]);
  });

  it("ends with 2 and names the line when the file is no history", () => {
    const { status, stderr } = check(`${JSON.stringify(put)}\n{"client":`);
    expect([status, stderr]).toEqual([2, "line 2: not JSON\n"]);
  });

  it("ends with 2 and says how it is used", () => {
    const { status, stderr } = check([put], "--max-work", "none");
    expect(status).toBe(2);
    expect(stderr).toContain("usage: npm run linearizable");
  });
});
