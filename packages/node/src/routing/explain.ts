/** A decision for people (`parley route explain`): who may, with the expected time in its parts, and who may not, and by which rule. */
import type { Candidate, Decision } from "./decide.ts";
import { formatRequest } from "./request-text.ts";
import type { Rule } from "./rules.ts";

/** The same for programs: nothing but JSON's values. */
export interface RouteExplanation {
  readonly request: string;
  /** One sentence. */
  readonly outcome: string;
  readonly refusal: { readonly code: string; readonly retryAfterMs: number | null } | null;
  readonly candidates: readonly ExplainedCandidate[];
  readonly excluded: readonly ExplainedExclusion[];
}

export interface ExplainedCandidate {
  readonly peer: string;
  readonly name: string;
  readonly model: string;
  readonly isHere: boolean;
  readonly queueMs: number;
  readonly workMs: number;
  readonly networkMs: number;
  readonly totalMs: number;
  readonly tier: number;
  readonly weight: number;
  readonly score: number;
  /** What the weight comes from. */
  readonly favours: readonly { readonly factor: number; readonly why: string }[];
}

export interface ExplainedExclusion {
  readonly peer: string;
  readonly name: string;
  readonly model: string;
  readonly rule: Rule;
  readonly why: string;
}

export function explain(decision: Decision): RouteExplanation {
  const { request, best, refusal, candidates, excluded } = decision;
  return {
    request: formatRequest(request),
    outcome: outcomeOf(best, refusal?.message),
    refusal: refusal === undefined ? null : { code: refusal.code, retryAfterMs: refusal.retryAfterMs ?? null },
    candidates: candidates.map(({ advert: { peer, name, model }, isHere, expected, tier, weight, score, favours }) => {
      return { peer, name, model, isHere, ...expected, tier, weight, score, favours };
    }),
    excluded: excluded.map(({ advert: { peer, name, model }, rule, why }) => ({ peer, name, model, rule, why })),
  };
}

function outcomeOf(best: Candidate | undefined, refusal: string | undefined): string {
  if (best === undefined) return `Nobody does it: ${refusal ?? "nobody may"}.`;
  const { name, model } = best.advert;
  return `${best.isHere ? "This host" : shown(name)} does it with ${shown(model)}, in about ${duration(best.expected.totalMs)}.`;
}

const HEADINGS = ["candidate", "model", "queue", "work", "network", "total", "weight", "score", "because"] as const;

/** The explanation as text: a table of candidates, and one of those that are left out. */
export function explanationText({ request, outcome, candidates, excluded }: RouteExplanation): string {
  const tiers = new Set(candidates.map(({ tier }) => tier));
  const rows = candidates.map((each) => [
    each.isHere ? `${shown(each.name)} (here)` : shown(each.name),
    shown(each.model),
    ...[each.queueMs, each.workMs, each.networkMs, each.totalMs].map(duration),
    `x${rounded(each.weight)}`,
    rounded(each.score),
    reasons(each, tiers.size > 1),
  ]);
  const others = excluded.map(({ name, model, rule, why }) => [shown(name), shown(model), rule, why]);
  return [
    `${request}: ${outcome}`,
    ...(rows.length === 0 ? [] : ["", ...table([[...HEADINGS], ...rows])]),
    ...(others.length === 0 ? [] : ["", ...table([["left out", "model", "rule", "because"], ...others])]),
  ].join("\n");
}

function reasons({ tier, favours }: ExplainedCandidate, hasTiers: boolean): string {
  const place = !hasTiers ? [] : [tier < 0 ? "has the turn" : `choice ${tier + 1}`];
  return [...place, ...favours.map(({ factor, why }) => `${why} (x${rounded(factor)})`)].join(", ");
}

const CELL_CHARS = 40;

/** Names come from other peers: on one line, and not without end. */
function shown(name: string): string {
  const plain = name.replaceAll(/\p{C}/gu, "?");
  return plain.length > CELL_CHARS ? `${plain.slice(0, CELL_CHARS - 1)}…` : plain;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function duration(ms: number): string {
  return ms < 1_000 ? `${rounded(ms)} ms` : `${rounded(ms / 1_000)} s`;
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
