import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** Prints the names of the packages and rooms that were loaded. */
const WATCH = `
import { registerHooks } from "node:module";
const rooms = new Set();
registerHooks({
  load(url, context, next) {
    const room = /node_modules\\/((?:@[^/]+\\/)?[^/]+)(?!.*node_modules)/.exec(url) ?? /packages\\/(\\w+\\/src\\/\\w+)/.exec(url);
    if (room !== null) rooms.add(room[1]);
    return next(url, context);
  },
});
process.on("exit", () => process.stderr.write("LOADED " + JSON.stringify([...rooms])));
`;

async function loadedBy(...args: readonly string[]): Promise<readonly string[]> {
  const { stderr } = await promisify(execFile)(process.execPath, [
    "--conditions=parley-source",
    `--import=data:text/javascript,${encodeURIComponent(WATCH)}`,
    MAIN,
    ...args,
    "--help",
  ]);
  return JSON.parse(stderr.slice(stderr.indexOf("LOADED ") + 7)) as string[];
}

const OF_A_PEER = ["libp2p", "fastify", "level", "node/src/gateway", "raft/src/core", "audio/src/engines"];

describe("a command", () => {
  it.each([
    "status",
    "ears",
    "join",
    "pair",
    "peers",
    "revoke",
    "chaos",
    "leave",
    "recover",
    "settings",
    "trust",
    "route",
    "top",
    "config",
  ])("that asks a running peer, such as %s, loads nothing of what makes one", async (command) => {
    const loaded = await loadedBy(command);
    expect(loaded).toContain("node/src/cli");
    expect(loaded.filter((room) => OF_A_PEER.includes(room))).toStrictEqual([]);
  });

  it("that makes a peer loads it", async () => {
    expect(await loadedBy("start")).toEqual(expect.arrayContaining(OF_A_PEER));
  });
});
