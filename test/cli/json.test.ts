import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { parley, run, temporaryHome, until } from "../support.ts";

let home: Awaited<ReturnType<typeof temporaryHome>>;
beforeEach(async () => {
  home = await temporaryHome();
});
afterEach(() => home.remove());

interface Event {
  readonly event: string;
  readonly [key: string]: unknown;
}

function eventsOf(stdout: string): readonly Event[] {
  expect(stdout).toMatch(/\n$/);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
}

describe("with --json", () => {
  it("parley start says in one event on each line how it comes up, what becomes of its cluster, and that it ends", async () => {
    const env = {
      PARLEY_HOME: home.path,
      PARLEY_MODELS_DOWNLOAD: "false",
      PARLEY_LLM_PROVIDER: "embedded",
      PARLEY_LISTEN_PORT: "0",
      PARLEY_MESH_HOST: "127.0.0.1",
      PARLEY_MESH_PORT: "0",
      PARLEY_CLUSTER_ENABLED: "true",
      PARLEY_CLUSTER_DISCOVERY: "off",
    };
    const peer = parley(["start", "--json"], { env });
    onTestFinished(() => void peer.process.kill("SIGKILL"));
    await until(
      () => /"hasQuorum":true.*\n/.test(peer.stdout()) && (peer.stdout().match(/"state":"failed"/g)?.length ?? 0) === 4,
      () => peer.stdout() + peer.stderr(),
    );
    // Other commands answer with one line too, however much they tell.
    for (const args of [["status"], ["peers"], ["config"], ["models", "list"]]) {
      const { stdout } = await run([...args, "--json"], { env });
      expect(stdout.split("\n")).toHaveLength(2);
      expect(JSON.parse(stdout)).toBeTypeOf("object");
    }
    // Without a model there is no answer: that is said in JSON as well.
    const chat = await run(["chat", "--json"], { env, input: "Good morning.\n" });
    expect(chat.code).toBe(0);
    expect(JSON.parse(chat.stdout)).toEqual({ type: "question", text: "Good morning." });
    expect(JSON.parse(chat.stderr)).toMatchObject({ error: { code: expect.any(String) as string } });
    const top = await run(["top", "--once", "--json"], { env });
    expect(JSON.parse(top.stdout)).toMatchObject({ peers: [{ isHere: true, load: { clients: 0 } }] });
    peer.process.kill("SIGTERM");
    expect(await peer.ended).toBe(0);

    // Standard error is JSON too: each line is told apart by what it has.
    for (const line of peer.stderr().trim().split("\n")) {
      expect(Object.keys(JSON.parse(line) as object).join()).toMatch(/^level,|^progress$|^warning$/);
    }
    expect(peer.stderr()).toContain('{"progress":"hearing');
    const events = eventsOf(peer.stdout());
    expect(events[0]).toMatchObject({ event: "started", pid: peer.process.pid, url: expect.stringMatching(/^http:/) });
    const peerId = events[0]?.["peerId"];
    expect(events).toContainEqual(
      expect.objectContaining({ event: "cluster", belonging: "member", prime: peerId, hasQuorum: true }),
    );
    expect(events).toContainEqual(expect.objectContaining({ event: "service", service: "stt", state: "failed" }));
    expect(events.slice(-2)).toEqual([{ event: "stopping" }, { event: "stopped" }]);
  });
});
