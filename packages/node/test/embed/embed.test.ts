/** A peer as the program sees it that it is embedded in. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { createPeer, type EmbeddedPeer, type EmbedOptions, type LanguageModel } from "../../src/index.ts";
import type { SpeechToText } from "@parley/audio/engines";
import { fixedDelaySources, temporaryFolder, tone } from "../support.ts";

const QUIET = { listen: { host: "127.0.0.1" }, models: { download: false } } as const;

async function embedded(options: EmbedOptions = {}): Promise<EmbeddedPeer> {
  const { path, remove } = await temporaryFolder();
  onTestFinished(remove);
  const peer = await createPeer({ home: path, port: 0, clustering: false, config: QUIET, ...options });
  onTestFinished(() => peer.close());
  return peer;
}

async function answerOf(peer: EmbeddedPeer, question: string): Promise<string> {
  let answer = "";
  for await (const event of peer.ask(question)) if (event.type === "text") answer += event.delta;
  return answer;
}

function parrot(): LanguageModel {
  return {
    id: "parrot",
    async *generate(messages) {
      yield messages.at(-1)?.content ?? "";
    },
  };
}

describe("the settings of an embedded peer", () => {
  it("are the defaults, and what the program gives as plain values; the environment has no say unless it is handed over", async () => {
    process.env["PARLEY_NAME"] = "from the environment";
    onTestFinished(() => void delete process.env["PARLEY_NAME"]);
    const config = { ...QUIET, llm: { max_tokens: 77 }, name: "lab" };
    const peer = await embedded({ config });
    expect(peer.config).toMatchObject({ name: "lab", llm: { max_tokens: 77 }, cluster: { enabled: false } });
    const other = await embedded({ config: QUIET, env: process.env });
    expect(other.config.name).toBe("from the environment");
  });

  it.for<readonly [object, string]>([
    [{ llm: { max_tokens: "many" } }, 'createPeer: llm.max_tokens: llm.max_tokens = "many" is refused'],
    [{ llm: { max_token: 7 } }, "llm.max_token is not a setting; did you mean llm.max_tokens?"],
    [{ nonsense: { a: 1 } }, "nonsense is not a setting"],
    [{ listen: 7 }, "listen is not a setting"],
  ])("are refused by name where they are wrong: %o", async ([given, why]) => {
    // As from JavaScript, or from a file of the program's own.
    const config: EmbedOptions["config"] = JSON.parse(JSON.stringify(given));
    await expect(createPeer({ home: "/nowhere", config })).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining(why),
    });
  });
});

describe("a program's own engines", () => {
  it("think and are heard of as turns", async () => {
    const peer = await embedded({ extend: { services: { llm: parrot() } } });
    const turns: unknown[] = [];
    peer.on("turn", (turn) => {
      turns.push(turn);
      throw new Error("what a listener throws is its own");
    });
    expect(await answerOf(peer, "hello")).toBe("hello");
    expect(turns).toEqual([{ kind: "ask", question: "hello", answer: "hello", isComplete: true }]);
    expect(peer.services.status().llm.stage).toEqual({ state: "ready", model: "parrot" });
  });

  it("hear and speak", async () => {
    const sources = fixedDelaySources({});
    const peer = await embedded({
      sources,
      extend: {
        services: {
          stt: {
            id: "always-yes",
            languages: ["en"],
            transcribe: async () => ({ text: "yes", language: "en", realTimeFactor: 0 }),
          },
          tts: {
            id: "silence",
            sampleRateHz: 16_000,
            voices: [{ name: "nobody", language: "en" }],
            async *synthesize() {
              yield { sampleRateHz: 16_000, samples: new Float32Array(1_600) };
            },
          },
        },
      },
    });
    expect(await peer.transcribe(tone(500))).toBe("Yes");
    let samples = 0;
    for await (const event of peer.say("hello")) if (event.type === "audio") samples += event.samples.length;
    expect(samples).toBe(1_600);
  });

  it("fail a call by name where they fail, and are made anew", async () => {
    let made = 0;
    const peer = await embedded({
      extend: {
        services: {
          llm: () => {
            made += 1;
            const number = made;
            return {
              id: "moody",
              // oxlint-disable-next-line require-yield
              async *generate() {
                if (number === 1) throw new RangeError("not today");
                yield "again";
              },
            };
          },
        },
      },
    });
    await expect(answerOf(peer, "hello")).rejects.toMatchObject({
      code: "work-failed",
      remoteCode: "engine-failed",
      message: expect.stringContaining("not today"),
    });
    expect(await answerOf(peer, "hello")).toBe("again");
    expect(made).toBe(2);
    expect(peer.services.status().llm.supervision).toMatchObject({ state: "running", restarts: 1 });
  });

  it("are not believed where their answers make no sense, and not waited for where they cannot be made", async () => {
    const nonsense: unknown[] = [7];
    const odd = { id: "odd", generate: () => nonsense } as unknown as LanguageModel;
    const peer = await embedded({ extend: { services: { llm: odd } } });
    await expect(answerOf(peer, "hello")).rejects.toMatchObject({ remoteCode: "engine-failed" });
    for (const [llm, missing] of [
      [{}, "id"],
      [{ id: "deaf" }, "generate"],
      [{ id: 7, generate: () => nonsense }, "id"],
    ] as const) {
      const services = { llm: llm as unknown as LanguageModel };
      await expect(embedded({ extend: { services } })).rejects.toMatchObject({
        code: "usage",
        message: expect.stringContaining(missing),
      });
    }
    const stt = { id: "no languages", transcribe: () => nonsense } as unknown as SpeechToText;
    await expect(embedded({ extend: { services: { stt } } })).rejects.toMatchObject({ code: "usage" });
    const broken = await embedded({
      extend: {
        services: {
          llm: () => {
            throw new Error("no licence");
          },
        },
      },
    });
    await expect(answerOf(broken, "hello")).rejects.toMatchObject({
      remoteCode: "engine-start-failed",
      message: expect.stringContaining("no licence"),
    });
  });
});

describe("the life of an embedded peer", () => {
  it("ends once, with all that was asked of it, and nobody can ask it any more", async () => {
    const peer = await embedded({ extend: { services: { llm: parrot() } } });
    const client = await peer.client();
    await Promise.all([peer.close(), peer.close()]);
    expect(peer.closed.aborted).toBe(true);
    expect(client.connection.isConnected).toBe(false);
    await expect(answerOf(peer, "hello")).rejects.toMatchObject({ code: "interrupted" });
    await expect(fetch(`${peer.url}/health`)).rejects.toThrow("fetch failed");
  });

  it("ends with its signal, and does not begin where that has come before", async () => {
    const over = new AbortController();
    const peer = await embedded({ signal: over.signal });
    over.abort();
    expect(peer.closed.aborted).toBe(true);
    await peer.close();
    await expect(embedded({ signal: over.signal })).rejects.toMatchObject({ code: "interrupted" });
  });

  it("leaves nothing behind where its port is in use", async () => {
    const first = await embedded();
    const port = Number(new URL(first.url).port);
    await expect(embedded({ port })).rejects.toMatchObject({ code: "port-in-use" });
  });

  it("has its home for itself, in this process too, until it is closed", async () => {
    const { path, remove } = await temporaryFolder();
    onTestFinished(remove);
    const first = await embedded({ home: path });
    await expect(embedded({ home: path })).rejects.toMatchObject({
      code: "port-in-use",
      message: expect.stringContaining("a peer is running already with this home"),
    });
    const port = Number(new URL(first.url).port);
    const other = await temporaryFolder();
    onTestFinished(other.remove);
    await expect(embedded({ home: other.path, port })).rejects.toMatchObject({ code: "port-in-use" });
    await first.close();
    await embedded({ home: path });
    await embedded({ home: other.path });
  });

  it("has no claim on its process: no handlers, no word on stdout, and an end when it is closed", async () => {
    const { path, remove } = await temporaryFolder();
    onTestFinished(remove);
    const program = `
      import { createPeer } from "@parley/node";
      const handlers = () => process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
      const before = JSON.stringify(handlers());
      {
        const llm = { id: "parrot", async *generate(messages) { yield messages.at(-1).content; } };
        const config = ${JSON.stringify(QUIET)};
        await using peer = await createPeer({ home: ${JSON.stringify(path)}, port: 0, clustering: false, config, extend: { services: { llm } } });
        for await (const event of peer.ask("hello")) if (event.type === "text") process.stderr.write(event.delta + " ");
        if (JSON.stringify(handlers()) !== before) process.stderr.write("handlers: " + JSON.stringify(handlers()));
      }
      process.stderr.write("closed");
    `;
    const args = ["--conditions=parley-source", "--input-type=module", "-e", program];
    const ended = await promisify(execFile)(process.execPath, args, { timeout: 50_000, cwd: import.meta.dirname });
    expect(ended).toEqual({ stdout: "", stderr: "hello closed" });
  });

  it("ends with what its engine never answered: no limit of it holds the process", async () => {
    const { path, remove } = await temporaryFolder();
    onTestFinished(remove);
    const program = `
      import { createPeer } from "@parley/node";
      const llm = { id: "mute", async *generate() { process.stderr.write("asked "); await new Promise(() => undefined); } };
      const config = ${JSON.stringify(QUIET)};
      const peer = await createPeer({ home: ${JSON.stringify(path)}, port: 0, clustering: false, config, extend: { services: { llm } } });
      try {
        for await (const event of peer.ask("hello", { signal: AbortSignal.timeout(500) }));
      } catch (error) {
        process.stderr.write(error.code);
      }
      await peer.close();
      process.stderr.write(" closed");
    `;
    const args = ["--conditions=parley-source", "--input-type=module", "-e", program];
    // It ends with its peer; a question may take two minutes.
    const ended = await promisify(execFile)(process.execPath, args, { timeout: 50_000, cwd: import.meta.dirname });
    expect(ended.stderr).toMatch(/^asked (?:cancelled|timed-out) closed$/);
  });
});
