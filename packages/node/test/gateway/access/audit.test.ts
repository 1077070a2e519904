import { appendFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { AuditLog } from "../../../src/gateway/access/audit.ts";

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), "parley-audit-"));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

const entry = (target: string) =>
  ({ actor: "this machine", action: "client.add", target, outcome: "done", details: {} }) as const;

describe("the audit log", () => {
  it("gives back what was done, the newest first, also after a restart", async () => {
    const at = path.join(await folder(), "audit.jsonl");
    const failures: unknown[] = [];
    const options = { path: at, onFailure: (error: unknown) => failures.push(error), nowMs: () => 0 };
    const first = new AuditLog(options);
    await first.note(entry("a"));
    await first.note({ ...entry("b"), details: { role: "guest" } });
    await first.close();
    const second = new AuditLog(options);
    await second.note(entry("c"));
    expect(await second.read(2)).toEqual([
      { at: "1970-01-01T00:00:00.000Z", ...entry("c") },
      { at: "1970-01-01T00:00:00.000Z", ...entry("b"), details: { role: "guest" } },
    ]);
    if (process.platform !== "win32") expect((await stat(at)).mode & 0o777).toBe(0o600);
    await second.close();
    expect(failures).toEqual([]);
  });

  it("stays as small as it may be, and loses the oldest", async () => {
    const at = await folder();
    const log = new AuditLog({
      path: path.join(at, "audit.jsonl"),
      onFailure: (error) => expect.unreachable(String(error)),
      mostBytes: 400,
    });
    for (let number = 0; number < 100; number += 1) await log.note(entry(String(number)));
    const files = await readdir(at);
    expect(files).toHaveLength(10);
    for (const file of files) expect((await stat(path.join(at, file))).size).toBeLessThanOrEqual(400);
    const targets = (await log.read(1_000)).map(({ target }) => Number(target));
    expect(targets[0]).toBe(99);
    expect(targets).toEqual(targets.toSorted((one, other) => other - one));
    expect(targets.length).toBeGreaterThan(20);
    await log.close();
  });

  it("passes over a line that was torn", async () => {
    const at = path.join(await folder(), "audit.jsonl");
    const log = new AuditLog({ path: at, onFailure: (error) => expect.unreachable(String(error)) });
    await log.note(entry("a"));
    await appendFile(at, '{"at":"19\n');
    await log.note(entry("b"));
    expect((await log.read(10)).map(({ target }) => target)).toEqual(["b", "a"]);
    await log.close();
  });

  it("tells when it cannot be written, and goes on when it can", async () => {
    const at = await folder();
    const failures: unknown[] = [];
    const target = path.join(at, "there", "audit.jsonl");
    const log = new AuditLog({ path: target, onFailure: (error) => failures.push(error) });
    await writeFile(path.join(at, "there"), "");
    await log.note(entry("a"));
    expect(failures).toHaveLength(1);
    await rm(path.join(at, "there"));
    await mkdir(path.join(at, "there"));
    await log.note(entry("b"));
    expect((await log.read(10)).map((each) => each.target)).toEqual(["b"]);
    await log.close();
  });
});
