import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openAudioFile, toSpeech, writeWavFile } from "@parley/audio/format";
import { createPeer, hostFacts, loadConfig, type Peer } from "@parley/node";
import { connect, type ParleyClient, type TurnEvent } from "@parley/sdk";
import { hasModels, MODELS, recordings, temporaryHome, wordErrors, words } from "../support.ts";

const ready = hasModels(
  "stt/moonshine-tiny-en-q8",
  "tts/kokoro-82m-w8",
  "tts/espeak-ng-data-en",
  "vad/silero-v5",
  "llm/stories15m",
  "speech/manifest.json",
);

describe.skipIf(!ready)("a peer with real engines", { timeout: 240_000 }, () => {
  let home: Awaited<ReturnType<typeof temporaryHome>>;
  let peer: Peer;
  let client: ParleyClient;

  beforeAll(async () => {
    home = await temporaryHome();
    const flags = {
      home: home.path,
      "listen.port": "0",
      "models.folder": MODELS ?? "",
      "cluster.enabled": "false",
      "models.download": "false",
      "models.llm": "stories15m",
      "llm.provider": "embedded",
      "llm.max_tokens": "60",
      "llm.temperature": "0",
      "log.level": "warn",
    };
    const loaded = loadConfig({ env: {}, flags, host: hostFacts({}), cwd: home.path });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    peer = await createPeer({ config: loaded.config, patient: true });
    client = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
  });
  afterAll(async () => {
    client?.close();
    await peer?.close();
    await home?.remove();
  });

  async function speech(path: string): Promise<AsyncIterable<Float32Array>> {
    return toSpeech((await openAudioFile(path)).pcm);
  }

  async function transcript(path: string): Promise<string> {
    const texts: string[] = [];
    for await (const event of client.listen(await speech(path), { partials: "off" })) {
      if (event.type === "segment") texts.push(event.text);
    }
    return texts.join(" ");
  }

  it("understands people: at most 6 % of the words of all recordings are wrong", async () => {
    let [wrong, all] = [0, 0];
    for (const recording of recordings()) {
      const heard = await transcript(recording.path);
      const errors = wordErrors(heard, recording.text);
      wrong += errors;
      all += words(recording.text).length;
      console.info(`${errors} of ${words(recording.text).length} words wrong: ${heard}`);
    }
    console.info(`word error rate ${((100 * wrong) / all).toFixed(1)} % (${wrong} of ${all})`);
    expect(all).toBeGreaterThan(100);
    expect(wrong / all).toBeLessThanOrEqual(0.06);
  });

  it("answers, sentence by sentence, a question that another voice asks", async () => {
    const question = join(home.path, "question.wav");
    await save(question, client.say("Tell me a story about a big red dog."));
    const answer = join(home.path, "answer.wav");
    const events: TurnEvent[] = [];
    const asked = client.ask(
      { audio: await speech(question) },
      { speak: true, partials: "every", voice: "am_michael" },
    );
    await save(answer, collect(asked, events));

    const heard = events.find((event) => event.type === "question");
    expect(heard?.text.toLowerCase()).toContain("red dog");
    expect(events.some((event) => event.type === "partial")).toBe(true);
    expect(events.filter(({ type }) => type === "sentence").length).toBeGreaterThan(1);
    const written = events.map((event) => (event.type === "text" ? event.delta : "")).join("");
    const understood = await transcript(answer);
    console.info(`written: ${written}\nheard again: ${understood}`);
    expect(wordErrors(understood, written) / words(written).length).toBeLessThan(0.25);
    const wav = await readFile(answer);
    expect(wav.subarray(0, 4).toString()).toBe("RIFF");
  });

  it("says a voice it does not have by name, with the ones it has", async () => {
    const said = save(join(home.path, "no.wav"), client.say("Hello.", { voice: "nobody" }));
    await expect(said).rejects.toMatchObject({
      remoteCode: "input-refused",
      message: expect.stringContaining("nobody"),
    });
  });
});

async function save(path: string, events: AsyncIterable<TurnEvent>): Promise<void> {
  async function* sound(): AsyncGenerator<{ sampleRateHz: number; samples: Float32Array }> {
    for await (const event of events) if (event.type === "audio") yield event;
  }
  await writeWavFile(path, sound());
}

async function* collect(events: AsyncIterable<TurnEvent>, into: TurnEvent[]): AsyncGenerator<TurnEvent> {
  for await (const event of events) {
    into.push(event);
    yield event;
  }
}
