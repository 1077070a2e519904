/** The token that a command shows to the peer it was told to ask. It is no setting and no flag: both are seen by others. */
import { readFileSync } from "node:fs";
import type { Config } from "../../config/index.ts";
import { codeOf, PeerError } from "../../errors.ts";

const NAME = "PARLEY_TOKEN";
/** Far above any token. */
const MAX_CHARACTERS = 4096;

/**
 * What was given; undefined when nothing was.
 * @throws PeerError `config-invalid` when it is given twice, or its file cannot be read or holds none. Never says what it is.
 */
export function givenToken(env: NodeJS.ProcessEnv, { client }: Pick<Config, "client">): string | undefined {
  const { token_file: file } = client;
  const given = env[NAME]?.trim();
  const isGiven = given !== undefined && given !== "";
  if (file === "") return isGiven ? checked(given, NAME) : undefined;
  if (isGiven) throw refused(`${NAME} holds a token, and ${file} another`, "Leave one of the two out.");
  return checked(readToken(file).trim(), `the file ${file}`);
}

/** One word of what may stand in a header (RFC 9110, section 11.2: token68). */
function checked(token: string, where: string): string {
  if (token.length <= MAX_CHARACTERS && /^[\w.~+/=-]+$/.test(token)) return token;
  throw refused(
    `${where} holds no token`,
    "Put the token there as parley client add NAME has shown it, and nothing else.",
  );
}

function readToken(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw refused(
      `the token's file ${file} cannot be read (${codeOf(cause)})`,
      "Check the name given by --token-file, PARLEY_TOKEN_FILE or client.token_file, and that you may read the file.",
      cause,
    );
  }
}

function refused(message: string, nextStep: string, cause?: unknown): PeerError {
  return new PeerError("config-invalid", message, { nextStep, cause });
}
