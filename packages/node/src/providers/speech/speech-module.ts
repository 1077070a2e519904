/**
 * Engine module: a voice on a server that speaks OpenAI's speech API (`POST /audio/speech`, `response_format: "pcm"`: samples of
 * 16 bits, little-endian, mono, 24 kHz, without a header, streamed as they come to be). Method `synthesize`, as of the local
 * voices: who plays it, and whether it is interrupted, stays here.
 */
import { AudioError, isAudioError } from "@parley/audio";
import { checked, type Engine, type JobIo } from "@parley/audio/engines";
import { z } from "zod";
import { speechOptions, type SpeechOptions } from "./options.ts";

const SAMPLE_RATE_HZ = 24_000;
/** The API takes 4096 characters. */
const MAX_INPUT_CHARS = 4000;
/** Of one request: ten minutes of sound; a server that goes on is not answering us. */
const MAX_BYTES = 10 * 60 * SAMPLE_RATE_HZ * 2;
/** Of an error's text, so much is told. */
const TOLD_CHARS = 200;

const synthesizeParams = z.object({
  text: z.string().max(100_000),
  voice: z.string().optional(),
  speed: z.number().min(0.5).max(2).default(1),
});

/** Asks the server for nothing yet. See `EngineModule`. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(speechOptions, given, "options of the speech server");
  const { model, voices } = options;
  return {
    info: { id: `remote:${model}`, sampleRateHz: SAMPLE_RATE_HZ, voices },
    methods: {
      synthesize: async (params, io) => {
        const { text, voice = voices[0]?.name, speed } = checked(synthesizeParams, params, "parameters of synthesize");
        for (const input of piecesOf(text)) await say({ input, voice, speed }, options, io);
        return {};
      },
    },
  };
}

interface Request {
  readonly input: string;
  readonly voice: string | undefined;
  readonly speed: number;
}

async function say(request: Request, options: SpeechOptions, io: JobIo): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), options.silenceMs);
  try {
    const response = await fetch(`${options.url.replace(/\/+$/u, "")}/audio/speech`, {
      method: "POST",
      redirect: "error",
      headers: {
        "content-type": "application/json",
        ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
      },
      body: JSON.stringify({ model: options.model, response_format: "pcm", ...request }),
      signal: AbortSignal.any([io.signal, silence.signal]),
    });
    if (!response.ok) throw refused(response.status, await beginningOf(response), options.key !== undefined);
    const decoder = new Pcm16Decoder(response.headers.get("content-type") ?? "");
    for await (const bytes of response.body ?? []) {
      clearTimeout(timer);
      const samples = decoder.push(bytes);
      // The listener may be slow; that is not the server's fault.
      if (samples.length > 0) await io.emit(samples);
      timer = setTimeout(() => silence.abort(), options.silenceMs);
    }
    decoder.end();
  } catch (error) {
    if (io.signal.aborted || isAudioError(error)) throw error;
    throw silence.signal.aborted ? silent(options.silenceMs) : unreachable(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Bytes that come in pieces of any length as samples. */
class Pcm16Decoder {
  #rest = new Uint8Array();
  #bytes = 0;
  readonly #type: string;

  constructor(type: string) {
    this.#type = type;
    if (/json|html|mpeg|mp3|opus|ogg|flac|aac/iu.test(type)) throw notPcm(type);
  }

  push(piece: Uint8Array): Float32Array {
    const isFirst = this.#bytes === 0;
    this.#bytes += piece.length;
    if (this.#bytes > MAX_BYTES) throw tooMuch();
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    if (isFirst && bytes.length >= 4 && String.fromCharCode(...bytes.subarray(0, 4)) === "RIFF")
      throw notPcm("audio/wav");
    const count = Math.floor(bytes.length / 2);
    this.#rest = bytes.slice(2 * count);
    const view = new DataView(bytes.buffer);
    return Float32Array.from({ length: count }, (_, index) => view.getInt16(2 * index, true) / 32_768);
  }

  /** @throws AudioError when the answer was no sound. */
  end(): void {
    if (this.#bytes === 0 || this.#rest.length > 0) throw notPcm(this.#type, this.#bytes);
  }
}

/** `text` in pieces that the API takes, cut at white space where there is some. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (rest.length > MAX_INPUT_CHARS) {
    const space = rest.lastIndexOf(" ", MAX_INPUT_CHARS);
    const at = space > 0 ? space : MAX_INPUT_CHARS;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...pieces, rest].filter((piece) => /[\p{L}\p{N}]/u.test(piece));
}

async function beginningOf(response: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > TOLD_CHARS) break;
  }
  return text.replaceAll(/\s+/gu, " ").trim().slice(0, TOLD_CHARS);
}

function refused(status: number, told: string, hasKey: boolean): AudioError {
  const why = told === "" ? "" : `: ${told}`;
  const isKey = status === 401 || status === 403;
  const nextStep = isKey
    ? hasKey
      ? "Check the key in PARLEY_SPEECH_KEY."
      : "Put the server's key into PARLEY_SPEECH_KEY."
    : status === 404
      ? "Check voice.remote_url: it ends in /v1 with most servers."
      : status === 429 || status >= 500
        ? "Try again later, or set voice.provider to embedded."
        : "Check voice.remote_model and voice.remote_voices against what the server has.";
  return new AudioError("engine-failed", `the speech server answered ${status}${why}`, {
    nextStep,
    details: { status },
  });
}

function notPcm(type: string, bytes?: number): AudioError {
  const what = bytes === undefined ? type : `${bytes} bytes of ${type === "" ? "no type" : type}`;
  return new AudioError("engine-failed", `the speech server did not send PCM, but ${what}`, {
    nextStep: 'Use a server that knows response_format "pcm", or set voice.provider to embedded.',
  });
}

function tooMuch(): AudioError {
  return new AudioError("engine-failed", "the speech server sent more than ten minutes of sound for one sentence", {
    nextStep: "Check voice.remote_url, or set voice.provider to embedded.",
  });
}

function silent(silenceMs: number): AudioError {
  return new AudioError("engine-failed", `the speech server gave nothing for ${silenceMs / 1000} s`, {
    nextStep: "Check the network and the server, or set voice.provider to embedded.",
  });
}

function unreachable(cause: unknown): AudioError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return new AudioError(
    "engine-failed",
    `the speech server failed: ${inner instanceof Error ? inner.message : String(inner)}`,
    {
      nextStep: "Check voice.remote_url and that the server runs, or set voice.provider to embedded.",
      cause,
    },
  );
}
