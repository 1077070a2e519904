/** The hard rules: what a service must not be asked, however fast it is. */
import type { Advert } from "./advert.ts";
import type { Entry } from "./entry.ts";
import type { BreakerView, Fleet } from "./fleet.ts";
import { OLDEST_JOBS_VERSION, OWN_JOB_VERSIONS, speaksAlike, type JobVersions } from "./job-versions.ts";
import { fitsMemory } from "./memory.ts";
import { isModel, standingOf } from "./standing.ts";
import type { Wish } from "./wish.ts";

/** In the order in which they are looked at: what must never be comes first. */
export const RULES = [
  "privacy",
  "policy",
  "version",
  "excluded",
  "model",
  "language",
  "voice",
  "mode",
  "class",
  "hardware",
  "memory",
  "stopped",
  "unreachable",
  "breaker",
  "busy",
] as const;
export type Rule = (typeof RULES)[number];

/** What concerns a service now, beside what it says itself. */
export interface Circumstances {
  readonly roundTripMs: number;
  /** How long it waits for what is known; what others may have sent since is no reason to refuse it. */
  readonly knownQueueMs: number;
  readonly breaker: BreakerView | undefined;
}

/** The first rule that forbids it; undefined: it may be asked. */
export function ruleAgainst(wish: Wish, entry: Entry, fleet: Fleet, now: Circumstances): Rule | undefined {
  return ruleAgainstEver(wish, entry, fleet) ?? ruleAgainstNow(wish, entry, now);
}

function ruleAgainstEver(wish: Wish, entry: Entry, fleet: Fleet): Rule | undefined {
  const { advert } = entry;
  const { privacy } = wish.request;
  if (privacy === "host" && !staysHere(entry, fleet)) return "privacy";
  if (privacy === "house" && advert.reach === "outside") return "privacy";
  if (wish.policy.localOnly && !staysHere(entry, fleet)) return "policy";
  if (wish.policy.preferredOnly && standingOf(wish.policy, entry, fleet.self).tier === wish.policy.prefer.length)
    return "policy";
  if (!isUnderstood(advert, fleet.self)) return "version";
  if (wish.excluded.size > 0 && wish.excluded.has(advert.peer)) return "excluded";
  if (wish.model !== undefined && !isModel(entry.model, wish.model)) return "model";
  if (wish.language !== undefined && entry.languages?.has(wish.language) === false) return "language";
  if (wish.voice !== undefined && !speaksAs(entry, wish.voice, wish.language)) return "voice";
  if (advert.modes.length > 0 && !advert.modes.includes(wish.isInteractive ? "interactive" : "batch")) return "mode";
  if (wish.class !== undefined && entry.classes.size > 0 && !entry.classes.has(wish.class)) return "class";
  if (wish.needs.length > 0 && !wish.needs.every((tag) => entry.hardware.has(tag))) return "hardware";
  if (advert.memory !== undefined && !fitsMemory(advert.memory, wish.size.promptTokens + wish.size.tokens))
    return "memory";
  return undefined;
}

function ruleAgainstNow(
  wish: Wish,
  entry: Entry,
  { roundTripMs, knownQueueMs, breaker }: Circumstances,
): Rule | undefined {
  if (!(entry.concurrency > 0)) return "stopped";
  if (!Number.isFinite(roundTripMs)) return "unreachable";
  if (breaker !== undefined && !lets(breaker)) return "breaker";
  if (wish.refusedBy.size > 0 && wish.refusedBy.has(entry.advert.peer)) return "busy";
  // Whoever has the turn is asked: what it says it has to do may be that very turn.
  if (wish.turnPeer === entry.advert.peer) return undefined;
  if (entry.isFull || knownQueueMs > wish.patienceMs) return "busy";
  return undefined;
}

/** Nothing of it leaves the machine that decides. */
function staysHere({ advert }: Entry, { self }: Fleet): boolean {
  return advert.peer === self && (advert.reach ?? "host") === "host";
}

/** Whether jobs can be given to it; its own engine is given none by messages. */
export function isUnderstood({ peer, jobs }: Pick<Advert, "peer" | "jobs">, self: string): boolean {
  return peer === self || jobs === undefined || speaksAlike(jobs);
}

function speaksAs({ voices }: Entry, name: string, language: string | undefined): boolean {
  const voice = voices.get(name);
  if (voice === undefined) return false;
  const spoken = voice.language.toLowerCase();
  return language === undefined || spoken === "mul" || spoken.split(/[-_]/u, 1)[0] === language;
}

function lets(breaker: BreakerView): boolean {
  return breaker.state === "closed" || (breaker.state === "half-open" && !breaker.isTried);
}

/** Why `rule` forbids a service, in words for people. */
export function whyNot(rule: Rule, wish: Wish, { advert, hardware }: Entry, now: Circumstances, nowMs: number): string {
  const { request, policy } = wish;
  switch (rule) {
    case "privacy":
      return request.privacy === "host" ? "it must not leave this host" : "it must not leave the house";
    case "policy":
      return policy.localOnly
        ? `the policy keeps all ${advert.capability} on this host`
        : `the policy names others for ${advert.capability}, and nobody else`;
    case "version":
      return otherVersionWords(advert.jobs ?? OWN_JOB_VERSIONS);
    case "excluded":
      return "it has failed at this just now";
    case "model":
      return `it has ${advert.model}, not ${request.model}`;
    case "language":
      return `it knows ${listed(advert.languages.length > 0 ? advert.languages : advert.voices.map(({ language }) => language))}, not ${request.language}`;
    case "voice":
      return `it has no voice ${request.voice}${request.language === undefined ? "" : ` for ${request.language}`}`;
    case "mode":
      return `it takes ${listed(advert.modes)} work only`;
    case "class":
      return `it is meant for ${listed(advert.classes)}, not ${request.class}`;
    case "hardware":
      return `it has no ${listed(wish.needs.filter((tag) => !hardware.has(tag)))}`;
    case "memory":
      return "its memory is too small for the model and what it has to read and write";
    case "stopped":
      return "it takes no work now";
    case "unreachable":
      return "there is no way to it now";
    case "breaker":
      return brokenWords(now.breaker, nowMs);
    case "busy":
      if (wish.refusedBy.has(advert.peer)) return "it has just had no room for this";
      return now.knownQueueMs > wish.patienceMs
        ? `it could begin in ${seconds(now.knownQueueMs)}, and ${seconds(wish.patienceMs)} are waited at most`
        : "as many wait for it as may wait";
  }
}

function otherVersionWords(theirs: JobVersions): string {
  const older = theirs.newest < OLDEST_JOBS_VERSION ? "it is" : "this peer is";
  return `it speaks ${versions(theirs)} of what engines are told, this peer ${versions(OWN_JOB_VERSIONS)}: ${older} to be upgraded`;
}

function versions({ oldest, newest }: JobVersions): string {
  return oldest === newest ? `version ${newest}` : `versions ${oldest} to ${newest}`;
}

function brokenWords(breaker: BreakerView | undefined, nowMs: number): string {
  if (breaker?.state === "half-open") return "another job tries whether it works again";
  if (breaker?.state !== "open") return "it has failed too often";
  const times = breaker.failures === 1 ? "once" : `${breaker.failures} times in a row`;
  return `it has failed ${times} and is asked again in ${seconds(Math.max(0, breaker.untilMs - nowMs))}`;
}

const LISTED_MOST = 6;

function listed(items: readonly string[]): string {
  const unique = [...new Set(items)];
  const more = unique.length > LISTED_MOST ? ", …" : "";
  return `${unique.slice(0, LISTED_MOST).join(", ")}${more}`;
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${Number((ms / 1_000).toPrecision(3))} s`;
}
