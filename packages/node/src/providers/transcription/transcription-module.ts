/**
 * Engine module: a recogniser on a server that speaks OpenAI's transcription API (`POST /audio/transcriptions`, a form with a WAV
 * file). Method `transcribe`. It is given stretches of speech, one request each, and nothing else leaves this machine: when
 * somebody speaks, and when a wake word was said, is found here.
 */
import { AudioError, isAudioError, SPEECH_RATE_HZ } from "@parley/audio";
import { checked, LONGEST_HOT_WORD_CHARS, MOST_HOT_WORDS } from "@parley/audio/engines";
import type { Engine, JobIo, Transcript } from "@parley/audio/engines";
import { encodeWav } from "@parley/audio/format";
import { z } from "zod";
import { readAnswer } from "./answer.ts";
import { transcriptionOptions, type TranscriptionOptions } from "./options.ts";

/** Shorter than any syllable. */
const MIN_SAMPLES = SPEECH_RATE_HZ / 20;
/** Of an answer; of an error's text, so much is told. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const TOLD_CHARS = 200;

const transcribeParams = z.object({
  samples: z.instanceof(Float32Array),
  hotWords: z.array(z.string().max(LONGEST_HOT_WORD_CHARS)).max(MOST_HOT_WORDS).optional(),
  language: z.string().max(100).optional(),
});
type Params = z.infer<typeof transcribeParams>;

/** With word times, or plain: models differ in what they can give. */
type Form = "verbose_json" | "json";

/** Asks the server for nothing yet. See `EngineModule`. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(transcriptionOptions, given, "options of the transcription server");
  let form: Form = "verbose_json";
  return {
    // A growing stretch is not sent again and again: what is said crosses once.
    info: { id: `remote:${options.model}`, languages: [], redecodes: false },
    methods: {
      async transcribe(given_, io): Promise<Transcript> {
        const params = checked(transcribeParams, given_, "parameters of transcribe");
        const { samples, language = "" } = params;
        if (samples.length < MIN_SAMPLES) return { text: "", language, realTimeFactor: 0 };
        const startedAtMs = performance.now();
        const reply = await ask(params, form, options, io);
        const answer = reply.plainOnly ? await ask(params, "json", options, io) : reply;
        if (reply.plainOnly) form = "json";
        const transcript = readAnswer(answer.value, language);
        if (transcript === undefined) throw noTranscript();
        const audioMs = (samples.length * 1000) / SPEECH_RATE_HZ;
        return { ...transcript, realTimeFactor: (performance.now() - startedAtMs) / audioMs };
      },
    },
  };
}

interface Reply {
  readonly value: unknown;
  /** The model cannot give `verbose_json`. */
  readonly plainOnly: boolean;
}

async function ask(params: Params, form: Form, options: TranscriptionOptions, io: JobIo): Promise<Reply> {
  const late = AbortSignal.timeout(options.timeoutMs);
  try {
    const response = await fetch(`${options.url.replace(/\/+$/u, "")}/audio/transcriptions`, {
      method: "POST",
      redirect: "error",
      headers: options.key === undefined ? {} : { authorization: `Bearer ${options.key}` },
      body: formOf(params, form, options.model),
      signal: AbortSignal.any([io.signal, late]),
    });
    const text = await textOf(response);
    if (response.ok) return { value: parsed(text), plainOnly: false };
    // The API's own newer models answer so to a response_format they do not have.
    if (response.status === 400 && form === "verbose_json" && /response_format|timestamp/iu.test(text)) {
      return { value: undefined, plainOnly: true };
    }
    throw refused(
      response.status,
      text.replaceAll(/\s+/gu, " ").trim().slice(0, TOLD_CHARS),
      options.key !== undefined,
    );
  } catch (error) {
    if (io.signal.aborted) throw io.signal.reason;
    if (isAudioError(error)) throw error;
    throw late.aborted ? silent(options.timeoutMs) : unreachable(error);
  }
}

function formOf({ samples, hotWords = [], language }: Params, form: Form, model: string): FormData {
  const body = new FormData();
  const wav = encodeWav({ samples, sampleRateHz: SPEECH_RATE_HZ });
  body.set("file", new Blob([new Uint8Array(wav)], { type: "audio/wav" }), "speech.wav");
  body.set("model", model);
  body.set("response_format", form);
  body.set("temperature", "0");
  // ISO 639-1.
  const short = language?.split("-")[0]?.toLowerCase();
  if (short !== undefined && /^[a-z]{2}$/.test(short)) body.set("language", short);
  if (hotWords.length > 0) body.set("prompt", hotWords.join(", "));
  if (form === "verbose_json") {
    body.append("timestamp_granularities[]", "word");
    body.append("timestamp_granularities[]", "segment");
  }
  return body;
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) throw noTranscript();
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw noTranscript();
  }
}

function refused(status: number, told: string, hasKey: boolean): AudioError {
  const why = told === "" ? "" : `: ${told}`;
  const details = { status };
  const message = `the transcription server answered ${status}${why}`;
  if (status === 429 || status >= 500) {
    const nextStep = "Try again later, or set stt.provider to embedded.";
    return new AudioError("engine-failed", message, { nextStep, details });
  }
  const keyed = hasKey ? "Check the key in PARLEY_STT_KEY." : "Put the server's key into PARLEY_STT_KEY.";
  const found =
    status === 404
      ? "Check stt.remote_url and stt.remote_model: the address ends in /v1 with most servers."
      : undefined;
  const nextStep =
    status === 401 || status === 403 ? keyed : (found ?? "Check stt.remote_model against what the server has.");
  // Asking again would change nothing.
  return new AudioError("input-refused", message, { nextStep, details });
}

function noTranscript(): AudioError {
  return new AudioError("engine-failed", "the transcription server did not answer with a transcript", {
    nextStep: "Use a server that speaks OpenAI's transcription API, or set stt.provider to embedded.",
  });
}

function silent(timeoutMs: number): AudioError {
  return new AudioError("job-timed-out", `the transcription server did not answer within ${timeoutMs / 1000} s`, {
    nextStep: "Check the network and the server, or set stt.provider to embedded.",
  });
}

function unreachable(cause: unknown): AudioError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const why = inner instanceof Error ? inner.message : String(inner);
  return new AudioError("engine-failed", `the transcription server failed: ${why}`, {
    nextStep: "Check stt.remote_url and that the server runs, or set stt.provider to embedded.",
    cause,
  });
}
