/** A request made ready to be held against a thousand services: names folded, sizes filled in, the policy beside it. */
import { primaryLanguage } from "@parley/audio/turn";
import type { Fleet } from "./fleet.ts";
import { PATIENCE_MS, USUAL_SIZES } from "./priors.ts";
import type { JobSize, RouteRequest } from "./request.ts";
import { policyRead, type ReadPolicy } from "./standing.ts";

export interface Wish {
  readonly request: RouteRequest;
  readonly isInteractive: boolean;
  /** Primary subtag. */
  readonly language: string | undefined;
  readonly voice: string | undefined;
  readonly model: string | undefined;
  readonly class: string | undefined;
  readonly prefersClass: string | undefined;
  readonly needs: readonly string[];
  readonly prefers: readonly string[];
  readonly size: Required<JobSize>;
  readonly patienceMs: number;
  readonly excluded: ReadonlySet<string>;
  readonly refusedBy: ReadonlySet<string>;
  readonly stayWith: string | undefined;
  readonly turnPeer: string | undefined;
  readonly policy: ReadPolicy;
}

/** What a job asks of a machine that is worth a better one (RT-4). */
const HEAVY_TOKENS = 4_000;
const HEAVY_HARDWARE = ["gpu", "high_mem"];

/** What was asked, under `fleet`'s policy. */
export function wishOf(request: RouteRequest, fleet: Pick<Fleet, "policy">): Wish {
  const { capability, mode = "interactive", language, stickTo } = request;
  const policy = policyRead(fleet.policy, capability);
  const size = sizeOf(request);
  const isHeavy = capability === "llm" && size.promptTokens + size.tokens >= HEAVY_TOKENS;
  const prefers = folded(request.prefers);
  return {
    request,
    isInteractive: mode === "interactive",
    language: language === undefined ? undefined : primaryLanguage(language),
    voice: request.voice?.toLowerCase(),
    model: request.model?.toLowerCase(),
    class: request.class?.toLowerCase(),
    prefersClass: request.prefersClass?.toLowerCase(),
    needs: folded(request.needs),
    prefers: isHeavy ? [...new Set([...prefers, ...HEAVY_HARDWARE])] : prefers,
    size,
    patienceMs: request.patienceMs ?? (mode === "interactive" ? policy.patienceMs : undefined) ?? PATIENCE_MS[mode],
    excluded: new Set(request.exclude),
    refusedBy: new Set(request.refusedBy),
    turnPeer: stickTo?.within === "turn" ? stickTo.peer : undefined,
    stayWith: stickTo?.within === "session" ? stickTo.peer : undefined,
    policy,
  };
}

/** The size of a job; what is not said of it is usual. What is no size counts as not said. */
export function sizeOf({ capability, size = {} }: RouteRequest): Required<JobSize> {
  const usual = USUAL_SIZES[capability];
  const given = (value: number | undefined, otherwise: number): number =>
    value !== undefined && Number.isFinite(value) && value >= 0 ? value : otherwise;
  return {
    audioMs: given(size.audioMs, usual.audioMs),
    characters: given(size.characters, usual.characters),
    promptTokens: given(size.promptTokens, usual.promptTokens),
    tokens: given(size.tokens, usual.tokens),
  };
}

function folded(tags: readonly string[] | undefined): readonly string[] {
  return (tags ?? []).map((tag) => tag.toLowerCase());
}
