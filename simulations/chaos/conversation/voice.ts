/** How a client says what it has to say: in tones, which test ears understand, or as the house itself speaks, for real ears. */
import { toSpeech, type Pcm } from "@parley/audio/format";
import { spokenInTones } from "@parley/audio/testing";
import type { ParleyClient } from "@parley/sdk";
import type { Schedule } from "./schedule.ts";
import { WORDS } from "./words.ts";

const SAY_MS = 120_000;

/** Mono at 16 kHz. */
export type Voice = (text: string) => Float32Array;

export function tones(text: string): Float32Array {
  return spokenInTones(text, WORDS);
}

/** All that is to be said in a run, spoken by the house before anybody is hurt. */
export async function houseVoice(client: ParleyClient, { turns }: Schedule): Promise<Voice> {
  const spoken = new Map<string, Float32Array>();
  const said = turns.filter(({ kind }) => kind !== "say" && kind !== "ask").map(({ text }) => text);
  for (const text of new Set(said)) spoken.set(text, await spokenBy(client, text));
  return (text) => {
    const sound = spoken.get(text);
    if (sound === undefined) throw new Error(`nobody has spoken «${text}»`);
    return sound;
  };
}

async function spokenBy(client: ParleyClient, text: string): Promise<Float32Array> {
  const pieces: Float32Array[] = [];
  for await (const piece of toSpeech(soundOf(client, text))) pieces.push(piece);
  const whole = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

async function* soundOf(client: ParleyClient, text: string): AsyncGenerator<Pcm> {
  for await (const event of client.say(`${text}.`, { signal: AbortSignal.timeout(SAY_MS) })) {
    if (event.type === "audio") yield { samples: event.samples, sampleRateHz: event.sampleRateHz };
  }
}
