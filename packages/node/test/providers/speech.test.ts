import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type TurnEvent } from "@parley/sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import { startEngineHost, textToSpeech, type TextToSpeech } from "@parley/audio/engines";
import { speechHost } from "../../src/providers/speech/index.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig } from "../support.ts";
import { remoteVoicesOf, speechSource } from "../../src/services/voice/speech-source.ts";

interface Asked {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A server of the speech API: answers each request as `answer` does, and notes it. */
async function speechServer(
  answer: (response: ServerResponse, asked: Asked) => void | Promise<void>,
): Promise<{ readonly url: string; readonly asked: Asked[]; readonly open: () => number }> {
  const asked: Asked[] = [];
  let open = 0;
  const server = createServer((request, response) => {
    open += 1;
    response.on("close", () => (open -= 1));
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked["body"];
      const one = { url: request.url, headers: request.headers, body };
      asked.push(one);
      void answer(response, one);
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked, open: () => open };
}

const VOICES = [{ name: "alloy", language: "mul" }];

async function voiceOf(url: string, options: { key?: string; silenceMs?: number } = {}): Promise<TextToSpeech> {
  const host = await startEngineHost(speechHost({ url, model: "tts-1", voices: VOICES, ...options }));
  onTestFinished(async () => void (await host.close()));
  return textToSpeech(host);
}

function pcm16(...samples: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * samples.length);
  for (const [index, sample] of samples.entries()) bytes.writeInt16LE(sample, 2 * index);
  return bytes;
}

async function soundOf(tts: TextToSpeech, text: string, signal?: AbortSignal): Promise<number[]> {
  const out: number[] = [];
  const how = { voice: "alloy", speed: 1.5, ...(signal === undefined ? {} : { signal }) };
  for await (const { samples } of tts.synthesize(text, how)) out.push(...samples);
  return out;
}

describe("a voice on a server", () => {
  it("asks as the API wants it", async () => {
    const server = await speechServer((response) => void response.end(pcm16(0, 16_384, -32_768)));
    const tts = await voiceOf(server.url, { key: "sesame" });
    expect(tts).toMatchObject({ id: "remote:tts-1", sampleRateHz: 24_000, voices: VOICES });
    expect(await soundOf(tts, "Good morning.")).toEqual([0, 0.5, -1]);
    expect(server.asked).toMatchObject([
      {
        url: "/v1/audio/speech",
        headers: { authorization: "Bearer sesame", "content-type": "application/json" },
        body: { model: "tts-1", voice: "alloy", input: "Good morning.", speed: 1.5, response_format: "pcm" },
      },
    ]);
  });

  it("gives every sample, whatever the pieces", async () => {
    const samples = Array.from({ length: 5000 }, (_, n) => ((n * 7919) % 65_536) - 32_768);
    const bytes = pcm16(...samples);
    const server = await speechServer(async (response) => {
      for (let at = 0; at < bytes.length; at += 777) {
        response.write(bytes.subarray(at, at + 777));
        await sleep(1);
      }
      response.end();
    });
    expect(await soundOf(await voiceOf(server.url), "Hello.")).toEqual(samples.map((sample) => sample / 32_768));
  });

  it("is heard before the server has finished, and lets go of it at once when nobody wants more", async () => {
    const server = await speechServer((response) => void response.write(pcm16(1, 2, 3)));
    const tts = await voiceOf(server.url);
    for await (const { samples } of tts.synthesize("A long story.")) {
      expect(samples.length).toBeGreaterThan(0);
      expect(server.open()).toBe(1);
      break;
    }
    await expect.poll(server.open).toBe(0);
  });

  it("sends a long text in pieces that the API takes, and none without words", async () => {
    const server = await speechServer((response) => void response.end(pcm16(1)));
    const tts = await voiceOf(server.url);
    const text = "word ".repeat(2000).trim();
    expect(await soundOf(tts, text)).toHaveLength(3);
    const inputs = server.asked.map(({ body }) => String(body["input"]));
    expect(inputs.every((input) => input.length <= 4096)).toBe(true);
    expect(inputs.join(" ")).toBe(text);
    expect(await soundOf(tts, "…")).toEqual([]);
    expect(server.asked).toHaveLength(3);
  });

  it.each<[string, (response: ServerResponse) => void, string, string]>([
    ["a wrong key", (r) => r.writeHead(401).end("no such key"), "answered 401: no such key", "PARLEY_SPEECH_KEY"],
    ["a wrong address", (r) => r.writeHead(404).end(), "answered 404", "voice.remote_url"],
    ["a wrong voice", (r) => r.writeHead(400).end('{"error":"voice"}'), "answered 400", "voice.remote_voices"],
    ["too much work", (r) => r.writeHead(429).end(), "answered 429", "Try again later"],
    ["a redirect", (r) => r.writeHead(302, { location: "/elsewhere" }).end(), "failed", "voice.remote_url"],
    [
      "another format",
      (r) => r.writeHead(200, { "content-type": "audio/mpeg" }).end("ID3"),
      "not send PCM, but audio/mpeg",
      "pcm",
    ],
    ["a WAV file", (r) => r.end(Buffer.from("RIFF....WAVE")), "not send PCM, but audio/wav", "pcm"],
    ["nothing", (r) => r.end(), "0 bytes", "pcm"],
    ["half a sample", (r) => r.end(Buffer.from([1, 2, 3])), "3 bytes", "pcm"],
    ["silence", () => undefined, "gave nothing for 0.2 s", "network"],
    [
      "a line that breaks",
      (r) => void r.write(pcm16(1), () => setTimeout(() => r.destroy(), 20)),
      "failed",
      "voice.remote_url",
    ],
  ])("says of %s what it is and what to do", async (what, answer, message, nextStep) => {
    const server = await speechServer((response) => answer(response));
    const tts = await voiceOf(server.url, what === "silence" ? { silenceMs: 200 } : {});
    await expect(soundOf(tts, "Hello.")).rejects.toMatchObject({
      code: "engine-failed",
      message: expect.stringContaining(message),
      nextStep: expect.stringContaining(nextStep),
    });
  });

  it("says of a server that is not there that it is not there", async () => {
    const tts = await voiceOf("http://127.0.0.1:9/v1");
    await expect(soundOf(tts, "Hello.")).rejects.toMatchObject({ code: "engine-failed" });
  });

  it("does not count its listener's pauses as the server's", async () => {
    const many = Buffer.alloc(1_000_000, pcm16(1));
    const server = await speechServer((response) => void response.end(many));
    const tts = await voiceOf(server.url, { silenceMs: 2_000 });
    let samples = 0;
    for await (const piece of tts.synthesize("Hello.")) {
      samples += piece.samples.length;
      if (samples === piece.samples.length) await sleep(3_000);
    }
    expect(samples).toBe(500_000);
  });
});

describe("a peer whose voice is on a server", () => {
  it("speaks with it when it is told to, with a key from the environment, and sends nothing while it is idle", async () => {
    const server = await speechServer(
      (response) => void response.end(pcm16(...Array.from({ length: 2400 }, () => 100))),
    );
    const folder = await temporaryFolder();
    const config = testConfig(folder.path, {
      "voice.provider": "remote",
      "voice.remote_url": server.url,
      "voice.remote_model": "some-model",
      "voice.remote_voices": "alloy, uwe:de",
    });
    expect(remoteVoicesOf(config)).toEqual([
      { name: "alloy", language: "mul" },
      { name: "uwe", language: "de" },
    ]);
    const tts = speechSource(config, { PARLEY_SPEECH_KEY: "sesame" });
    const peer = await createPeer({
      config,
      sources: { ...fixedDelaySources({ llmMs: 1, replies: ["Guten Tag."] }), tts },
    });
    const client = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
    onTestFinished(async () => {
      client.close();
      await peer.close();
      await folder.remove();
    });
    peer.services.start(["tts"]);
    await expect
      .poll(() => peer.services.status().tts.stage)
      .toMatchObject({ state: "ready", model: "remote:some-model" });
    expect(server.asked).toEqual([]);
    const events: TurnEvent[] = [];
    for await (const event of client.ask({ text: "hi" }, { speak: true, language: "de" })) events.push(event);
    expect(events.filter((event) => event.type === "audio")).not.toEqual([]);
    expect(events.some((event) => event.type === "timing")).toBe(true);
    expect(server.asked).toMatchObject([
      { headers: { authorization: "Bearer sesame" }, body: { model: "some-model", voice: "uwe", input: "Guten Tag." } },
    ]);
    expect(JSON.stringify(config)).not.toContain("sesame");
    expect(JSON.stringify(peer.services.status())).not.toContain("sesame");
  });
});
