import type { NpmPackage } from "../types.ts";

/** Why a source did not deliver. */
export interface SourceFailure {
  readonly reason: string;
  /** What the server answered, when that was final. */
  readonly status?: number;
  /** What a person can do about a registry's refusal. */
  readonly nextStep?: string;
}

/** What a registry's refusal means in npm's words; nothing for other failures. */
export function refusedBy(
  registry: string,
  { name, version }: NpmPackage,
  status: number | undefined,
): Partial<SourceFailure> {
  if (status === 404) {
    return {
      reason: `the registry ${registry} does not have ${name}@${version}`,
      nextStep:
        "Set another registry that has the package: PARLEY_MODELS_REGISTRY, models.registry, or npm's `registry`.",
    };
  }
  if (status === 401 || status === 403) {
    return {
      reason: `the registry ${registry} does not give ${name}@${version} to this user (${status})`,
      nextStep: `Log in (npm login --registry=${registry}) or put the registry's _authToken into your .npmrc, then try again.`,
    };
  }
  return {};
}

/** What a person can do when no source delivered. */
export function nextStepFor(failures: readonly SourceFailure[], problems: readonly string[]): string {
  const refused = failures.find(({ nextStep }) => nextStep !== undefined)?.nextStep;
  const network =
    "Check the network (npm's registry, proxy and cafile are used; `npm ping` tries them) and try again: it resumes.";
  return [...problems.map((problem) => `${problem}.`), refused ?? network].join(" ");
}
