import { readFile } from "node:fs/promises";
import path from "node:path";
import { X509Certificate } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { runCli } from "../../src/cli/program.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig } from "../support.ts";
import { writeFile } from "node:fs/promises";

/** A command line beside a real peer by itself. */
async function beside(flags = {}) {
  const folder = await temporaryFolder();
  const config = testConfig(folder.path, { name: "attic", ...flags });
  const peer = await createPeer({ config, sources: fixedDelaySources({}) });
  onTestFinished(async () => {
    await peer.close();
    await folder.remove();
  });
  const about = { pid: process.pid, url: peer.url, peerId: peer.identity.peerId };
  await writeFile(peer.paths.peerFile, JSON.stringify(about));
  await writeFile(peer.paths.cliToken, `${peer.token}\n`);
  const run = async (...args: readonly string[]) => {
    let [stdout, stderr] = ["", ""];
    const context = {
      stdout: (text: string) => void (stdout += text),
      stderr: (text: string) => void (stderr += text),
      env: {},
      cwd: folder.path,
    };
    const code = await runCli(["--home", folder.path, "trust", ...args], context, "parley");
    return { code, stdout, stderr };
  };
  return { peer, folder: folder.path, run };
}

describe("parley trust", () => {
  it("says what is to be compared, where the file is, and how each platform trusts it", async () => {
    const { folder, run } = await beside();
    const { code, stdout } = await run();
    expect(code).toBe(0);
    const file = path.join(folder, "ca.pem");
    const { fingerprint256 } = new X509Certificate(await readFile(file));
    expect(stdout).toContain(fingerprint256);
    expect(stdout).toContain(file);
    for (const words of [
      "update-ca-certificates",
      "update-ca-trust",
      "security add-trusted-cert",
      "certutil -addstore",
      "iPhone",
      "Android",
      "Firefox",
      `NODE_EXTRA_CA_CERTS=${file}`,
      "REQUESTS_CA_BUNDLE",
      "curl --cacert",
    ]) {
      expect(stdout).toContain(words);
    }
    expect((await run("--platform", "curl")).stdout).toMatch(/^curl:\n +curl --cacert/);
    expect(await run("--platform", "toaster")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("debian") as string,
    });
  });

  it("prints the certificate alone, writes it to a file, and tells programs everything", async () => {
    const { folder, run } = await beside();
    const { stdout: pem } = await run("--pem");
    expect(new X509Certificate(pem).ca).toBe(true);
    await run("--out", "house.pem");
    expect(await readFile(path.join(folder, "house.pem"), "utf8")).toBe(pem);
    expect(await run("--out", "no/such/folder.pem")).toMatchObject({ code: 5 });
    const told: unknown = JSON.parse((await run("--json")).stdout);
    expect(told).toMatchObject({ pem, file: path.join(folder, "ca.pem"), isOwnShown: false, predecessor: null });
    expect(told).toMatchObject({ fingerprint: new X509Certificate(pem).fingerprint256, addresses: [] });
  });

  it("makes another authority when a person wants it, and says until when the old one is served", async () => {
    const { run } = await beside();
    const before = new X509Certificate((await run("--pem")).stdout);
    expect((await run("--renew")).code).toBe(130);
    const { code, stdout } = await run("--renew", "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("a person wanted it");
    expect(stdout).toContain(before.fingerprint256);
    const after = new X509Certificate((await run("--pem")).stdout);
    expect(after.fingerprint256).not.toBe(before.fingerprint256);
    expect(stdout).toContain(after.fingerprint256);
  });
});
