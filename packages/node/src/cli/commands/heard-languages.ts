/** Whether a peer's recogniser knows the language that it is said to hear. */
import { CATALOGUE } from "@parley/audio/models";
import { primaryLanguage } from "@parley/audio/turn";
import { ParleyError, type ParleyClient } from "@parley/sdk";
import * as z from "zod";

const statusSchema = z.object({
  services: z.object({ stt: z.object({ model: z.optional(z.string()) }) }),
});

/** A warning for people when the recogniser in use knows other languages only; undefined when it is not known what it knows. */
export async function languageWarning(
  client: Pick<ParleyClient, "status">,
  language: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const status = statusSchema.safeParse(await client.status({ signal }).catch(unlessDenied));
  return status.success ? unknownTo(status.data.services.stt.model, language) : undefined;
}

/** A guest is not told who recognises, and heard all the same. */
function unlessDenied(error: unknown): undefined {
  if (error instanceof ParleyError && error.remoteCode === "AUTHORIZATION_DENIED") return undefined;
  throw error;
}

/** The warning about `model`. Servers, and models that are not in the catalogue, do not say what they know. */
export function unknownTo(model: string | undefined, language: string): string | undefined {
  const languages = CATALOGUE.find(({ name }) => name === model)?.languages ?? [];
  if (languages.length === 0 || languages.some((known) => primaryLanguage(known) === primaryLanguage(language)))
    return undefined;
  return `warning: ${model} does not know ${language}; it recognises ${languages.join(", ")}.`;
}
