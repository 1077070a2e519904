import { randomBytes } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import type { FoundSecret, Secret, Secrets } from "../../../src/cluster/face.ts";
import { ResumeKey } from "../../../src/gateway/access/resume-key.ts";
import { createPeer } from "../../../src/peer.ts";
import { FakeCluster } from "../../fake-cluster.ts";
import { fixedDelaySources, noLog, temporaryFolder, testConfig } from "../../support.ts";

/** The secrets of one house, as each of its members sees them. */
class SharedSecrets implements Secrets {
  #found: FoundSecret | undefined;
  #revision = 0;

  find(): FoundSecret | undefined {
    return this.#found;
  }

  async replace(_name: string, secret: Secret, revision: number): Promise<boolean> {
    if (revision !== (this.#found?.revision ?? 0)) return false;
    this.#revision += 1;
    this.#found = { ...secret, isExposed: false, isShared: true, revision: this.#revision };
    return true;
  }

  watch(): () => void {
    return () => undefined;
  }

  expose(): void {
    if (this.#found !== undefined) this.#found = { ...this.#found, isExposed: true };
  }
}

describe("the key of resume tokens", () => {
  it("is one for all peers of a house, and another once somebody was revoked who knew it", async () => {
    const secrets = new SharedSecrets();
    const [one, other] = [0, 1].map(() => {
      const cluster = Object.assign(new FakeCluster(), { secrets });
      const key = new ResumeKey({ cluster, onFailure: (error) => expect.unreachable(String(error)) });
      onTestFinished(() => key.close());
      return { cluster, key };
    });
    if (one === undefined || other === undefined) throw new Error("two were made");
    await expect.poll(() => one.key.keys).toHaveLength(1);
    const [first] = one.key.keys;
    expect(other.key.keys).toEqual([first]);
    secrets.expose();
    expect(one.key.keys).toEqual([]);
    one.cluster.change(() => undefined);
    await expect.poll(() => other.key.keys).toHaveLength(1);
    expect(other.key.keys).not.toEqual([first]);
  });

  it("is tried again when the house could not agree on it", async () => {
    const secrets = new SharedSecrets();
    const failures: unknown[] = [];
    const replace = secrets.replace.bind(secrets);
    secrets.replace = async () => Promise.reject(new Error("no quorum"));
    const cluster = Object.assign(new FakeCluster(), { secrets });
    const key = new ResumeKey({ cluster, onFailure: (error) => failures.push(error) });
    onTestFinished(() => key.close());
    await expect.poll(() => failures).toHaveLength(1);
    expect(key.keys).toEqual([]);
    secrets.replace = replace;
    cluster.change(() => undefined);
    await expect.poll(() => key.keys).toHaveLength(1);
  });

  it("is a peer's own where it belongs to no house", () => {
    const cluster = new FakeCluster();
    cluster.belonging = "off";
    const key = new ResumeKey({ cluster, onFailure: (error) => expect.unreachable(String(error)) });
    onTestFinished(() => key.close());
    expect(key.keys).toEqual([expect.any(Uint8Array)]);
    expect(key.keys[0]).not.toEqual(randomBytes(32));
  });
});

describe("peers that live for one command", () => {
  it("do not get in each other's way, nor in that of the peer of the same home", async () => {
    const folder = await temporaryFolder();
    const config = testConfig(folder.path);
    const off = { ...config, cluster: { ...config.cluster, enabled: false } };
    const options = { config: off, sources: fixedDelaySources({}), log: noLog };
    const peers = [
      await createPeer(options),
      await createPeer({ ...options, isBrief: true }),
      await createPeer({ ...options, isBrief: true }),
    ];
    expect(new Set(peers.map(({ url }) => url)).size).toBe(3);
    for (const peer of peers) await peer.close();
    await folder.remove();
  });
});
