/** The join secret, from where a person or a program that provisions has put it. It is no setting: settings are shown. */
import { readFileSync } from "node:fs";
import { codeOf, PeerError } from "../errors.ts";
import type { Config } from "./schema.ts";

const NAME = "PARLEY_JOIN_SECRET";
/** Far above any secret. */
const MAX_CHARACTERS = 4096;

/**
 * What was given as the join secret, as it was written; undefined when none was. Whether it is strong enough is judged where
 * it is used.
 * @throws PeerError `config-invalid` when it is given twice, or its file cannot be read or is empty. Never says what it is.
 */
export function givenJoinSecret(
  env: Readonly<Record<string, string | undefined>>,
  { cluster }: Pick<Config, "cluster">,
): string | undefined {
  const { join_secret_file: file } = cluster;
  const given = env[NAME] === "" ? undefined : env[NAME];
  if (file === "") return given;
  if (given !== undefined) {
    throw refused(`${NAME} holds a join secret, and ${file} another`, "Leave one of the two out.");
  }
  const text = readSecret(file);
  if (text.trim() !== "" && text.length <= MAX_CHARACTERS) return text;
  throw refused(`the file ${file} holds no join secret`, "Put the secret into it, on a line of its own.");
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw refused(
      `the join secret's file ${file} cannot be read (${codeOf(cause)})`,
      "Check the name given by PARLEY_JOIN_SECRET_FILE or cluster.join_secret_file, and that you may read the file.",
      cause,
    );
  }
}

function refused(message: string, nextStep: string, cause?: unknown): PeerError {
  return new PeerError("config-invalid", message, { nextStep, cause });
}
