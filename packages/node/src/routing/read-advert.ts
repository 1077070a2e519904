/** An advert as it comes from another peer: whatever that is, what comes out is one, or nothing. */
import {
  CAPABILITIES,
  type Advert,
  type AdvertisedVoice,
  type Mode,
  type ModelMemory,
  type Power,
  type Reach,
  type Speed,
} from "./advert.ts";
import { FIRST_JOB_VERSIONS, type JobVersions } from "./job-versions.ts";

const MOST_CHARS = 200;
const MOST_ITEMS = 128;
const MOST_VOICES = 1_024;
/** Beyond it a number says nothing of a real machine. */
const MOST = 1e15;

/** Undefined: it is no advert. What is wrong with a part that may be absent leaves that part away. Never throws. */
export function readAdvert(value: unknown): Advert | undefined {
  try {
    return isRecord(value) ? advertIn(value) : undefined;
  } catch {
    // A getter or a proxy that throws is no advert either.
    return undefined;
  }
}

type Given = Readonly<Record<string, unknown>>;

function advertIn(given: Given): Advert | undefined {
  const { peer, name, capability: named, model, speed, memory, power, reach } = given;
  const capability = CAPABILITIES.find((each) => each === named);
  const [concurrency, running, queued] = [size(given["concurrency"]), size(given["running"]), size(given["queued"])];
  if (!isName(peer) || !isName(name) || !isName(model) || capability === undefined) return undefined;
  if (concurrency === undefined || running === undefined || queued === undefined) return undefined;
  const voices = voicesIn(given["voices"]);
  const languages = namesIn(given["languages"]);
  const modes = modesIn(given["modes"]);
  const [classes, hardware] = [namesIn(given["classes"]), namesIn(given["hardware"])];
  if (languages === undefined || modes === undefined || classes === undefined) return undefined;
  if (hardware === undefined || voices === undefined) return undefined;
  return {
    peer,
    name,
    capability,
    model,
    languages,
    voices,
    modes,
    classes,
    concurrency,
    running,
    queued,
    speed: isRecord(speed) ? speedIn(speed) : {},
    hardware,
    power: isPower(power) ? power : "unknown",
    ...some("queueCapacity", size(given["queueCapacity"])),
    ...some("backlogMs", size(given["backlogMs"])),
    ...some("demand", size(given["demand"])),
    ...some("busyElsewhere", share(given["busyElsewhere"])),
    ...some("memory", isRecord(memory) ? memoryIn(memory) : undefined),
    // Whoever says something that is unknown here may mean further than the house.
    ...some("reach", reach === undefined ? undefined : isReach(reach) ? reach : "outside"),
    jobs: jobsIn(given["jobs"]),
  };
}

/** Whoever does not say it, or not so that it can be read, is taken for one of the first. */
function jobsIn(value: unknown): JobVersions {
  if (!isRecord(value)) return FIRST_JOB_VERSIONS;
  const { oldest, newest } = value;
  return isVersion(oldest) && isVersion(newest) && oldest <= newest ? { oldest, newest } : FIRST_JOB_VERSIONS;
}

function isVersion(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

function speedIn(given: Given): Speed {
  const keys = ["firstResultMs", "realTimeFactor", "msPerCharacter"] as const;
  const rates = ["tokensPerSecond", "promptTokensPerSecond"] as const;
  return {
    ...Object.assign({}, ...keys.map((key) => some(key, size(given[key])))),
    ...Object.assign({}, ...rates.map((key) => some(key, size(given[key]) === 0 ? undefined : size(given[key])))),
  };
}

/** All of it or nothing: what a model needs beside an unknown rest cannot be held against it. */
function memoryIn(given: Given): ModelMemory | undefined {
  const { isLoaded } = given;
  const [modelBytes, bytesPerToken] = [size(given["modelBytes"]), size(given["bytesPerToken"])];
  const freeBytes = size(given["freeBytes"]);
  if (typeof isLoaded !== "boolean" || modelBytes === undefined) return undefined;
  if (bytesPerToken === undefined || freeBytes === undefined) return undefined;
  return { isLoaded, modelBytes, bytesPerToken, freeBytes };
}

function voicesIn(value: unknown): readonly AdvertisedVoice[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_VOICES) return undefined;
  return value.filter(isRecord).flatMap(({ name, language }) => {
    return isName(name) && isName(language) ? [{ name, language }] : [];
  });
}

function namesIn(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_ITEMS) return undefined;
  return value.every(isName) ? [...value] : undefined;
}

/** None at all means both: whoever takes only what is unknown here takes neither. */
function modesIn(value: unknown): readonly Mode[] | undefined {
  const names = namesIn(value);
  const modes = names?.filter(isMode);
  return names !== undefined && names.length > 0 && modes?.length === 0 ? undefined : modes;
}

function some<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the very key and its value
  return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
}

function isRecord(value: unknown): value is Given {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MOST_CHARS;
}

function size(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 && value <= MOST ? value : undefined;
}

function share(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 && value <= 1 ? value : undefined;
}

function isMode(value: string): value is Mode {
  return value === "interactive" || value === "batch";
}

function isPower(value: unknown): value is Power {
  return value === "mains" || value === "battery" || value === "unknown";
}

function isReach(value: unknown): value is Reach {
  return value === "host" || value === "house" || value === "outside";
}
