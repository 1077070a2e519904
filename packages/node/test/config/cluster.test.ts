import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { givenJoinSecret, joinListOf, rolesOf, SETTINGS, type Config } from "../../src/config/index.ts";
import { temporaryFolder } from "../support.ts";
import { load } from "./sample.ts";

function configOf(env: Record<string, string>): Config {
  const loaded = load({ env });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

describe("a peer that was told nothing", () => {
  it("takes part: it looks for others on the local network, and listens for them", () => {
    const { cluster, mesh } = configOf({});
    expect(cluster).toMatchObject({ enabled: true, discovery: "mdns", advertise: "brief", timing: "lan" });
    expect(mesh).toEqual({ host: "0.0.0.0", port: 8766 });
  });
});

describe("cluster.join", () => {
  it("is a list with commas or blanks between its items", () => {
    const given = "kitchen.local, 192.168.1.7:8766 [fd00::7]:9  ::1,/dns4/attic.lan/tcp/8766";
    expect(joinListOf(configOf({ PARLEY_CLUSTER_JOIN: given }))).toEqual([
      "kitchen.local",
      "192.168.1.7:8766",
      "[fd00::7]:9",
      "::1",
      "/dns4/attic.lan/tcp/8766",
    ]);
    expect(joinListOf(configOf({}))).toEqual([]);
  });

  it.each(["http://kitchen.local", "kitchen:port", "kitchen:8766/x", "ki?chen", "a,b:"])("refuses %j", (given) => {
    expect(load({ env: { PARLEY_CLUSTER_JOIN: given } }).ok).toBe(false);
  });

  it("contradicts a peer that is to look for nobody", () => {
    const config = configOf({ PARLEY_CLUSTER_JOIN: "kitchen.local", PARLEY_CLUSTER_DISCOVERY: "off" });
    expect(() => joinListOf(config)).toThrow(/nobody is asked/);
    expect(joinListOf(configOf({ PARLEY_CLUSTER_DISCOVERY: "off" }))).toEqual([]);
  });
});

describe("cluster.roles", () => {
  it("names what a peer does; all is everything", () => {
    expect([...rolesOf(configOf({ PARLEY_CLUSTER_ROLES: "stt, tts" }))]).toEqual(["stt", "tts"]);
    const all = ["stt", "tts", "llm", "rag", "corpus", "client", "jack_performance"];
    expect([...rolesOf(configOf({}))]).toEqual(all);
    expect([...rolesOf(configOf({ PARLEY_CLUSTER_ROLES: "llm,all" }))]).toEqual(all);
  });

  it.each([",", "sttt", "stt;tts", "ALL"])("refuses %j", (given) => {
    expect(load({ env: { PARLEY_CLUSTER_ROLES: given } }).ok).toBe(false);
  });
});

describe("the join secret", () => {
  const secret = "correct horse battery staple";

  it("comes from the environment, or from a file, or not at all", async () => {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    const file = path.join(folder.path, "secret");
    await writeFile(file, `${secret}\n`);
    await chmod(file, 0o600);
    expect(givenJoinSecret({}, configOf({}))).toBeUndefined();
    expect(givenJoinSecret({ PARLEY_JOIN_SECRET: "" }, configOf({}))).toBeUndefined();
    expect(givenJoinSecret({ PARLEY_JOIN_SECRET: secret }, configOf({}))).toBe(secret);
    expect(givenJoinSecret({}, configOf({ PARLEY_JOIN_SECRET_FILE: file }))?.trim()).toBe(secret);
  });

  it("given twice, or in a file that is empty or not there, is refused without a word of it", async () => {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    const file = path.join(folder.path, "secret");
    const config = configOf({ PARLEY_JOIN_SECRET_FILE: file });
    const failure = (env: Record<string, string>): unknown => {
      try {
        return givenJoinSecret(env, config);
      } catch (error) {
        return error;
      }
    };
    expect(failure({})).toMatchObject({ code: "config-invalid", message: expect.stringContaining("ENOENT") as string });
    await writeFile(file, " \n");
    expect(failure({})).toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining("no join") as string,
    });
    await writeFile(file, "another secret of some length");
    const twice = failure({ PARLEY_JOIN_SECRET: secret });
    expect(twice).toMatchObject({ code: "config-invalid" });
    expect(JSON.stringify(twice) + String(twice)).not.toMatch(/horse|another secret/);
  });

  it("is no setting, so nothing that shows settings can show it", () => {
    fc.assert(
      fc.property(fc.constantFrom(...SETTINGS), ({ env, key }) => {
        expect(env).not.toBe("PARLEY_JOIN_SECRET");
        expect(key).not.toBe("cluster.join_secret");
      }),
    );
  });
});
