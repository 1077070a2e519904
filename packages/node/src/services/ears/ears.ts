/**
 * A peer with ears of its own: a conversation through the host's microphone and loudspeaker, begun anew when a device or an
 * engine has gone away. Nothing is opened before somebody has said so, in the configuration or by `parley ears on`.
 */
import type { Logger } from "pino";
import type { ConversationEvent, LiveConversation } from "@parley/audio/converse";
import type { DeviceEvent } from "@parley/audio/devices";
import { wakeWordsOf, type Config } from "../../config/index.ts";
import { PeerError } from "../../errors.ts";
import { backoffMs, pause, type Backoff } from "../backoff.ts";
import type { Services } from "../services.ts";
import type { OtherRooms } from "../session/notice.ts";
import { Session } from "../session/session.ts";
import { failureOf } from "../stage.ts";
import { EchoLog } from "./echo-log.ts";
import { isRecording } from "./places.ts";
import type { EarsKey, EarsReport, LastHeard, LastTurn } from "./report.ts";
import type { HeardSound, Sound } from "./sound.ts";

export interface HostEarsOptions {
  readonly config: Config;
  readonly services: Services;
  readonly log: Logger;
  readonly backoff?: Backoff;
  /** Where else can be spoken. */
  readonly rooms?: OtherRooms | undefined;
}

/** A device that is plugged in is heard within a second or two; one that is never there costs nothing. */
const BACKOFF: Backoff = { firstMs: 1_000, maxMs: 30_000 };
/** Who has listened for so long was well: the next failure is the first. */
const WELL_MS = 10_000;

/** The ears of one peer. */
export class HostEars {
  readonly #options: HostEarsOptions;
  readonly #session: Session;
  #life: { readonly over: AbortController; readonly ended: Promise<void> } | undefined;
  #state: EarsReport["state"] = "off";
  #live: LiveConversation | undefined;
  #sound: string | undefined;
  #failure: EarsReport["failure"];
  #lastHeard: LastHeard | undefined;
  #lastTurn: LastTurn | undefined;

  constructor(options: HostEarsOptions) {
    this.#options = options;
    const { services, log, rooms } = options;
    const onFailure = (error: unknown): void => log.warn({ ...failureOf(error) }, "something could not be said");
    this.#session = new Session(services, { rooms, onFailure });
  }

  get report(): EarsReport {
    const { config, services } = this.#options;
    return {
      state: this.#state,
      mode: config.ears.mode,
      words: config.ears.mode === "wake" ? wakeWordsOf(config, "ears").map(({ word }) => word) : [],
      sound: this.#sound,
      conversation: this.#live?.state,
      lastHeard: this.#lastHeard,
      lastTurn: this.#lastTurn,
      failure: this.#failure,
      arbitration: {
        others: services.arbitration?.elsewhere.length ?? 0,
        sent: services.arbitration?.sent ?? 0,
        last: services.arbitration?.last,
      },
    };
  }

  /** Opens them; nothing when they are open. */
  open(): void {
    if (this.#life !== undefined) return;
    const over = new AbortController();
    this.#life = { over, ended: this.#listen(over.signal) };
  }

  /** Shuts them: what was being said is dropped, the devices are let go. */
  async shut(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    life.over.abort();
    await life.ended;
    if (this.#life === life) this.#life = undefined;
    this.#state = "off";
    this.#failure = undefined;
  }

  /** Says something that nobody asked for, when it is quiet. False: they do not listen, or there is no loudspeaker. */
  announce(text: string): boolean {
    return this.#session.announce(text);
  }

  /** A key, which needs no wake word. @throws PeerError `ears-shut` */
  key(key: EarsKey): void {
    if (this.#live === undefined) {
      const nextStep = this.#life === undefined ? "Open them: parley ears on." : "See what they wait for: parley ears.";
      throw new PeerError("ears-shut", "the peer does not listen now", { nextStep });
    }
    this.#live[key]();
  }

  /** Never rejects. */
  async #listen(signal: AbortSignal): Promise<void> {
    const { log, backoff = BACKOFF } = this.#options;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const beganMs = performance.now();
      try {
        await this.#converse(signal);
        if (signal.aborted) return;
        this.#state = "over";
        this.#life = undefined;
        return log.info("the recording that the ears listened to is over");
      } catch (error) {
        if (signal.aborted) return;
        if (performance.now() - beganMs > WELL_MS) failures = 0;
        const failure = failureOf(error);
        // Each attempt fails alike: said once, until something else is wrong.
        if (this.#failure?.message !== failure.message)
          log.warn({ ...failure }, "the ears cannot listen; trying again");
        this.#failure = failure;
        this.#state = "waiting";
        await pause(backoffMs(backoff, failures, Math.random()), signal);
      }
    }
  }

  /** One conversation, to its end. @throws AudioError, PeerError of devices and engines */
  async #converse(signal: AbortSignal): Promise<void> {
    const { config, log } = this.#options;
    this.#state = this.#failure === undefined ? "opening" : "waiting";
    const over = new AbortController();
    const ending = AbortSignal.any([signal, over.signal]);
    const onDevice = (what: string, event: DeviceEvent): void => this.#onDevice(what, event);
    let sound: Sound | undefined;
    try {
      // Most peers have no ears: they load nothing of this.
      const [{ openSound }, { soundChoice }] = await Promise.all([import("./sound.ts"), import("./choice.ts")]);
      sound = await openSound(soundChoice(config.ears, onDevice), { onDevice }, ending);
      this.#sound = sound.name;
      const live = await this.#begin(sound, ending);
      for await (const event of live.events) this.#note(event, live);
      if (!isRecording(config.ears.source) && !signal.aborted) throw endedEarly(sound.name);
    } finally {
      this.#live = undefined;
      over.abort();
      await sound?.close().catch((error: unknown) => log.warn({ err: error }, "a device could not be closed"));
    }
  }

  #begin(sound: Sound, signal: AbortSignal): Promise<LiveConversation> {
    const { mode, interruptions, language, follow_up_ms, preference } = this.#options.config.ears;
    const echo = new EchoLog();
    return this.#session.converse(noted(sound.microphone, echo), {
      mode,
      input: "ears",
      preference,
      interruptions,
      followUpMs: follow_up_ms,
      ...(language === "" ? {} : { language }),
      playback: sound.playback,
      echo: echo.between.bind(echo),
      signal,
    });
  }

  #note(event: ConversationEvent, live: LiveConversation): void {
    const { log } = this.#options;
    switch (event.type) {
      case "state":
        if (this.#live === live) return;
        this.#live = live;
        this.#state = "listening";
        this.#failure = undefined;
        return log.info({ sound: this.#sound, ...this.#openness }, "the ears listen");
      case "wake":
        this.#lastHeard = { word: event.word, atMs: Date.now(), outcome: undefined };
        return;
      case "turn":
        this.#lastTurn = { atMs: Date.now(), outcome: event.outcome };
        if (this.#lastHeard?.outcome === undefined && this.#lastHeard !== undefined) {
          this.#lastHeard = { ...this.#lastHeard, outcome: event.outcome };
        }
        return log.info(
          { turn: event.turn, outcome: event.outcome, heardMs: event.heardMs, firstAudioMs: event.firstAudioMs },
          "a turn of the ears ended",
        );
      case "problem":
        return log.warn({ turn: event.turn, stage: event.stage, ...failureOf(event.error) }, "a turn met a problem");
      default:
        return;
    }
  }

  get #openness(): { readonly mode: string; readonly words: string } {
    const { mode, words } = this.report;
    return { mode, words: words.join(", ") };
  }

  #onDevice(what: string, event: DeviceEvent): void {
    const { log } = this.#options;
    // Without a loudspeaker it still hears.
    const isDeaf = what === "microphone";
    if (event.type === "back") {
      this.#failure = undefined;
      if (isDeaf) this.#state = "listening";
      return log.info({ device: what }, "a device of the ears is back");
    }
    this.#failure = failureOf(event.error);
    if (isDeaf) this.#state = "waiting";
    log.warn({ device: what, ...this.#failure }, "a device of the ears is gone; trying again");
  }

  async close(): Promise<void> {
    await this.shut();
    await this.#session.close();
  }
}

/** The sound, once it is written down how much of it is our own. */
async function* noted(microphone: AsyncIterable<HeardSound>, log: EchoLog): AsyncGenerator<Float32Array> {
  for await (const { samples, echo = 0 } of microphone) {
    log.push(samples.length, echo);
    yield samples;
  }
}

function endedEarly(sound: string): PeerError {
  return new PeerError("ears-shut", `nothing more came from ${sound}`, { nextStep: "It is opened again by itself." });
}
