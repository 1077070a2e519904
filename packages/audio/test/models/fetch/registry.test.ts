import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { learnNpmConfig } from "../../../src/models/fetch/npm-config.ts";
import {
  authorizationFor,
  conventionalTarballUrl,
  registryFor,
  tarballUrlByPackument,
} from "../../../src/models/fetch/registry.ts";
import type { RegistryLookup } from "../../../src/models/fetch/registry.ts";
import { TEST_LIMITS, temporaryFolder } from "../support/models.ts";
import { honestly, startUnrulyServer } from "../support/unruly-server.ts";

interface Given {
  readonly option?: string;
  readonly env?: Record<string, string>;
  readonly project?: string;
  readonly user?: string;
  /** What npm says of itself; without it, npm cannot be started. */
  readonly npm?: Record<string, unknown>;
}

async function lookUp({ option, env = {}, project, user, npm }: Given): Promise<RegistryLookup> {
  const folder = await temporaryFolder();
  const [projectFolder, homeFolder] = [join(folder, "project"), join(folder, "home")];
  await Promise.all([mkdir(projectFolder), mkdir(homeFolder)]);
  if (project !== undefined) await writeFile(join(projectFolder, ".npmrc"), project);
  if (user !== undefined) await writeFile(join(homeFolder, ".npmrc"), user);
  const cli = join(folder, "npm-cli.js");
  if (npm !== undefined) await writeFile(cli, `console.log(${JSON.stringify(JSON.stringify(npm))})`);
  const config = await learnNpmConfig({
    env: { PATH: folder, npm_execpath: cli, ...env },
    projectFolder,
    homeFolder,
  });
  return { registryUrl: option, npm: config };
}

const registry = async (given: Given, name = "some-package"): Promise<string> => registryFor(name, await lookUp(given));

describe("the registry", () => {
  const all: Given = {
    option: "https://option.test/npm",
    env: { npm_config_registry: "https://env.test" },
    project: "registry = https://project.test/",
    user: "registry=https://user.test/",
  };
  const { option: _option, ...noOption } = all;
  const npm = { registry: "https://npm.test/", "@mine:registry": "https://mine.test/", proxy: null };
  const { env: _env, ...noEnv } = noOption;
  const { project: _project, ...noProject } = noEnv;

  test.each([
    ["the option", all, "https://option.test/npm/"],
    ["npm's own answer", { ...noOption, npm }, "https://npm.test/"],
    ["the environment", noOption, "https://env.test/"],
    ["the project's .npmrc", noEnv, "https://project.test/"],
    ["the user's .npmrc", noProject, "https://user.test/"],
    ["npm's public one", {}, "https://registry.npmjs.org/"],
  ])("is %s when nothing before it speaks", async (_, given, expected) => {
    expect(await registry(given)).toBe(expected);
  });

  test("of a scope goes before the file's registry, for that scope only", async () => {
    const project = "registry=https://main.test/\n@mine:registry=https://mine.test/\n";
    expect(await registry({ project }, "@mine/a")).toBe("https://mine.test/");
    expect(await registry({ project }, "@other/a")).toBe("https://main.test/");
  });

  test("is read as npm reads it: comments, quotes, variables, Windows line ends", async () => {
    const project =
      '; registry=https://no.test\r\n# registry=https://no.test\r\nregistry = "https://${HOST}/npm"\r\nbroken\r\n';
    expect(await registry({ project, env: { HOST: "company.test" } })).toBe("https://company.test/npm/");
  });

  test("is the next one when a setting is no URL", async () => {
    expect(await registry({ env: { npm_config_registry: "nonsense" }, user: "registry=https://user.test" })).toBe(
      "https://user.test/",
    );
  });
});

describe("a token", () => {
  const project = "//r.test/npm/:_authToken=${TOKEN}\n//r.test:8080/:_authToken=other\n";
  const given: Given = { project, user: "//r.test/npm/:_authToken=older\n", env: { TOKEN: "secret" } };

  test.each([
    ["https://r.test/npm/a/-/a-1.tgz", { authorization: "Bearer secret" }],
    ["https://r.test:8080/a", { authorization: "Bearer other" }],
    ["https://r.test/a", {}],
    ["https://r.test/npm-of-others/a", {}],
    ["https://cdn.r.test/npm/a", {}],
    ["https://r.test.evil.test/npm/a", {}],
  ])("goes only where the .npmrc says: %s", async (url, headers) => {
    expect(authorizationFor(url, await lookUp(given))).toEqual(headers);
    expect(authorizationFor(url, await lookUp({ ...given, npm: { registry: "https://r.test/npm/" } }))).toEqual(
      headers,
    );
  });

  test("that is an unset variable is none", async () => {
    expect(authorizationFor("https://r.test/npm/a", await lookUp({ project }))).toEqual({});
  });
});

describe("a tarball's address", () => {
  const pkg = { name: "@scope/pkg", version: "1.2.3", bytes: 1, sha256: "" };

  test("follows the convention below the registry's path", () => {
    expect(conventionalTarballUrl("https://r.test/npm/", pkg)).toBe("https://r.test/npm/@scope/pkg/-/pkg-1.2.3.tgz");
    const plain = { ...pkg, name: "pkg" };
    expect(conventionalTarballUrl("https://r.test/", plain)).toBe("https://r.test/pkg/-/pkg-1.2.3.tgz");
  });

  test.each([
    [
      "states one",
      { versions: { "1.2.3": { dist: { tarball: "https://cdn.test/x.tgz" } } } },
      "https://cdn.test/x.tgz",
    ],
    ["has not the version", { versions: {} }, undefined],
    ["states no web address", { versions: { "1.2.3": { dist: { tarball: "file:///etc/passwd" } } } }, undefined],
    ["is nonsense", "nonsense", undefined],
  ])("is what the packument says when it %s", async (_, packument, expected) => {
    const server = await startUnrulyServer();
    server.serve("/@scope%2fpkg", Buffer.from(JSON.stringify(packument)), honestly());
    const signal = new AbortController().signal;
    const url = await tarballUrlByPackument(`${server.url}/`, pkg, await lookUp({}), { limits: TEST_LIMITS, signal });
    expect(url).toBe(expected);
  });

  test("is unknown when the registry answers with a web page or not at all", async () => {
    const server = await startUnrulyServer();
    const options = { limits: TEST_LIMITS, signal: new AbortController().signal };
    expect(await tarballUrlByPackument(`${server.url}/`, pkg, await lookUp({}), options)).toBeUndefined();
    server.serve("/@scope%2fpkg", Buffer.from("<html>log in</html>"), honestly());
    expect(await tarballUrlByPackument(`${server.url}/`, pkg, await lookUp({}), options)).toBeUndefined();
  });
});
