import { readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AudioError } from "../../../src/errors.ts";
import { isInsidePath } from "../../../src/models/fetch/file-errors.ts";
import { extractMembers } from "../../../src/models/fetch/tarball.ts";
import { noise, temporaryFolder } from "../support/models.ts";
import { npmTarball, tarballOf } from "../support/tarballs.ts";

const signal = new AbortController().signal;
const hostileName = fc.oneof(
  fc.constantFrom(
    "package/../../evil",
    "../evil",
    "/etc/evil",
    "package//wanted",
    "..\\evil",
    "package/./wanted",
    "wanted",
  ),
  fc.string({ unit: fc.constantFrom("a", "b", ".", "/", "\\", "~", ":", "\u00e9"), minLength: 1, maxLength: 60 }),
);

describe("taking members out of a tarball", () => {
  test("writes only what was asked for, whatever the names inside", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "hostile.tgz");
    const outside = await readdir(dirname(folder));
    await fc.assert(
      fc.asyncProperty(fc.array(hostileName, { maxLength: 12 }), async (names) => {
        const content = noise(100);
        const entries = names.map((name) => ({ name, content: noise(100) }));
        await writeFile(path, await tarballOf([{ name: "package/wanted", content }, ...entries]));
        const got: Uint8Array[] = [];
        const write = async (chunk: Uint8Array): Promise<void> => void got.push(chunk);
        await extractMembers(path, [{ member: "wanted", bytes: 100, write }], signal);
        expect(Buffer.concat(got)).toEqual(content);
        expect(await readdir(folder)).toEqual(["hostile.tgz"]);
      }),
      { numRuns: 60 },
    );
    expect((await readdir(dirname(folder))).filter((name) => name === "evil" && !outside.includes(name))).toEqual([]);
  });

  test("meets any damage with a typed error or the right bytes, and always ends", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "damaged.tgz");
    const content = noise(5_000);
    const intact = await npmTarball({ before: noise(700), wanted: content, after: noise(10) });
    const damage = fc.array(fc.tuple(fc.nat(intact.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(intact.length), fc.boolean(), async (flips, length, cut) => {
        const damaged = Buffer.from(intact.subarray(0, cut ? length : intact.length));
        for (const [at, mask] of flips) if (at < damaged.length) damaged[at] = (damaged[at] ?? 0) ^ mask;
        await writeFile(path, damaged);
        let bytes = 0;
        const write = async (chunk: Uint8Array, offset: number): Promise<void> => {
          expect(offset).toBe(bytes);
          bytes += chunk.byteLength;
        };
        try {
          await extractMembers(path, [{ member: "wanted", bytes: content.length, write }], signal);
        } catch (error) {
          expect(error).toBeInstanceOf(AudioError);
          expect(error).toMatchObject({ code: "model-corrupt" });
        }
        expect(bytes).toBeLessThanOrEqual(content.length);
      }),
      { numRuns: 150 },
    );
  });

  test("does not unpack a member larger than declared", async () => {
    const path = join(await temporaryFolder(), "bomb.tgz");
    await writeFile(path, await npmTarball({ wanted: Buffer.alloc(64 << 20) }));
    let bytes = 0;
    const write = async (chunk: Uint8Array): Promise<void> => {
      bytes += chunk.byteLength;
    };
    const extracting = extractMembers(path, [{ member: "wanted", bytes: 1_000, write }], signal);
    await expect(extracting).rejects.toMatchObject({ code: "model-corrupt" });
    expect(bytes).toBe(0);
  });

  test("passes on what the receiver of the bytes throws, and stops when cancelled", async () => {
    const path = join(await temporaryFolder(), "fine.tgz");
    await writeFile(path, await npmTarball({ wanted: noise(100_000) }));
    const full = new AudioError("disk-full", "full", { nextStep: "" });
    const write = (): Promise<void> => Promise.reject(full);
    await expect(extractMembers(path, [{ member: "wanted", bytes: 100_000, write }], signal)).rejects.toBe(full);
    const cancelled = extractMembers(path, [{ member: "wanted", bytes: 100_000, write }], AbortSignal.abort());
    await expect(cancelled).rejects.toMatchObject({ code: "job-cancelled" });
  });
});

describe("a path inside a model's folder", () => {
  test.each(["a", "a/b.txt", "lang/gmw/en-US", "..a/b", "a..b"])("%s is one", (path) => {
    expect(isInsidePath(path)).toBe(true);
  });

  test.each(["", ".", "..", "../a", "a/../../b", "a/../b", "/a", "C:/a", "c:a", "a\\b", "..\\a", "a\0b"])(
    "%j is none",
    (path) => {
      expect(isInsidePath(path)).toBe(false);
    },
  );
});
