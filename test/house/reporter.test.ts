import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closingLine } from "../../tools/test/plain-reporter.ts";
import { ROOT, run } from "./mini-house.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parley-reporter-"));
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  mkdirSync(join(root, "t"));
  const reporters = JSON.stringify(["default", join(ROOT, "tools/test/plain-reporter.ts")]);
  writeFileSync(
    join(root, "vitest.config.js"),
    `export default { test: { include: ["t/*.test.js"], reporters: ${reporters} } };`,
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Runs vitest on these files and returns the last line of stdout, with the newline that ends it. */
async function lastLine(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(root, "t", `${name}.test.js`), `import { beforeAll, expect, test } from "vitest";\n${text}`);
  }
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const { stdout, code } = await run(process.execPath, [vitest, "run"], { cwd: root });
  const line = stdout.slice(stdout.trimEnd().lastIndexOf("\n") + 1);
  // The line and the exit code must never disagree.
  expect(line.includes(" 0 failed")).toBe(code === 0);
  return line;
}

const PASSES = `test("passes", () => {});`;
const FAILS = `test("fails", () => { expect(1).toBe(2); });`;

describe("the last line of a test run", () => {
  it("counts tests over files", async () => {
    expect(await lastLine({ a: PASSES + PASSES, b: PASSES })).toBe("3 passed, 0 failed\n");
  });

  it("counts failures, and names skipped tests only when there are any", async () => {
    const skipped = `test.skip("is skipped", () => {}); test.todo("is to come");`;
    expect(await lastLine({ a: PASSES + FAILS + skipped })).toBe("1 passed, 1 failed, 2 skipped\n");
  });

  it("counts a file that does not load as one failure", async () => {
    expect(await lastLine({ a: PASSES, b: `import "./nowhere.js";` })).toBe("1 passed, 1 failed\n");
  });

  it("does not pass over a hook that threw", async () => {
    expect(await lastLine({ a: `beforeAll(() => { throw new Error("no"); });\n${PASSES}` })).toMatch(
      /^0 passed, 1 failed/,
    );
  });

  it("says failed when an error was thrown outside of every test", async () => {
    const late = `setTimeout(() => { throw new Error("late"); }, 1);`;
    const waits = `test("waits", () => new Promise((done) => setTimeout(done, 100)));`;
    expect(await lastLine({ a: late + waits })).toBe("1 passed, 1 failed\n");
  });

  it("says failed when the process under test dies", async () => {
    expect(await lastLine({ a: `test("dies", () => { process.kill(process.pid, "SIGKILL"); });` })).toMatch(
      /, 1 failed\n$/,
    );
  });

  it("says failed when there is nothing to run", async () => {
    expect(await lastLine({})).toBe("0 passed, 1 failed\n");
  });

  it("has one exact form", () => {
    expect(closingLine({ passed: 12, failed: 0, skipped: 0 })).toBe("12 passed, 0 failed");
    expect(closingLine({ passed: 12, failed: 3, skipped: 1 })).toBe("12 passed, 3 failed, 1 skipped");
  });
});
