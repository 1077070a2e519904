/** Every command there is, with `--json`. */
import { Command } from "commander";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandsFor } from "../../src/cli/commands/index.ts";
import { ProgressLine } from "../../src/cli/progress.ts";
import { runCli } from "../../src/cli/program.ts";
import { addGlobalFlags } from "../../src/cli/setting-flags.ts";
import { until } from "../mesh/host/hosts.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../support.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;

const quiet = { stdout: () => undefined, stderr: () => undefined, env: {}, cwd: "/" };

/** Commands that do something themselves, by all their names. */
async function leaves(): Promise<readonly string[]> {
  const program = new Command("parley");
  addGlobalFlags(program);
  for (const register of await commandsFor([])) register(program, quiet, "parley");
  const below = (command: Command, names: readonly string[]): readonly string[] =>
    command.commands.length === 0
      ? [names.join(" ")]
      : command.commands.flatMap((each) => below(each, [...names, each.name()]));
  return below(program, []);
}

/** How each is called, so that it comes to an end and answers something; several ways where it answers in several. */
const CALLS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  status: [[]],
  join: [["--code", "ACDE-FGHJ"]],
  pair: [["--close"], ["--approve", "nobody"]],
  peers: [[], ["--waiting"], ["--all"]],
  revoke: [["nobody", "--yes"]],
  drain: [[], ["--undo"], ["nobody", "--timeout", "1"], ["--timeout", "soon"]],
  chaos: [["--dry-run", "--seed", "1"], ["--yes"], ["--turns", "many"]],
  leave: [[]],
  recover: [[]],
  settings: [[], ["a.key", "a value"], ["a.key"], ["a.key", "--unset"]],
  "client add": [["tablet", "--remember"]],
  "client list": [[]],
  "client change": [["tablet", "--role", "guest"]],
  "client renew": [["tablet"]],
  "client remove": [["nobody", "--yes"]],
  "memory search": [["anything"]],
  "memory threads": [[]],
  "memory forget": [["--client", "tablet", "--yes"]],
  "route explain": [["STT:lang=en"], ["not-a-request:lang=en"]],
  "route list": [[]],
  "route policy show": [[]],
  "route policy set": [["policy.json"], ["policy.json", "--dry-run"], ["nowhere.json"]],
  "route policy reset": [[]],
  sessions: [[]],
  "sessions show": [["nobody"]],
  "sessions end": [["nobody", "--yes"]],
  top: [["--once"]],
  trust: [[], ["--out", "ca.pem"]],
  audit: [[]],
  ask: [
    ["What time is it?", "--out", "answer.wav", "--timings"],
    ["--audio", "nowhere.wav"],
  ],
  ears: [[], ["off"]],
  say: [["Good morning.", "--out", "morning.wav", "--timings"]],
  talk: [
    ["--in", "morning.wav", "--out", "none"],
    ["--in", "nowhere.wav", "--out", "none"],
  ],
  listen: [["morning.wav", "--times", "--timings", "--language", "fr"], ["nowhere.wav"]],
  voices: [[], ["--peer", "PEER"]],
  "models list": [[]],
  "models pull": [["no-such-model"]],
  "models verify": [["no-such-model"]],
  "models rm": [["no-such-model"]],
  doctor: [[]],
  config: [[]],
};
/** What these need is not there, or there is nobody to confirm it; of all others each has to do what it was told. */
const FAILING =
  /^(join|pair --approve|revoke|drain(?! --undo)|chaos(?! --dry-run)|leave|recover|client remove|sessions (show|end)|models (pull|verify|rm))\b|nowhere|not-a-request/;
/** By what the machine has. */
const EITHER = /^(voices|doctor)$/;
/** In processes of their own: the one runs until it is stopped, the other reads standard input (test/cli/json.test.ts). */
const ELSEWHERE = ["start", "chat"];
/** They have commands below them, and answer by themselves as well. */
const GROUPS = ["sessions"];

beforeAll(async () => {
  folder = await temporaryFolder();
  const config = testConfig(folder.path, { name: "attic", "cluster.enabled": "true", "cluster.discovery": "off" });
  peer = await createPeer({ config, sources: fixedDelaySources({ sttMs: 1, llmMs: 1, ttsMs: 1 }) });
  peer.services.start();
  const about = { pid: process.pid, url: peer.url, peerId: peer.identity.peerId };
  await writeFile(peer.paths.peerFile, JSON.stringify(about));
  await writeFile(peer.paths.cliToken, `${peer.token}\n`);
  await writeFile(path.join(folder.path, "policy.json"), '{"llm": {"prefer": ["here"]}}');
  await until(() => peer.cluster.consensus?.leadership.current().leader !== undefined, "a prime");
}, 60_000);
afterAll(async () => {
  await peer.close();
  await folder.remove();
});

/** Each line of `text`, as what it says. */
function linesOf(text: string): readonly unknown[] {
  if (text === "") return [];
  expect(text).toMatch(/\n$/);
  return text
    .slice(0, -1)
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

describe("--json", () => {
  it("tells progress as JSON too, and draws nothing", () => {
    let stderr = "";
    const progress = new ProgressLine({ ...quiet, stderr: (text) => void (stderr += text) }, true, true);
    progress.status("50 %");
    progress.line("fetched");
    progress.clear();
    expect(linesOf(stderr)).toEqual([{ progress: "fetched" }]);
  });

  it("is tried here with every command that there is", async () => {
    expect([...Object.keys(CALLS), ...ELSEWHERE].toSorted()).toEqual([...(await leaves()), ...GROUPS].toSorted());
  });

  it.each(
    Object.entries(CALLS).flatMap(([name, calls]) =>
      calls.map((args) => [[name, ...args].join(" "), name, args] as const),
    ),
  )("parley %s answers in JSON and in nothing else, and says in JSON what failed", async (title, name, args) => {
    let [stdout, stderr] = ["", ""];
    const context = {
      stdout: (text: string) => void (stdout += text),
      stderr: (text: string) => void (stderr += text),
      env: { PARLEY_HOME: folder.path, PARLEY_MODELS_DOWNLOAD: "false" },
      cwd: folder.path,
    };
    const given = args.map((arg) => (arg === "PEER" ? new URL(peer.url).host : arg));
    const here = process.cwd();
    process.chdir(folder.path);
    const code = await runCli([...name.split(" "), ...given, "--json"], context, "parley").finally(() =>
      process.chdir(here),
    );
    const [told, said] = [linesOf(stdout), linesOf(stderr)];
    for (const line of [...told, ...said]) expect(line).toBeTypeOf("object");
    const failures = said.filter((line) => typeof line === "object" && line !== null && "error" in line);
    if (!EITHER.test(title)) expect({ stderr, isDone: code === 0 }).toEqual({ stderr, isDone: !FAILING.test(title) });
    if (code === 0) expect(failures).toEqual([]);
    else
      expect(failures).toEqual([
        {
          error: expect.objectContaining({
            code: expect.any(String) as string,
            nextStep: expect.any(String) as string,
          }) as unknown,
        },
      ]);
    if (code === 0) expect(told.length).toBeGreaterThan(0);
  });
});
