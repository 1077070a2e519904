/** What can be wished for in the work of a peer, and how it is said to it. */
import type { Privacy } from "../protocol/privacy.ts";

/** Options of all requests. */
export interface WorkOptions {
  readonly signal?: AbortSignal;
  /**
   * `host`: nothing of it leaves the machine of the peer that this client is connected to. `house`: nothing leaves the machines of
   * the house. As set there when absent; what is set there is never loosened.
   */
  readonly privacy?: Privacy;
}
/** Who speaks, and how. */
export interface VoiceOptions extends WorkOptions {
  readonly voice?: string;
  readonly speed?: number;
  /** BCP 47 tag: a voice that speaks it, where none is named. */
  readonly language?: string;
  /** `opus`: sound comes as `opus` events, a twelfth of the bytes; an older peer sends samples all the same. */
  readonly audio?: "pcm" | "opus";
}
/** Options of {@link ParleyClient.say}. */
export interface SayOptions extends VoiceOptions {
  /** The text is a whole SSML document. */
  readonly ssml?: boolean;
  /** The text is the same for everybody and no secret: its sound may be kept on the peer's disk. */
  readonly keep?: boolean;
}
/** How speech is heard. */
export interface HearingOptions {
  /** `command`: plain words, likely ones put right. `dictation`: marks are spoken. Sentences as they are said when absent. */
  readonly hearing?: "command" | "dictation";
  /** Names and words that are likely: at most 100, each of at most 64 characters. */
  readonly hotWords?: readonly string[];
}
/** Options of {@link ParleyClient.listen}. */
export interface ListenOptions extends WorkOptions, HearingOptions {
  /** BCP 47 tag of what is spoken. */
  readonly language?: string;
  /** `live`: skipped when behind; `every`: at fixed points of the audio; `off`. */
  readonly partials?: "live" | "every" | "off";
}
/** Options of {@link ParleyClient.ask}. */
export interface AskOptions extends VoiceOptions, ListenOptions {
  /** Also speak the answer. */
  readonly speak?: boolean;
}

/** Parameters of `ask`, but for its input. */
export function askParameters(options: AskOptions): Readonly<Record<string, unknown>> {
  return { speak: options.speak ?? false, ...voiceOf(options), ...hearingOf(options), ...privacyOf(options) };
}

/** Parameters of `listen`. */
export function listenParameters(options: ListenOptions): Readonly<Record<string, unknown>> {
  const { language } = options;
  const spoken = language === undefined ? {} : { language };
  return { ...partialsOf(options), ...hearingOf(options), ...spoken, ...privacyOf(options) };
}

/** Parameters of `say`. */
export function sayParameters(text: string, options: SayOptions): Readonly<Record<string, unknown>> {
  const { ssml = false, keep = false } = options;
  return {
    text,
    ...(ssml ? { format: "ssml" } : {}),
    ...(keep ? { keep } : {}),
    ...voiceOf(options),
    ...privacyOf(options),
  };
}

export function partialsOf({ partials }: ListenOptions): Pick<ListenOptions, "partials"> {
  return partials === undefined ? {} : { partials };
}

export function privacyOf({ privacy }: { readonly privacy?: Privacy | undefined }): Pick<WorkOptions, "privacy"> {
  return privacy === undefined ? {} : { privacy };
}

function hearingOf({ hearing, hotWords }: HearingOptions): { hearing?: "command" | "dictation"; hotWords?: string[] } {
  return {
    ...(hearing === undefined ? {} : { hearing }),
    ...(hotWords === undefined ? {} : { hotWords: [...hotWords] }),
  };
}

function voiceOf({ voice, speed, language, audio }: VoiceOptions): Omit<VoiceOptions, "signal" | "privacy"> {
  return {
    ...(voice === undefined ? {} : { voice }),
    ...(speed === undefined ? {} : { speed }),
    ...(language === undefined ? {} : { language }),
    ...(audio === undefined ? {} : { audio }),
  };
}

/** What somebody belongs to, as it is said to a peer. */
export function copyOf({
  groups,
  channels,
}: {
  readonly groups?: readonly string[];
  readonly channels?: readonly string[];
}) {
  return {
    ...(groups === undefined ? {} : { groups: [...groups] }),
    ...(channels === undefined ? {} : { channels: [...channels] }),
  };
}
