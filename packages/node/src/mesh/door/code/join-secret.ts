/** The secret that lets peers in unattended, from the environment or a file. */
import { PeerError } from "../../../errors.ts";

/** Shorter ones could be guessed. */
export const SECRET_CHARACTERS_MIN = 16;

/**
 * What was given as a secret, as it is proven: without blanks around it, and letters in one form whatever keyboard wrote them
 * (NFKC).
 * @throws PeerError `config-invalid` when it is shorter than 16 characters, or one sign over and over. Never says what it was.
 */
export function readJoinSecret(given: string): string {
  const secret = given.normalize("NFKC").trim();
  const signs = Array.from(secret);
  if (signs.length >= SECRET_CHARACTERS_MIN && new Set(signs).size > 1) return secret;
  throw new PeerError(
    "config-invalid",
    `the join secret is weak: it needs at least ${SECRET_CHARACTERS_MIN} characters`,
    {
      nextStep: "Choose one at random, such as `openssl rand -base64 24` prints, and give every peer the same.",
      details: { characters: signs.length },
    },
  );
}
