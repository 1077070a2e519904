import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { speechToText, startEngineHost, startStream, voiceFrames, type SpeechToText } from "@parley/audio/engines";
import { listen } from "@parley/audio/pipeline";
import { energyVadHost } from "@parley/audio/testing";
import { readAnswer } from "../../src/providers/transcription/answer.ts";
import { transcriptionHost } from "../../src/providers/transcription/index.ts";
import { transcriptionSource } from "../../src/services/transcription-source.ts";
import { testConfig } from "../support.ts";

interface Asked {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly form: FormData;
}

/** A server of the transcription API: answers each request as `answer` does, notes it, and counts what reaches it. */
async function transcriptionServer(answer: (response: ServerResponse, asked: Asked) => void) {
  const asked: Asked[] = [];
  const seen = { connections: 0, bytes: 0 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => {
      seen.bytes += chunk.length;
      chunks.push(chunk);
    });
    request.on("end", () => {
      const headers = { "content-type": request.headers["content-type"] ?? "" };
      void new Response(Buffer.concat(chunks), { headers }).formData().then((form) => {
        const one = { url: request.url, headers: request.headers, form };
        asked.push(one);
        answer(response, one);
      });
    });
  }).listen(0, "127.0.0.1");
  server.on("connection", () => (seen.connections += 1));
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked, seen };
}

async function recogniser(url: string, options: { key?: string; timeoutMs?: number } = {}): Promise<SpeechToText> {
  const host = await startEngineHost(transcriptionHost({ url, model: "whisper-1", ...options }));
  onTestFinished(async () => void (await host.close()));
  return speechToText(host);
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** As the API's reference shows it. */
const VERBOSE = {
  task: "transcribe",
  language: "english",
  duration: 1.5,
  text: " Good morning.",
  words: [
    { word: "Good", start: 0.1, end: 0.42 },
    { word: "morning", start: 0.5, end: 1.1 },
  ],
  segments: [{ id: 0, start: 0, end: 1.5, text: " Good morning.", avg_logprob: -0.25, no_speech_prob: 0.01 }],
};
const SPEECH = Float32Array.from({ length: 24_000 }, (_, n) => 0.4 * Math.sin(n / 5));

async function* silenceAndSpeech(log: (second: number) => void): AsyncGenerator<Float32Array> {
  for (let second = 0; second < 6; second += 1) {
    log(second);
    for (let block = 0; block < 10; block += 1) {
      yield second === 4 ? SPEECH.subarray(0, 1600) : new Float32Array(1600);
    }
  }
}

describe("a recogniser on a server", () => {
  it("is asked as the API wants it, and tells words, language and how sure it is", async () => {
    const server = await transcriptionServer((response) => json(response, VERBOSE));
    const stt = await recogniser(server.url, { key: "sesame" });
    const heard = await stt.transcribe(SPEECH, { language: "en-GB", hotWords: ["Parley", "Siobhan"] });
    expect(heard).toMatchObject({
      text: "Good morning.",
      language: "en",
      words: [
        { text: "Good", startMs: 100, endMs: 420 },
        { text: "morning", startMs: 500, endMs: 1100 },
      ],
    });
    expect(heard.confidence).toBeCloseTo(Math.exp(-0.25), 6);
    const [{ url, headers, form } = { url: "", headers: {}, form: new FormData() }] = server.asked;
    expect(url).toBe("/v1/audio/transcriptions");
    expect(headers["authorization"]).toBe("Bearer sesame");
    const fields = { model: "whisper-1", response_format: "verbose_json", language: "en", prompt: "Parley, Siobhan" };
    for (const [name, value] of Object.entries(fields)) expect(form.get(name), name).toBe(value);
    expect(form.getAll("timestamp_granularities[]")).toEqual(["word", "segment"]);
    const file = form.get("file");
    expect(file).toBeInstanceOf(File);
    const wav = Buffer.from(await (file as File).arrayBuffer());
    expect(wav.toString("latin1", 0, 4)).toBe("RIFF");
    expect(wav.readUInt32LE(24)).toBe(16_000);
    expect(wav.length).toBe(44 + 2 * SPEECH.length);
  });

  it("is sent nothing while nobody speaks, and of what is said only that, once", async () => {
    const server = await transcriptionServer((response) => json(response, { text: "Hello." }));
    const stt = await recogniser(server.url);
    const vad = await startEngineHost(energyVadHost());
    onTestFinished(async () => void (await vad.close()));
    const idle: number[] = [];
    const audio = silenceAndSpeech((second) => {
      if (second <= 4) idle.push(server.seen.connections + server.seen.bytes);
    });
    const segments: string[] = [];
    // Partials are asked for; they are not worth sending it again and again.
    for await (const event of listen(audio, { vad: voiceFrames(vad), stt }, { partials: "every" })) {
      if (event.type === "segment") segments.push(event.text);
    }
    expect(segments).toEqual(["Hello."]);
    expect(idle).toEqual([0, 0, 0, 0, 0]);
    expect(server.asked).toHaveLength(1);
    // A second of voice, its margins, and the form round it: not the six seconds that were heard.
    expect(server.seen.bytes).toBeGreaterThan(2 * 16_000);
    expect(server.seen.bytes).toBeLessThan(2 * 16_000 * 1.6 + 2000);
  });

  it("sends nothing for a stream that is cancelled, or holds nothing", async () => {
    const server = await transcriptionServer((response) => json(response, VERBOSE));
    const stt = await recogniser(server.url);
    const stream = startStream(stt, { partials: "live" });
    for (let n = 0; n < 40; n += 1) await stream.feed(SPEECH.subarray(0, 1600));
    stream.cancel();
    expect((await startStream(stt).end()).text).toBe("");
    expect((await stt.transcribe(new Float32Array(100))).text).toBe("");
    expect(server.seen).toEqual({ connections: 0, bytes: 0 });
  });

  it("takes plain JSON from a model that has no other, and asks it for no other again", async () => {
    const server = await transcriptionServer((response, { form }) => {
      if (form.get("response_format") === "json") return json(response, { text: "Plain." });
      json(response, { error: { message: "response_format 'verbose_json' is not compatible with this model" } }, 400);
    });
    const stt = await recogniser(server.url);
    for (let n = 0; n < 2; n += 1) {
      const heard = await stt.transcribe(SPEECH, { language: "de" });
      expect(heard).toMatchObject({ text: "Plain.", language: "de" });
      expect(heard.words).toBeUndefined();
    }
    expect(server.asked.map(({ form }) => form.get("response_format"))).toEqual(["verbose_json", "json", "json"]);
  });

  it.each([
    [401, "input-refused", "PARLEY_STT_KEY"],
    [404, "input-refused", "stt.remote_url"],
    [413, "input-refused", "stt.remote_model"],
    [429, "engine-failed", "Try again later"],
    [503, "engine-failed", "Try again later"],
  ])("says what %i means", async (status, code, nextStep) => {
    const server = await transcriptionServer((response) => json(response, { error: "no" }, status));
    const stt = await recogniser(server.url);
    await expect(stt.transcribe(SPEECH)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(String(status)),
      nextStep: expect.stringContaining(nextStep),
    });
  });

  it("waits no longer than it was told to, and stops when nobody wants it", async () => {
    const server = await transcriptionServer(() => undefined);
    const hasty = await recogniser(server.url, { timeoutMs: 50 });
    await expect(hasty.transcribe(SPEECH)).rejects.toMatchObject({ code: "job-timed-out" });
    const silent = await transcriptionServer(() => undefined);
    const patient = await recogniser(silent.url);
    const abort = new AbortController();
    const waiting = patient.transcribe(SPEECH, { signal: abort.signal });
    waiting.catch(() => undefined);
    await expect.poll(() => silent.asked.length, { timeout: 10_000 }).toBe(1);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: "job-cancelled" });
  });

  it("fails with what to do when nobody is there, or somebody else", async () => {
    const nobody = await recogniser("http://127.0.0.1:9/v1");
    const unreachable = { code: "engine-failed", nextStep: expect.stringContaining("stt.remote_url") };
    await expect(nobody.transcribe(SPEECH)).rejects.toMatchObject(unreachable);
    const server = await transcriptionServer((response) => void response.end("<html>welcome</html>"));
    const other = await recogniser(server.url);
    await expect(other.transcribe(SPEECH)).rejects.toMatchObject({ code: "engine-failed" });
  });

  it("is off until it is set, and keyed from the environment alone", async () => {
    expect(testConfig("/nowhere").stt.provider).toBe("embedded");
    const server = await transcriptionServer((response) => json(response, { text: "Set." }));
    const config = testConfig("/nowhere", { "stt.provider": "remote", "stt.remote_url": server.url });
    const source = transcriptionSource(config, { PARLEY_STT_KEY: "sesame" });
    expect(await source.choose()).toBe("remote:whisper-1");
    const start = await source.fetch("remote:whisper-1", {
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const host = await start(new AbortController().signal);
    onTestFinished(async () => void (await host.close()));
    expect((await speechToText(host).transcribe(SPEECH)).text).toBe("Set.");
    expect(server.asked[0]?.headers["authorization"]).toBe("Bearer sesame");
    expect(JSON.stringify(config)).not.toContain("sesame");
  });
});

describe("an answer", () => {
  it("of any shape is a transcript or none, and its words are in order", () => {
    const word = fc.record({ word: fc.string(), start: fc.double(), end: fc.double() });
    const answer = fc.record(
      {
        text: fc.oneof(fc.string(), fc.anything()),
        language: fc.oneof(fc.string(), fc.anything()),
        words: fc.oneof(fc.array(word), fc.anything()),
        segments: fc.oneof(fc.array(fc.record({ text: fc.string(), avg_logprob: fc.double() })), fc.anything()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(answer, fc.anything()), (value) => {
        const heard = readAnswer(value, "en");
        if (heard === undefined) return;
        expect(typeof heard.text).toBe("string");
        let beforeMs = 0;
        for (const { startMs, endMs } of heard.words ?? []) {
          expect(startMs).toBeGreaterThanOrEqual(beforeMs);
          expect(endMs).toBeGreaterThanOrEqual(startMs);
          beforeMs = startMs;
        }
        if (heard.confidence !== undefined) {
          expect(heard.confidence).toBeGreaterThanOrEqual(0);
          expect(heard.confidence).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
