import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkWritable, formatOfName } from "../../src/format/index.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-out-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a file that will be written later", () => {
  it("is accepted where it can be, new or not, and nothing is touched", async () => {
    writeFileSync(join(folder, "old.wav"), "old");
    symlinkSync(join(folder, "old.wav"), join(folder, "link.wav"));
    for (const name of ["new.wav", "old.wav", "link.wav"]) await checkWritable(join(folder, name));
    expect(readdirSync(folder).toSorted()).toEqual(["link.wav", "old.wav"]);
  });

  it.each([
    ["a folder", ""],
    ["in no folder", "none/a.wav"],
    ["below a file", "old.wav/a.wav"],
  ])("is refused when it is %s", async (_, name) => {
    writeFileSync(join(folder, "old.wav"), "old");
    await expect(checkWritable(join(folder, name))).rejects.toMatchObject({ code: "file-unwritable" });
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === "win32")("is refused in a folder of others", async () => {
    mkdirSync(join(folder, "theirs"), { mode: 0o500 });
    await expect(checkWritable(join(folder, "theirs", "a.wav"))).rejects.toMatchObject({ code: "file-unwritable" });
  });

  it("is Opus or WAV by its name", () => {
    expect(["a.opus", "a.OGG", "b.oga", "a.wav", "opus", "a.opus.wav"].map(formatOfName)).toEqual([
      "opus",
      "opus",
      "opus",
      "wav",
      "wav",
      "wav",
    ]);
  });
});
