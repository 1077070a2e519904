/** Checks that a model is there before native code is asked to load it: native libraries end the process when it is not. */
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { AudioError } from "../errors.ts";

/**
 * Absolute paths of `files` in `folder`, by the same roles.
 * @throws AudioError `model-missing` or `model-corrupt` (empty), naming the first such file.
 */
export async function modelFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const paths = Object.entries(files).map(([role, file]) => [role, join(folder, file)] as const);
  for (const [, path] of paths) await mustHoldData(path, basename(folder));
  return Object.fromEntries(paths);
}

async function mustHoldData(path: string, model: string): Promise<void> {
  const nextStep = `Fetch the model with \`parley models pull ${model}\`, or correct the models folder.`;
  const details = { path, model };
  const found = await stat(path).catch((cause: unknown) => {
    throw new AudioError("model-missing", `the model file ${path} is missing`, { nextStep, details, cause });
  });
  if (found.isFile() && found.size === 0) {
    throw new AudioError("model-corrupt", `the model file ${path} is empty`, { nextStep, details });
  }
}

/** The file of `role`. @throws AudioError `input-refused` when the options name none. */
export function fileOf(paths: Readonly<Record<string, string>>, role: string): string {
  const path = paths[role];
  if (path !== undefined) return path;
  throw new AudioError("input-refused", `the engine's options name no file for ${role}`, {
    nextStep: `Add files.${role}.`,
  });
}
