import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { kitchen } from "./sample.ts";

const HUB = `parley-hub-${process.pid}`;
const LEFT = `parley-left-${process.pid}`;
const LATE = `parley-late-${process.pid}`;
const RIGHT = `parley-right-${process.pid}`;

const ip = (...args: string[]) => execFileSync("ip", args, { stdio: "pipe" });
const inside = (namespace: string, ...args: string[]) => ip("-n", namespace, ...args);

/** Why there can be no namespaces; undefined when there can. */
function obstacle(): string | undefined {
  const probe = `parley-probe-${process.pid}`;
  const made = spawnSync("ip", ["netns", "add", probe], { encoding: "utf8" });
  if (made.error !== undefined) return made.error.message;
  if (made.status !== 0) return made.stderr.trim();
  ip("netns", "del", probe);
  return undefined;
}

/** One cable: an interface in each namespace, in a network of their own, with a way for multicast. */
function plug(network: number, one: string, other: string): void {
  const [first, second] = [`pv${process.pid % 10_000}-${network}a`, `pv${process.pid % 10_000}-${network}b`];
  ip("link", "add", first, "netns", one, "type", "veth", "peer", "name", second, "netns", other);
  for (const [namespace, name, host] of [
    [one, first, 1],
    [other, second, 2],
  ] as const) {
    inside(namespace, "addr", "add", `10.77.${network}.${host}/24`, "dev", name);
    inside(namespace, "link", "set", name, "up");
    inside(namespace, "route", "append", "224.0.0.0/4", "dev", name);
  }
}

interface Heard {
  readonly event: string;
  readonly instance?: string;
  readonly addresses?: readonly string[];
  readonly advert?: typeof kitchen;
}

const running: ChildProcess[] = [];

/** Runs one of `processes/` in a namespace. */
function run(namespace: string, name: string, ...args: string[]) {
  const script = fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url));
  const node = [process.execPath, "--conditions=parley-source", script, ...args];
  const child = spawn("ip", ["netns", "exec", namespace, ...node], { stdio: ["pipe", "pipe", "inherit"] });
  running.push(child);
  const heard: Heard[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => heard.push(JSON.parse(line)));
  return {
    heard,
    tell: (line: unknown) => child.stdin.write(`${JSON.stringify(line)}\n`),
    async end() {
      child.stdin.end();
      if (child.exitCode === null) await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

/** Waits for it to say that. */
function expectHeard({ heard }: ReturnType<typeof run>, what: object): Promise<void> {
  return expect.poll(() => heard.some((one) => matches(one, what)), { timeout: 20_000 }).toBe(true);
}

function matches(heard: Heard, what: object): boolean {
  try {
    expect(heard).toMatchObject(what);
    return true;
  } catch {
    // That is the question.
    return false;
  }
}

const noAvahi = ["avahi-browse", "avahi-daemon", "dbus-daemon"].find(
  (command) => spawnSync(command, ["--version"]).error !== undefined,
);
if (noAvahi !== undefined) console.log(`skipped: reading adverts with avahi, because ${noAvahi} is not installed`);

const why = obstacle();
if (why !== undefined) console.log(`skipped: real multicast, because network namespaces cannot be made (${why})`);

describe.skipIf(why !== undefined)("a peer called out on real networks", () => {
  beforeAll(() => {
    for (const namespace of [HUB, LEFT, RIGHT, LATE]) {
      ip("netns", "add", namespace);
      inside(namespace, "link", "set", "lo", "up");
    }
    plug(1, HUB, LEFT);
    plug(2, HUB, RIGHT);
  });
  afterEach(async () => {
    for (const child of running.splice(0)) {
      child.stdin?.end();
      if (child.exitCode === null) await new Promise((resolve) => child.once("exit", resolve));
    }
  });
  afterAll(() => {
    for (const namespace of [HUB, LEFT, RIGHT, LATE]) ip("netns", "del", namespace);
  });

  it("is found on each of its networks, there by its address in that network, whoever was first", async () => {
    const left = run(LEFT, "browser");
    const hub = run(HUB, "advertiser");
    await expectHeard(hub, { event: "announced" });
    const right = run(RIGHT, "browser");
    const { name, ...advert } = kitchen;
    await expectHeard(left, { event: "found", addresses: ["10.77.1.1"], port: 8765, advert: { name, ...advert } });
    await expectHeard(right, { event: "found", addresses: ["10.77.2.1"], advert: { name } });
    expect(JSON.stringify([...left.heard, ...right.heard])).not.toMatch(/127\.0\.0\.1|trouble/);
  }, 60_000);

  it("is followed when what it says changes, and missed at once when it leaves", async () => {
    const hub = run(HUB, "advertiser");
    const left = run(LEFT, "browser");
    await expectHeard(left, { event: "found", advert: { pairing: "closed" } });
    await expectHeard(hub, { event: "announced" });
    hub.tell({ pairing: "open" });
    await expectHeard(left, { event: "found", advert: { pairing: "open", name: kitchen.name } });
    await hub.end();
    await expectHeard(left, { event: "gone", instance: "küche v2._parley._tcp.local" });
  }, 60_000);

  it("takes another name when a peer nearby has its own, and both are found", async () => {
    const hub = run(HUB, "advertiser");
    await expectHeard(hub, { event: "announced" });
    const other = kitchen.peerId.replace(/.{4}$/, "zzzz");
    const left = run(LEFT, "advertiser", JSON.stringify({ peerId: other }));
    await expectHeard(left, { event: "renamed", instance: "küche v2 (2)" });
    const watcher = run(LEFT, "browser");
    await expectHeard(watcher, { event: "found", advert: { peerId: kitchen.peerId } });
    await expectHeard(watcher, { event: "found", advert: { peerId: other } });
  }, 60_000);

  it("is found on a network that it, and who looks for it, came to later", async () => {
    const right = run(RIGHT, "browser");
    const late = run(LATE, "advertiser");
    await expectHeard(late, { event: "announced" });
    plug(3, LATE, RIGHT);
    await expectHeard(right, { event: "found", addresses: ["10.77.3.1"] });
  }, 60_000);

  it.skipIf(noAvahi !== undefined)(
    "is read by avahi-browse, under both its types",
    async () => {
      const hub = run(HUB, "advertiser");
      await expectHeard(hub, { event: "announced" });
      const script = fileURLToPath(new URL("processes/avahi.sh", import.meta.url));
      const types = ["_parley._tcp", "_janet-mesh._tcp"];
      const { promise: exited, resolve } = Promise.withResolvers<string>();
      const child = spawn("ip", ["netns", "exec", LEFT, script, ...types], { stdio: ["ignore", "pipe", "inherit"] });
      running.push(child);
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
      child.once("exit", () => resolve(output));
      const resolved = (await exited).split("\n").filter((line) => line.startsWith("="));
      for (const type of types) {
        const line = resolved.find((each) => each.includes(`;${type};`)) ?? "";
        expect(line).toContain(";10.77.1.1;8765;");
        expect(line).toContain(`"peer=${kitchen.peerId}"`);
        for (const pair of ["cluster=c-7f3a", "version=0.1.0", "pairing=closed", "services=stt,llm"]) {
          expect(line).toContain(`"${pair}"`);
        }
      }
    },
    60_000,
  );
});
