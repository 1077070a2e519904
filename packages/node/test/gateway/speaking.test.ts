import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EngineHost } from "@parley/audio/engines";
import { openAudio } from "@parley/audio/format";
import { connect, type ParleyClient, type TurnEvent } from "@parley/sdk";
import type { FlagValues } from "../../src/config/index.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../support.ts";

const VOICES = [
  { name: "ann", language: "en-US" },
  { name: "george", language: "en-GB" },
  { name: "uwe", language: "de-DE" },
];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
let client: ParleyClient;
let voice: EngineHost | undefined;
let news: string[];
/** What the engine was asked to say, and with which voice. */
let asked: { text: string; voice?: string; speed?: number }[];

/** A peer whose voice notes what it is asked. */
async function start(flags: FlagValues = {}): Promise<void> {
  news = [];
  asked = [];
  const sources = fixedDelaySources(
    { llmMs: 1, ttsMs: 1, voices: VOICES, replies: ["Sure! It is ten."] },
    (name, host) => {
      if (name === "tts") voice = host;
    },
  );
  const { tts } = sources;
  const noting = {
    ...tts,
    fetch: async (...how: Parameters<typeof tts.fetch>) => {
      const startHost = await tts.fetch(...how);
      return async (signal: AbortSignal) => {
        const host = await startHost(signal);
        const run = host.run.bind(host);
        return Object.assign(host, {
          run: ((method, params, options) => {
            asked.push(params as (typeof asked)[number]);
            return run(method, params, options);
          }) satisfies typeof host.run,
        });
      };
    },
  };
  peer = await createPeer({
    config: testConfig(folder.path, flags),
    sources: { ...sources, tts: noting },
    onNews: (sentence) => news.push(sentence),
  });
  client = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
}

async function restart(flags: FlagValues = {}): Promise<void> {
  client.close();
  await peer.close();
  await start(flags);
}

async function all(events: AsyncIterable<TurnEvent>): Promise<TurnEvent[]> {
  const collected: TurnEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

const soundMs = (events: readonly TurnEvent[]): number =>
  events.reduce((sum, e) => sum + (e.type === "audio" ? (1000 * e.samples.length) / e.sampleRateHz : 0), 0);

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  client.close();
  await peer.close();
  await folder.remove();
});

describe("saying SSML", () => {
  it("goes all the way: what is said, in whose voice, how fast, with its pauses and without its markup", async () => {
    await start();
    const ssml =
      '<speak>Wait <break time="2s"/><prosody rate="150%">now</prosody> <s xml:lang="de">Guten Tag.</s>' +
      '<voice name="george"><sub alias="World Wide Web">WWW</sub></voice></speak>';
    const events = await all(client.say(ssml, { ssml: true }));
    expect(asked.map(({ text, voice: name, speed }) => [text, name, speed])).toEqual([
      ["Wait", "ann", 1],
      ["now", "ann", 1.5],
      ["Guten Tag.", "uwe", 1],
      ["World Wide Web", "george", 1],
    ]);
    expect(events.flatMap((event) => (event.type === "text" ? [event.delta] : [])).join("")).toBe(
      "Wait now Guten Tag. WWW",
    );
    expect(soundMs(events)).toBeGreaterThan(2000 + 60 * "Wait now Guten Tag. World Wide Web".length * 0.8);
  });

  it("is only taken for SSML when it is said to be", async () => {
    await start();
    const pause = '<speak>One <break time="5s"/> two</speak>';
    expect(soundMs(await all(client.say(pause)))).toBeLessThan(5000);
    expect(soundMs(await all(client.say(pause, { ssml: true })))).toBeGreaterThan(5000);
  });

  it("that is malformed is refused with its place and what to do, and the peer goes on", async () => {
    await start();
    await expect(all(client.say("<speak>\n  <emphasis>x</speak>", { ssml: true }))).rejects.toMatchObject({
      code: "work-failed",
      remoteCode: "input-refused",
      message: expect.stringContaining("SSML, line 2, column 14"),
      nextStep: "Close it first with </emphasis>.",
    });
    const deep = `<speak>${"<p>".repeat(40)}`;
    await expect(all(client.say(deep, { ssml: true }))).rejects.toMatchObject({
      remoteCode: "input-refused",
      message: expect.stringContaining("nested deeper than 32"),
    });
    expect(asked).toEqual([]);
    expect((await all(client.say("Good.", { ssml: false }))).at(-1)?.type).toBe("done");
  });

  it("of any kind is said or refused, and never breaks anything", async () => {
    await start();
    const piece = fc.oneof(
      fc.constantFrom(
        "<speak>",
        "</speak>",
        "<break time='1ms'/>",
        "<p>",
        "</p>",
        "&amp;",
        "&x;",
        "<![CDATA[",
        "]]>",
        "<!--",
      ),
      fc.constantFrom(
        "<prosody rate='200%' pitch='+1st'>",
        "</prosody>",
        "<voice name='uwe'>",
        "</voice>",
        "word ",
        "1 ",
      ),
      fc.string({ unit: "binary", maxLength: 5 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (parts) => {
        const text = `<speak>${parts.join("")}</speak>`;
        const outcome = await all(client.say(text, { ssml: true })).then(
          (events) => events.at(-1)?.type,
          (error: unknown) => error,
        );
        if (outcome !== "done") expect(outcome).toMatchObject({ code: "work-failed", remoteCode: "input-refused" });
      }),
      { numRuns: 60 },
    );
  });
});

describe("a voice by language", () => {
  it("says and answers in it", async () => {
    await start();
    await all(client.say("Hallo du da.", { language: "de" }));
    await all(client.ask({ text: "how late is it" }, { speak: true, language: "en-GB" }));
    await all(client.say("Hello there."));
    expect([...new Set(asked.map(({ voice: name }) => name))]).toEqual(["uwe", "george", "ann"]);
  });

  it("is the configured one where nothing is asked, and the configured voice where that speaks it", async () => {
    await start({ "voice.language": "de" });
    await all(client.say("Hallo du da."));
    await restart({ "voice.name": "george", "voice.language": "de" });
    await all(client.say("Hello there."));
    await all(client.say("Hello there.", { language: "en-US" }));
    await all(client.say("Hallo du da.", { language: "de" }));
    expect(asked.map(({ voice: name }) => name)).toEqual(["george", "george", "uwe"]);
  });

  it("is the one that is named, whatever language a question is in", async () => {
    await start({ "voice.language": "de" });
    await all(client.ask({ text: "hi" }, { speak: true, language: "fr", voice: "george" }));
    await all(client.ask({ text: "hi" }, { speak: true }));
    expect([...new Set(asked.map(({ voice: name }) => name))]).toEqual(["george", "uwe"]);
  });

  it("is told to who asks what there is, once there is one", async () => {
    await start();
    const ask = async (): Promise<unknown> => {
      const answer = await fetch(`${peer.url}/capabilities`, { headers: { authorization: `Bearer ${peer.token}` } });
      return answer.json();
    };
    expect(await ask()).toMatchObject({ services: {} });
    await all(client.say("Hello."));
    expect(await ask()).toMatchObject({ services: { tts: { voices: VOICES } } });
  });

  it("that nobody speaks is refused with what there is, in every command", async () => {
    await start();
    const refused = {
      code: "work-failed",
      remoteCode: "input-refused",
      nextStep: expect.stringContaining("de-DE, en-GB, en-US"),
    };
    await expect(all(client.say("Bonjour.", { language: "fr" }))).rejects.toMatchObject(refused);
    await all(client.say("Hi there."));
    const questions: string[] = [];
    const asking = (async () => {
      for await (const event of client.ask({ text: "hi" }, { speak: true, language: "fr" })) questions.push(event.type);
    })();
    await expect(asking).rejects.toMatchObject(refused);
    // Before anybody has thought about it.
    expect(questions).toEqual([]);
    async function* silence(): AsyncGenerator<Float32Array> {
      yield new Float32Array(1600);
    }
    const speaker = {
      heardMs: 0,
      play: async () => true,
      finished: async () => 0,
      stop: () => ({ heardMs: 0 }),
      duck: () => undefined,
      restore: () => undefined,
    };
    const talk = client.talk(silence(), { speaker, language: "fr" });
    await expect(
      (async () => {
        for await (const _ of talk.events);
      })(),
    ).rejects.toMatchObject(refused);
    await expect(all(client.say("Hi.", { voice: "ann", language: "de" }))).rejects.toMatchObject({
      message: "the voice ann speaks en-US, not de",
    });
  });
});

describe("sound as Opus", () => {
  const opusOf = (events: readonly TurnEvent[]): Buffer =>
    Buffer.concat(events.flatMap((event) => (event.type === "opus" ? [event.bytes] : [])));
  const secondsOf = async (bytes: Buffer): Promise<number> => {
    let seconds = 0;
    for await (const { samples, sampleRateHz } of (await openAudio(Readable.from([bytes]))).pcm) {
      seconds += samples.length / sampleRateHz;
    }
    return seconds;
  };

  it("is a whole file for who asks for it, as long as the samples are, and much smaller", async () => {
    await start();
    const text = "Good morning to everybody who is here. This is the second sentence of it.";
    const samples = await all(client.say(text));
    const [said, answered] = await Promise.all([
      all(client.say(text, { audio: "opus" })),
      all(client.ask({ text: "hi" }, { speak: true, audio: "opus" })),
    ]);
    expect(said.filter(({ type }) => type === "audio")).toEqual([]);
    expect(said.at(-1)).toMatchObject({ type: "done", timings: { outputAudioMs: soundMs(samples) } });
    const bytes = opusOf(said);
    expect(await secondsOf(bytes)).toBeCloseTo(soundMs(samples) / 1000, 3);
    expect(bytes.length).toBeLessThan((soundMs(samples) / 1000) * 24_000 * 2 * 0.2);
    expect(await secondsOf(opusOf(answered))).toBeGreaterThan(0.5);
  });

  it("is none where there is nothing to say, fails as samples do, and ends when nobody wants it", async () => {
    await start();
    expect((await all(client.say("🎉", { audio: "opus" }))).map(({ type }) => type)).toEqual(["text", "done"]);
    await expect(all(client.say("<x>", { ssml: true, audio: "opus" }))).rejects.toMatchObject({
      remoteCode: "input-refused",
    });
    for await (const event of client.say("One long sentence after the other. ".repeat(20), { audio: "opus" })) {
      if (event.type === "opus") break;
    }
    expect((await all(client.say("Still here.", { audio: "opus" }))).at(-1)?.type).toBe("done");
  });
});

describe("what a face needs", () => {
  it("comes with every sentence: mouth shapes that cover its sound without gap, and words inside it", async () => {
    await start();
    const allowed = new Set(["A", "E", "I", "O", "U", "M", "F", "Th", "P", "rest"]);
    const text = "Whether the weather is fine, or not: 3.5 million people, fish & chips! 🐟 Oui — schön. 你好。";
    const events = await all(client.say(`${text} ${text}`));
    let inChunkMs = 0;
    let chunks = 0;
    for (const event of events) {
      if (event.type === "audio") inChunkMs += (1000 * event.samples.length) / event.sampleRateHz;
      if (event.type !== "timing") continue;
      chunks += 1;
      expect(event.durationMs).toBeCloseTo(inChunkMs, 3);
      let at = 0;
      for (const { viseme, startMs, endMs } of event.visemes) {
        expect(allowed).toContain(viseme);
        expect(startMs).toBeCloseTo(at, 6);
        expect(endMs).toBeGreaterThanOrEqual(startMs);
        at = endMs;
      }
      expect(at).toBeCloseTo(event.durationMs, 6);
      for (const word of event.words) {
        expect(word.startMs).toBeGreaterThanOrEqual(0);
        expect(word.endMs).toBeLessThanOrEqual(event.durationMs + 1e-6);
      }
      inChunkMs = 0;
    }
    expect(chunks).toBeGreaterThan(1);
  });
});

describe("phrases that come again", () => {
  const phrases = async (): Promise<string[]> => {
    const root = join(folder.path, "phrases");
    const [generation] = await readdir(root);
    return generation === undefined
      ? []
      : (await readdir(join(root, generation))).map((name) => join(root, generation, name));
  };

  it("are said from what was kept: fixed ones and those the client gives free also after a restart", async () => {
    await start();
    const first = await all(client.ask({ text: "hi" }, { speak: true }));
    await all(client.say("The washing is done.", { keep: true }));
    await all(client.say("Your PIN is secret."));
    expect(await phrases()).toHaveLength(2);
    await restart();
    const again = await all(client.ask({ text: "hi" }, { speak: true }));
    await all(client.say("The washing is done."));
    await all(client.say("Your PIN is secret."));
    expect(asked.map(({ text }) => text)).toEqual(["It is ten.", "Your PIN is secret."]);
    expect(soundMs(again)).toBe(soundMs(first));
    expect(await phrases()).toHaveLength(2);
  });

  it("are not, when that is switched off", async () => {
    await start({ "voice.cache_mib": "0" });
    for (let n = 0; n < 3; n++) await all(client.say("Sure!", { keep: true }));
    expect(asked).toHaveLength(3);
    await expect(stat(join(folder.path, "phrases"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("are made anew when the file is torn, and when somebody deletes the folder while the peer runs", async () => {
    await start();
    await all(client.say("Sure!"));
    const [file = ""] = await phrases();
    const whole = await readFile(file);
    await restart();
    await writeFile(file, whole.subarray(0, whole.length / 2));
    await all(client.say("Sure!"));
    expect(asked).toHaveLength(1);
    expect(await readFile(file)).toEqual(whole);
    await rm(join(folder.path, "phrases"), { recursive: true });
    await all(client.say("Okay."));
    expect(await phrases()).toHaveLength(1);
    expect(news).toEqual([]);
  });

  it("need no disk: one that may not be written is told once, and everything is said", async () => {
    const root = join(folder.path, "phrases");
    await writeFile(root, "");
    await start();
    for (const text of ["Sure!", "Okay.", "No."]) expect(soundMs(await all(client.say(text)))).toBeGreaterThan(0);
    expect(news.filter((sentence) => sentence.includes("cache of spoken phrases"))).toHaveLength(1);
  });

  it("outlive a full disk: speech goes on, it is told once, and they are kept again once there is room", async (context) => {
    const root = join(folder.path, "phrases");
    await mkdir(root);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=600k", "tmpfs", root]);
    if (mounted.status !== 0) return context.skip("mounting a small disk is not permitted here");
    try {
      await start();
      await all(client.say("Sure!"));
      const ballast = join(root, "ballast");
      await writeFile(ballast, Buffer.alloc(1_000_000)).catch((error: unknown) => {
        expect(error).toMatchObject({ code: "ENOSPC" });
      });
      for (const text of ["Okay.", "No.", "Yes."]) expect(soundMs(await all(client.say(text)))).toBeGreaterThan(0);
      expect(news).toEqual([expect.stringMatching(/ENOSPC|no space.*Free some space/i)]);
      await rm(ballast);
      await all(client.say("Done."));
      const generation = (await readdir(root)).find((name) => name !== "ballast") ?? "";
      expect(await readdir(join(root, generation))).toHaveLength(2);
      expect(news).toHaveLength(1);
    } finally {
      spawnSync("umount", ["-l", root]);
    }
  });

  it("survive the engine: its restart changes nothing", async () => {
    await start();
    await all(client.say("Sure!"));
    await voice?.close();
    expect(soundMs(await all(client.say("Sure!")))).toBeGreaterThan(0);
    expect(asked).toHaveLength(1);
  });
});
