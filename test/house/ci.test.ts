import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ROOT, run, type Ended } from "./mini-house.ts";

/** Stand in the path for npm and the programs that `.ci/run` looks for. */
const FAKE_NPM = `#!/bin/sh
[ -t 0 ] && echo "stdin is a terminal"
case "$*" in
  *check) echo "models for check: $PARLEY_MODELS, CI=$CI"; exit "$CHECK_EXIT" ;;
  *test) printf "$TEST_SAYS"; exit "$TEST_EXIT" ;;
esac
`;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parley-ci-"));
  mkdirSync(join(root, "repo"));
  mkdirSync(join(root, "bin"));
  cpSync(join(ROOT, ".ci"), join(root, "repo/.ci"), { recursive: true });
  for (const [name, text] of [
    ["npm", FAKE_NPM],
    ...["ffmpeg", "sox", "ip"].map((each) => [each, "#!/bin/sh\n"]),
  ] as const) {
    const path = join(root, "bin", name ?? "");
    writeFileSync(path, text ?? "");
    chmodSync(path, 0o755);
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const ci = (env: NodeJS.ProcessEnv): Promise<Ended> =>
  run(join(root, "repo/.ci/run"), [], {
    cwd: tmpdir(),
    env: { PATH: `${join(root, "bin")}:/usr/bin:/bin`, CHECK_EXIT: "0", TEST_EXIT: "0", ...env },
  });
const lastLine = (stdout: string): string | undefined => stdout.trimEnd().split("\n").at(-1);

describe(".ci/run", () => {
  it("ends with the runner's line and 0 when check and tests pass", async () => {
    const { code, stdout } = await ci({ TEST_SAYS: "words\\n3 passed, 0 failed, 1 skipped\\n" });
    expect(lastLine(stdout)).toBe("3 passed, 0 failed, 1 skipped");
    expect(stdout).toMatch(/^ci: check ended with 0 after \d+ s$/m);
    expect(code).toBe(0);
  });

  it("still runs the tests when check fails, ends with the runner's line, and fails", async () => {
    const { code, stdout } = await ci({ CHECK_EXIT: "1", TEST_SAYS: "3 passed, 0 failed\\n" });
    expect(lastLine(stdout)).toBe("3 passed, 0 failed");
    expect(code).toBe(1);
  });

  it("fails when tests fail", async () => {
    const { code, stdout } = await ci({ TEST_EXIT: "1", TEST_SAYS: "2 passed, 1 failed\\n" });
    expect(lastLine(stdout)).toBe("2 passed, 1 failed");
    expect(code).toBe(1);
  });

  it.for(["0", "1"])(
    "counts a run that broke off without its line as a failure, also with exit code %s",
    async (exit) => {
      const { code, stdout } = await ci({ TEST_EXIT: exit, TEST_SAYS: "boom\\n" });
      expect(lastLine(stdout)).toBe("0 passed, 1 failed");
      expect(code).toBe(1);
    },
  );

  it("hands on the models beside the repository when they are there, and says when they are not", async () => {
    expect((await ci({ TEST_SAYS: "1 passed, 0 failed\\n" })).stdout).toContain("models for check: , CI=true");
    mkdirSync(join(root, "shared/models"), { recursive: true });
    const { stdout } = await ci({ TEST_SAYS: "1 passed, 0 failed\\n" });
    expect(stdout).toContain(`models for check: ${join(root, "shared/models")}, CI=true`);
    expect(stdout).not.toContain("stdin is a terminal");
  });
});
