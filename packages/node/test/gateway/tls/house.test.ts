/** Real peers, which real clients trust once. */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { FlagValues } from "../../../src/config/index.ts";
import { createPeer, eventually, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../../support.ts";
import { freePorts, SECRET } from "../../cluster/host/peers.ts";
import { ask, seenBy } from "./certificates.ts";

const run = promisify(execFile);
const openssl = await run("openssl", ["version"]).then(
  ({ stdout }) => stdout.trim(),
  () => undefined,
);
if (openssl === undefined) console.warn("skipped: no openssl here to look at the peer with");

async function peerOf(flags: FlagValues, joinSecret?: string): Promise<Peer & { readonly port: number }> {
  const folder = await temporaryFolder();
  const peer = await createPeer({ config: testConfig(folder.path, flags), sources: fixedDelaySources({}), joinSecret });
  onTestFinished(async () => {
    await peer.close();
    await folder.remove();
  });
  return { ...peer, port: Number(new URL(peer.url).port) };
}

const pemOf = (peer: Peer): Promise<string> => readFile(peer.paths.caCertificate, "utf8");
const fetched = (port: number, ca: string): Promise<string> => ask(port, "/ca.pem", { ca }).then(({ body }) => body);

/** Two peers of one cluster. */
async function houseOfTwo() {
  const ports = await freePorts(2);
  const flags = (i: number): FlagValues => ({
    name: `peer-${i}`,
    "cluster.enabled": "true",
    "cluster.discovery": "static",
    "mesh.port": String(ports[i] ?? 0),
    "cluster.join": `127.0.0.1:${ports[1 - i]}`,
  });
  const one = await peerOf(flags(0), SECRET);
  await eventually(() => one.cluster.belonging).toBe("member");
  const other = await peerOf(flags(1), SECRET);
  await eventually(() => [one, other].map(({ cluster }) => cluster.peers().length)).toEqual([2, 2]);
  return { one, other };
}

describe("a client that trusts the house once", () => {
  it("reaches each of its peers, by HTTPS, WebSocket and fetch, and goes on for a while when one of them was revoked", async () => {
    const { one, other } = await houseOfTwo();
    const ca = await pemOf(one);
    await expect.poll(() => pemOf(other), { timeout: 30_000 }).toBe(ca);
    for (const { port } of [one, other]) {
      await expect.poll(() => fetched(port, ca).catch(String), { timeout: 30_000 }).toBe(ca);
      const seen = await seenBy(port, { ca, servername: "localhost" });
      expect(seen.subjectaltname).toContain("DNS:localhost");
      await new Promise<void>((resolve, reject) => {
        const socket = new WebSocket(`wss://localhost:${port}/ws`, { ca });
        socket.on("error", reject);
        socket.on("open", () => {
          socket.terminate();
          resolve();
        });
      });
    }
    // As any program is told: by its environment.
    const program = `const answers = await Promise.all(process.argv.slice(1).map((port) => fetch("https://127.0.0.1:" + port + "/health")));
      console.log(answers.map(({ status }) => status).join());`;
    const args = ["--input-type=module", "-e", program, String(one.port), String(other.port)];
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: one.paths.caCertificate };
    expect((await run(process.execPath, args, { env })).stdout.trim()).toBe("200,200");
    // Its authority is kept for the house alone.
    expect((await readFile(one.paths.authority, "utf8")).includes("PRIVATE")).toBe(false);
    const { mode } = await import("node:fs/promises").then(({ stat }) => stat(one.paths.authority));
    expect(mode & 0o077).toBe(0);

    // It goes on when a peer was revoked, for a while, and the one that is gone shows what nobody trusts.
    await eventually(() => one.cluster.peers().filter(({ role }) => role === "voter").length).toBe(2);
    await one.cluster.revoke("peer-1");
    await expect.poll(() => pemOf(one), { timeout: 30_000 }).not.toBe(ca);
    const [before, after] = [ca, await pemOf(one)];
    expect(new X509Certificate(after).subject).not.toBe(new X509Certificate(before).subject);
    // Who trusts either is served by what stays …
    await expect.poll(() => fetched(one.port, after).catch(String), { timeout: 30_000 }).toBe(after);
    expect(await fetched(one.port, before)).toBe(after);
    await eventually(() => other.cluster.belonging).toBe("revoked");
    // … and by the other no more.
    await expect
      .poll(() => fetched(other.port, before).then(() => "served", String), { timeout: 30_000 })
      .toMatch(/verify/);
    await expect(fetched(other.port, after)).rejects.toThrow(/verify/);
  });
});

describe("a peer by itself", () => {
  it("shows an authority of its own, the same after a restart", async () => {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    const seen: string[] = [];
    for (let i = 0; i < 2; i += 1) {
      const peer = await createPeer({ config: testConfig(folder.path), sources: fixedDelaySources({}) });
      const port = Number(new URL(peer.url).port);
      seen.push(await fetch(`${peer.url}/ca.pem`).then((answer) => answer.text()));
      expect(await fetched(port, seen[0] ?? "")).toBe(seen[i]);
      await peer.close();
    }
    expect(seen[1]).toBe(seen[0]);
  });

  it("shows a person's own certificate, another when the files change, and does not start with one that does not fit", async () => {
    const source = await peerOf({});
    await fetch(`${source.url}/ca.pem`);
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    const files = { "tls.certificate": join(folder.path, "own.pem"), "tls.key": join(folder.path, "own.key") };
    const { foundAuthority } = await import("../../../src/gateway/tls/authority.ts");
    const { shownBy } = await import("./certificates.ts");
    const authority = await foundAuthority(Date.now());
    const { certificate, key } = await shownBy(authority, ["parley.example.org"]);
    await writeFile(files["tls.certificate"], certificate);
    await writeFile(files["tls.key"], (await shownBy(authority, ["x"])).key);
    await expect(peerOf(files)).rejects.toMatchObject({ code: "config-invalid" });
    await writeFile(files["tls.key"], key);
    const peer = await peerOf({ ...files, "listen.names": "parley.example.org" });
    const ca = (await import("../../../src/gateway/tls/x509.ts")).pemOf(authority.certificate);
    const { subjectaltname } = await seenBy(peer.port, { ca, servername: "parley.example.org" });
    expect(subjectaltname).toBe("DNS:parley.example.org");
    expect(
      (
        await ask(peer.port, "/health", {
          ca,
          servername: "parley.example.org",
          headers: { host: "parley.example.org" },
        })
      ).status,
    ).toBe(200);
  });

  it.skipIf(openssl === undefined)("passes openssl's own look at it, by TLS 1.2 and 1.3", async () => {
    const peer = await peerOf({});
    await fetch(`${peer.url}/ca.pem`);
    for (const version of ["-tls1_2", "-tls1_3"]) {
      const args = ["s_client", "-connect", `127.0.0.1:${peer.port}`, "-CAfile", peer.paths.caCertificate];
      const strict = ["-x509_strict", "-verify_return_error", "-verify_hostname", "localhost", "-brief", version];
      const child = run("openssl", [...args, ...strict]);
      child.child.stdin?.end("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      const { stdout, stderr } = await child;
      expect(stdout + stderr).toMatch(/Verification: OK/);
    }
    const old = run("openssl", [
      "s_client",
      "-connect",
      `127.0.0.1:${peer.port}`,
      "-tls1_1",
      "-cipher",
      "ALL@SECLEVEL=0",
    ]);
    old.child.stdin?.end();
    await expect(old).rejects.toThrow(/failed/);
  });
});
