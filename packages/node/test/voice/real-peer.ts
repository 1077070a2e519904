/** A whole peer on real engines and a scripted language model, and somebody who talks with it, in real time. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { EngineHost } from "@parley/audio/engines";
import { startEngineHost } from "@parley/audio/engines";
import { joinedSounds, speechLabels } from "@parley/audio/testing";
import { connect, type ParleyClient, type TalkOptions } from "@parley/sdk";
import { modelsWith, VOICE_MODELS, withVoices } from "../../bench/voice/material.ts";
import type { FlagValues } from "../../src/config/index.ts";
import type { EngineName } from "../../src/services/stage.ts";
import type { EngineSource } from "../../src/services/engine-source.ts";
import { modelSources, type EngineSources } from "../../src/services/engine-sources.ts";
import { modelStoreFor } from "../../src/services/model-store.ts";
import { fixedDelayLlmHost, LiveMicrophone, LiveSpeaker, TalkListener } from "../../src/testing/index.ts";
import type { ScriptedLlm } from "../../src/testing/index.ts";
import { createPeer, temporaryFolder, testConfig, type Peer } from "../support.ts";

const NEEDED = ["vad/silero-v5", "stt/moonshine-tiny-en-q8", ...VOICE_MODELS];

/** Whether the models are there; the reason is printed when not. */
export function hasRealEngines(...more: readonly string[]): boolean {
  const models = process.env["PARLEY_MODELS"];
  const missing = [...NEEDED, ...more].filter((path) => models === undefined || !existsSync(join(models, path)));
  if (missing.length > 0) console.log(`skipped: set PARLEY_MODELS to a folder that holds ${missing.join(", ")}`);
  return missing.length === 0;
}

/** A peer with its engines' processes at hand. */
export interface RealPeer extends AsyncDisposable {
  readonly peer: Peer;
  readonly client: ParleyClient;
  /** Every process that was started for an engine, the newest last. */
  readonly hosts: ReadonlyMap<EngineName, readonly EngineHost[]>;
}

/** Starts one. It is closed, and its home removed, with the block that uses it. */
export async function realPeer(llm: ScriptedLlm, flags: FlagValues = {}): Promise<RealPeer> {
  const home = await temporaryFolder();
  const config = testConfig(home.path, { "models.folder": modelsWith(...NEEDED)("."), ...flags });
  const hosts = new Map<EngineName, EngineHost[]>();
  const real = modelSources(config, modelStoreFor(config));
  const scripted: EngineSource = {
    choose: async () => "scripted-test-llm",
    fetch: async () => (signal) => startEngineHost({ ...fixedDelayLlmHost(llm), signal }),
  };
  const sources = observed({ ...real, llm: scripted }, (name, host) => {
    hosts.set(name, [...(hosts.get(name) ?? []), host]);
  });
  const peer = await createPeer({ config, patient: true, sources });
  const client = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
  return {
    peer,
    client,
    hosts,
    [Symbol.asyncDispose]: async () => {
      client.close();
      await peer.close();
      await home.remove();
    },
  };
}

function observed(sources: EngineSources, onHost: (name: EngineName, host: EngineHost) => void): EngineSources {
  const seen = (name: EngineName, source: EngineSource): EngineSource => ({
    choose: () => source.choose(),
    fetch: async (model, options) => {
      const start = await source.fetch(model, options);
      return async (signal) => {
        const host = await start(signal);
        onHost(name, host);
        return host;
      };
    },
  });
  const { vad, stt, tts, llm, wake } = sources;
  const all = { vad: seen("vad", vad), stt: seen("stt", stt), tts: seen("tts", tts), llm: seen("llm", llm) };
  return wake === undefined ? all : { ...all, wake: seen("wake", wake) };
}

/** The process that an engine runs in now. @throws Error when it was never started */
export function pidOf({ hosts }: Pick<RealPeer, "hosts">, name: EngineName): number {
  const host = hosts.get(name)?.at(-1);
  if (host === undefined) throw new Error(`the ${name} engine was never started`);
  return host.status().pid;
}

/** One conversation under way. */
export interface Talk {
  readonly microphone: LiveMicrophone;
  readonly speaker: LiveSpeaker;
  readonly listener: TalkListener;
  /** Nothing is said for so long. */
  rest(ms: number): Promise<unknown>;
  /** Switches the microphone off and waits for the end. @throws what the conversation ended with */
  end(): Promise<void>;
}

/** How somebody talks; `inText`: answers are not spoken. */
export interface TalkManner extends Omit<TalkOptions, "speaker"> {
  readonly inText?: boolean;
}

/** Begins one; resolves when somebody listens. */
export async function talkWith(client: ParleyClient, { inText, ...options }: TalkManner = {}): Promise<Talk> {
  const microphone = new LiveMicrophone({ room: quietRoom() });
  const speaker = new LiveSpeaker();
  const listener = new TalkListener(
    client.talk(microphone.blocks, inText === true ? options : { ...options, speaker }),
  );
  await listener.until("open ears", () => listener.of("state")[0], 120_000);
  return {
    microphone,
    speaker,
    listener,
    rest: (ms) => microphone.say(new Float32Array(16 * ms)),
    end: async () => {
      microphone.end();
      const error = await listener.over;
      if (error !== undefined) throw error;
    },
  };
}

/** No room is without any sound. */
function quietRoom(): (samples: number) => Float32Array {
  let state = 1;
  return (samples) =>
    Float32Array.from({ length: samples }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return 0.0006 * (state / 2_147_483_647 - 0.5);
    });
}

/** What somebody says: words, and pauses of so many milliseconds between them. */
export type Line = readonly (string | number)[];

/** The lines in one voice, 16 kHz mono, without silence before or behind. */
export async function spoken(voice: string, lines: readonly Line[]): Promise<readonly Float32Array[]> {
  return withVoices(modelsWith(...VOICE_MODELS), async (speak) => {
    const sounds: Float32Array[] = [];
    for (const line of lines) {
      const parts: Float32Array[] = [];
      for (const part of line) {
        parts.push(typeof part === "number" ? new Float32Array(16 * part) : trimmed(await speak(part, voice)));
      }
      sounds.push(joinedSounds(parts));
    }
    return sounds;
  });
}

/** From the first sound of speech to the last. */
function trimmed(clip: Float32Array): Float32Array {
  const frame = 160;
  const labels = speechLabels(clip, frame, 0);
  return clip.subarray(Math.max(0, labels.indexOf(true)) * frame, (labels.lastIndexOf(true) + 1) * frame);
}
