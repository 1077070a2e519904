import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, stat, writeFile, chmod } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { homePaths, prepareHome, readConfig } from "../../src/config/index.ts";
import { configFileFor } from "../../src/config/read.ts";
import { userFolders } from "../../src/config/host-facts.ts";
import { HOST } from "./sample.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "parley-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe("finding the configuration file", () => {
  const at = (request: { configFile?: string; env?: Record<string, string>; home?: string }) =>
    configFileFor(
      { env: {}, cwd: "/work", flags: request.home === undefined ? {} : { home: request.home }, ...request },
      HOST,
    );

  it("asks --config, PARLEY_CONFIG, --home, PARLEY_HOME and the user's configuration folder, in this order", () => {
    const env = { PARLEY_CONFIG: "env.toml", PARLEY_HOME: "/env-home" };
    expect(at({ configFile: "flag.toml", home: "/flag-home", env })).toEqual({
      path: "/work/flag.toml",
      required: true,
    });
    expect(at({ home: "/flag-home", env })).toEqual({ path: "/work/env.toml", required: true });
    expect(at({ home: "~/h", env: { PARLEY_HOME: "/x" } })).toEqual({
      path: "/home/ada/h/parley.toml",
      required: false,
    });
    expect(at({ env: { PARLEY_HOME: "rel" } })).toEqual({ path: "/work/rel/parley.toml", required: false });
    expect(at({})).toEqual({ path: "/home/ada/.config/parley/parley.toml", required: false });
  });

  it("goes without a file that nobody asked for", () => {
    const read = readConfig({ env: { PARLEY_HOME: folder }, cwd: folder, flags: {} });
    expect(read).toMatchObject({ file: { found: false }, config: { home: folder } });
  });

  it("reads the file in home", async () => {
    const home = path.join(folder, "with-file");
    await mkdir(home);
    await writeFile(path.join(home, "parley.toml"), `name = "found"`);
    const read = readConfig({ env: {}, cwd: folder, flags: { home } });
    expect(read).toMatchObject({
      config: { name: "found" },
      file: { path: path.join(home, "parley.toml"), found: true },
    });
  });

  it.each([
    ["a missing file", () => path.join(folder, "none.toml"), /cannot be read \(ENOENT\)/],
    ["a folder", () => folder, /cannot be read \(EISDIR\)/],
    ["bytes that are not UTF-8", () => write("bytes.toml", new Uint8Array([0x61, 0xff, 0xfe])), /not UTF-8/],
    ["a huge file", () => write("huge.toml", "#".repeat(1024 * 1024 + 1)), /larger than/],
    [
      "wrong values",
      () => write("wrong.toml", "name = 1\n[listen]\nport = 70000"),
      /2 problems:\n.*wrong\.toml:1:8: .*\n.*wrong\.toml:3:8: .*0 to 65535/,
    ],
  ])("refuses %s that was asked for, as config-invalid with a next step", (_, make, message) => {
    const attempt = () => readConfig({ env: {}, cwd: folder, flags: {}, configFile: make() });
    expect(attempt).toThrow(expect.objectContaining({ code: "config-invalid", nextStep: expect.stringMatching(/\w/) }));
    expect(attempt).toThrow(message);
  });
});

describe("where things live", () => {
  it("follows each platform, and ignores relative XDG folders as their specification asks", () => {
    expect(userFolders("linux", "/home/ada", {})).toEqual({
      dataFolder: "/home/ada/.local/share/parley",
      configFolder: "/home/ada/.config/parley",
    });
    expect(userFolders("linux", "/home/ada", { XDG_DATA_HOME: "/d", XDG_CONFIG_HOME: "relative" })).toEqual({
      dataFolder: "/d/parley",
      configFolder: "/home/ada/.config/parley",
    });
    expect(userFolders("darwin", "/Users/ada", {}).dataFolder).toBe("/Users/ada/Library/Application Support/Parley");
    expect(userFolders("win32", String.raw`C:\Users\ada`, { LOCALAPPDATA: String.raw`D:\Local` })).toEqual({
      dataFolder: String.raw`D:\Local\Parley`,
      configFolder: String.raw`C:\Users\ada\AppData\Roaming\Parley`,
    });
  });
});

describe("home", () => {
  it("is made for its owner alone, and may be prepared again", async () => {
    const home = path.join(folder, "a", "home");
    const paths = await prepareHome(home);
    expect(await prepareHome(home)).toEqual(paths);
    expect(paths).toEqual(homePaths(home));
    expect((await stat(paths.home)).mode & 0o777).toBe(0o700);
  });

  it("is refused when a file is in its way or others may write to it, with what to do", async () => {
    const inTheWay = path.join(write("file", ""), "home");
    await expect(prepareHome(inTheWay)).rejects.toMatchObject({ code: "home-unusable", details: { folder: inTheWay } });
    const open = path.join(folder, "open");
    await mkdir(open);
    await chmod(open, 0o777);
    await expect(prepareHome(open)).rejects.toMatchObject({
      code: "home-unusable",
      nextStep: expect.stringContaining("chmod 700"),
    });
  });
});
