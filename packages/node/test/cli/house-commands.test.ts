/** What `parley route` and `parley top` show of a house of two real peers. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { connect, type ConnectOptions, type ParleyClient } from "@parley/sdk";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import type { CliContext } from "../../src/cli/context.ts";
import { runCli } from "../../src/cli/program.ts";
import { freePorts, SECRET } from "../cluster/host/peers.ts";
import { until } from "../mesh/host/hosts.ts";
import { createPeer, eventually, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../support.ts";

const ending: (() => Promise<void>)[] = [];
let peers: readonly Peer[];

beforeAll(async () => {
  const ports = await freePorts(2);
  peers = await Promise.all(
    ports.map(async (port, i) => {
      const folder = await temporaryFolder();
      const config = testConfig(folder.path, {
        name: ["attic", "cellar"][i] ?? "",
        "cluster.enabled": "true",
        "cluster.discovery": "static",
        "cluster.join": ports.map((each) => `127.0.0.1:${each}`).join(","),
        "mesh.port": `${port}`,
      });
      const sources = fixedDelaySources({ sttMs: 5, llmMs: 5, ttsMs: 5, replies: ["It is ten."] });
      const peer = await createPeer({ config, sources, joinSecret: SECRET });
      ending.push(async () => {
        await peer.close();
        await folder.remove();
      });
      peer.services.start();
      return peer;
    }),
  );
  const [attic] = peers;
  if (attic === undefined) throw new Error("no peer");
  const about = { pid: process.pid, url: attic.url, peerId: attic.identity.peerId };
  await writeFile(attic.paths.peerFile, JSON.stringify(about));
  await writeFile(attic.paths.cliToken, `${attic.token}\n`);
  await until(
    () => peers.every(({ cluster }) => cluster.peers().filter(({ role }) => role === "voter").length === 2),
    "two voters",
  );
  await until(
    () =>
      ["stt", "tts", "llm", "vad"].every(
        (kind) => attic.services.routing.list().filter(({ capability }) => capability === kind).length === 2,
      ),
    "the services of both",
  );
}, 120_000);

afterAll(async () => {
  for (const end of ending) await end();
});

async function run(args: readonly string[], more: Partial<CliContext> = {}) {
  const { home } = peers[0]?.paths ?? { home: "" };
  let [stdout, stderr] = ["", ""];
  const context = {
    stdout: (text: string) => void (stdout += text),
    stderr: (text: string) => void (stderr += text),
    env: { PARLEY_HOME: home },
    cwd: home,
    ...more,
  };
  const code = await runCli(args, context, "parley");
  return { code, stdout, stderr };
}

const json = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
  const { stdout } = await run([...args, "--json"]);
  return JSON.parse(stdout) as Record<string, unknown>;
};

describe("parley route", () => {
  it("explains who would do a job: candidates with their times, and the rule that leaves each other out", async () => {
    const { code, stdout, stderr } = await run(["route", "explain", "LLM:mode=interactive"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^LLM:mode=interactive: .* does it with /);
    expect(stdout).toMatch(/attic \(here\) .* ms/);
    expect(stdout).toMatch(/^cellar .* ms/m);
    const french = await json("route", "explain", "TTS:lang=fr");
    expect(french).toMatchObject({
      refusal: { code: "no-engine" },
      candidates: [],
      excluded: [{ rule: "language", why: expect.any(String) as string }, { rule: "language" }],
    });
    const here = await json("route", "explain", "LLM:privacy=host");
    expect(here).toMatchObject({ candidates: [{ name: "attic" }], excluded: [{ name: "cellar", rule: "privacy" }] });
  });

  it("says of a request that is none what to write instead", async () => {
    const { code, stderr } = await run(["route", "explain", "dance:lang=en"]);
    expect(code).toBe(2);
    expect(stderr).toContain("STT:lang=en");
    expect((await run(["route", "explain", ""])).code).toBe(2);
  });

  it("lists the services of the house", async () => {
    const { stdout } = await run(["route", "list"]);
    expect(stdout).toMatch(/^peer +does +model +busy +speed +round trip +breaker$/m);
    for (const capability of ["stt", "tts", "llm", "vad"]) {
      expect(stdout).toMatch(new RegExp(String.raw`^attic \(here\) +${capability} .* closed$`, "m"));
      expect(stdout).toMatch(new RegExp(String.raw`^cellar +${capability} .* ms +closed$`, "m"));
    }
  });

  it("shows what a policy would change, chooses it for the whole house, and takes it back", async () => {
    const { home } = peers[0]?.paths ?? { home: "" };
    await writeFile(path.join(home, "policy.json"), '{"llm": {"prefer": ["cellar"], "preferredOnly": true}}');
    expect((await run(["route", "policy"])).stdout).toContain("No policy was chosen");
    const dry = await run(["route", "policy", "set", "policy.json", "--dry-run"]);
    expect(dry.stdout).toContain('+ llm: {"prefer":["cellar"],"preferredOnly":true}');
    expect(dry.stdout).toMatch(/llm +attic .* -> cellar/);
    expect((await run(["route", "policy"])).stdout).toContain("No policy was chosen");
    expect(await run(["route", "policy", "set", "policy.json"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("It is agreed on.") as string,
    });
    expect((await run(["route", "policy"])).stdout).toMatch(/^llm +\{"prefer":\["cellar"\]/);
    expect(await json("route", "explain", "LLM")).toMatchObject({
      candidates: [{ name: "cellar" }],
      excluded: [{ name: "attic", rule: "policy" }],
    });
    await eventually(() => peers[1]?.services.routing.policy().isChosen).toBe(true);
    expect(await json("route", "policy", "reset")).toMatchObject({ after: {}, delivery: { outcome: "done" } });
    expect(await json("route", "policy")).toMatchObject({ policy: {}, isChosen: false });
  });

  it("refuses a policy that no router could read, whatever way it comes", async () => {
    const { home } = peers[0]?.paths ?? { home: "" };
    await writeFile(path.join(home, "bad.json"), '{"llm": {"prefer": 7}}');
    const bad = await run(["route", "policy", "set", "bad.json"]);
    expect(bad.code).toBe(2);
    expect(bad.stderr).toContain("llm.prefer");
    await writeFile(path.join(home, "none.json"), "prefer: cellar");
    expect((await run(["route", "policy", "set", "none.json"])).stderr).toContain("is no JSON");
    expect((await run(["route", "policy", "set", "nowhere.json"])).stderr).toContain("ENOENT");
    const directly = await run(["settings", "routing/policy", '{"llm": {"prefer": 7}}']);
    expect(directly.code).toBe(2);
    expect(directly.stderr).toContain("llm.prefer");
  });
});

describe("parley top", () => {
  it("shows of each peer its load, and of turns how soon they were heard", async () => {
    const asked = await run(["ask", "What time is it?", "--out", path.join(peers[0]?.paths.home ?? "", "answer.wav")]);
    expect(asked).toMatchObject({ code: 0, stdout: "It is ten.\n" });
    const told = await json("top", "--once");
    expect(told).toMatchObject({
      peers: expect.arrayContaining([
        expect.objectContaining({
          name: "attic",
          isHere: true,
          load: expect.objectContaining({
            turns: expect.objectContaining({
              turns: 1,
              firstAudioMs: { count: 1, p50: expect.any(Number) as number, p95: expect.any(Number) as number },
            }) as unknown,
          }) as unknown,
        }),
        expect.objectContaining({
          name: "cellar",
          isHere: false,
          load: expect.objectContaining({
            turns: expect.objectContaining({ turns: 0, firstAudioMs: null }) as unknown,
          }) as unknown,
        }),
      ]) as unknown,
    });
    const { stdout } = await run(["top"]);
    expect(stdout.split("\n")[0]).toMatch(/^\d\d:\d\d:\d\d UTC {2}2 of 2 peers, \d+ clients, 1 turns in 5 min$/);
    expect(stdout).toMatch(/^attic\*? \(here\) .* idle$/m);
    expect(stdout).toMatch(/^cellar\*? .* idle$/m);
    expect(stdout).not.toContain("\u001B");
  });

  it("takes a terminal's screen, keeps to its size, and gives it back on Ctrl-C", async () => {
    let shown = "";
    const ended = run(["top", "--every", "0.5"], {
      stdout: (text) => void (shown += text),
      terminal: () => ({ columns: 40, rows: 4 }),
    });
    await eventually(() => shown.split("\u001B[H").length).toBeGreaterThan(2);
    process.emit("SIGINT");
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
    expect(shown.startsWith("\u001B[?1049h")).toBe(true);
    expect(shown.endsWith("\u001B[?1049l")).toBe(true);
    // eslint-disable-next-line no-control-regex
    const lines =
      shown
        .split("\u001B[H")[1]
        ?.replaceAll(/\u001B\[\??\d*[A-Za-z]/g, "")
        .split("\r\n") ?? [];
    expect(lines.length).toBeLessThanOrEqual(4);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  });

  it("goes on line by line for programs, until Ctrl-C", async () => {
    let shown = "";
    const ended = run(["top", "--json", "--every", "0.5"], { stdout: (text) => void (shown += text) });
    await eventually(() => shown.split("\n").length).toBeGreaterThan(2);
    process.emit("SIGINT");
    expect((await ended).code).toBe(0);
    for (const line of shown.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveProperty("peers");
    expect((await run(["top", "--every", "never"])).code).toBe(2);
  });
});

describe("parley sessions", () => {
  it("calls by name the peers that a session came from and its client came to, though it lives at another", async () => {
    const [attic, cellar] = peers;
    if (attic === undefined || cellar === undefined) throw new Error("two were asked for");
    const { token } = z.object({ token: z.string() }).parse(await json("client", "add", "tester"));
    const device = async ({ url }: Peer, more: Partial<ConnectOptions> = {}): Promise<ParleyClient> => {
      const address = `${url.replace(/^http/, "ws")}/ws`;
      const client = await connect({ url: address, token, clientId: "phone", ...more });
      onTestFinished(() => client.close());
      return client;
    };
    let first: ParleyClient | undefined;
    const comes = async (): Promise<boolean> => {
      first = await device(cellar).catch(() => undefined);
      return first !== undefined;
    };
    await until(comes, "the other peer knows the client");
    for await (const event of first?.ask({ text: "How late is it?" }) ?? []) void event;
    const listed = z.object({ sessions: z.array(z.object({ sessionId: z.string() })) });
    const [{ sessionId } = { sessionId: "" }] = listed.parse(await json("sessions")).sessions;
    await device(attic, { continue: sessionId });
    const { stdout } = await run(["sessions"]);
    expect(stdout).toMatch(/^\w{8} +phone +cellar +attic +visited .* cellar to attic: entry changed, /m);
    const one = await run(["sessions", "show", sessionId.slice(0, 8)]);
    expect(one.stdout).toMatch(/^entry +attic, since /m);
    // An id that was left out by mistake is not the only session's.
    expect(await run(["sessions", "end", ""])).toMatchObject({ code: 7, stdout: "" });
    expect(await json("sessions")).toMatchObject({ names: { [attic.identity.peerId]: "attic" } });
  });
});

describe("parley top, of a house that is not whole", () => {
  it("shows a peer that does not answer as such", async () => {
    await peers[1]?.close();
    await eventually(() => peers[0]?.cluster.peers().find(({ name }) => name === "cellar")?.isOnline).toBe(false);
    const { stdout } = await run(["top", "--once"]);
    expect(stdout).toMatch(/^cellar\*? +no answer/m);
    expect(stdout).toContain("1 of 2 peers");
  });
});
