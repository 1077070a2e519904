import { spawn, spawnSync } from "node:child_process";
import { describe, expect, it, onTestFinished } from "vitest";
import { watchLogind } from "../../../src/cluster/sleep/logind.ts";
import { noLog } from "../../support.ts";
import { noBus, standInLogind } from "./system-bus.ts";

const GDBUS = [
  "gdbus",
  "monitor",
  "--system",
  "--dest",
  "org.freedesktop.login1",
  "--object-path",
  "/org/freedesktop/login1",
];
const DBUS_MONITOR = ["dbus-monitor", "--system", "type='signal',interface='org.freedesktop.login1.Manager'"];

interface Watched {
  readonly events: string[];
  heard(event: string): Promise<void>;
  /** Lets the host sleep. */
  letGo(): void;
  close(): Promise<void>;
}

function watched(listeners?: readonly (readonly string[])[]): Watched {
  const events: string[] = [];
  const waiting = new Map<string, () => void>();
  let letGo: () => void = () => undefined;
  const tell = (event: string): void => {
    events.push(event);
    waiting.get(event)?.();
  };
  const watch = watchLogind({
    log: noLog,
    ...(listeners === undefined ? {} : { listeners }),
    events: {
      falling: () => {
        tell("falling");
        return new Promise((resolve) => {
          letGo = resolve;
        });
      },
      woke: () => tell("woke"),
    },
  });
  onTestFinished(() => watch.close());
  return {
    events,
    heard: (event) =>
      new Promise((resolve) => {
        if (events.includes(event)) resolve();
        waiting.set(event, resolve);
      }),
    letGo: () => letGo(),
    close: () => watch.close(),
  };
}

/** Processes that somebody left behind with that bus. */
function leftOn(address: string): string {
  const { stdout } = spawnSync("sh", ["-c", `grep -l '${address}' /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3`]);
  const pids = stdout.toString().trim().split("\n");
  return pids
    .filter((pid) => pid !== "" && Number(pid) !== process.pid)
    .map((pid) =>
      spawnSync("cat", [`/proc/${pid}/cmdline`])
        .stdout.toString()
        .replaceAll("\0", " "),
    )
    .filter((line) => /gdbus|dbus-monitor|systemd-inhibit|cat/.test(line))
    .join("\n");
}

describe.skipIf(noBus !== undefined)("sleep as logind tells of it", () => {
  it.each([
    ["gdbus", [GDBUS]],
    ["dbus-monitor", [DBUS_MONITOR]],
    ["what is there of both", [["gdbus-that-is-not-there"], DBUS_MONITOR]],
  ])("holds the host off until all is handed over, and takes hold again afterwards, by %s", async (_, listeners) => {
    const logind = await standInLogind();
    const peer = watched(listeners);
    await logind.heard("lock");
    // The listener has no way to say that it listens.
    const asking = setInterval(() => peer.events.length === 0 && logind.announce("sleep"), 300);
    await peer.heard("falling");
    clearInterval(asking);
    expect(logind.said).not.toContain("asleep");
    expect(leftOn(logind.address)).toMatch(/gdbus|dbus-monitor/);
    peer.letGo();
    await logind.heard("asleep");
    logind.announce("wake");
    await peer.heard("woke");
    await logind.heard("lock", 2);
    expect(peer.events).toEqual(["falling", "woke"]);
    await peer.close();
    await logind.heard("released", 2);
    expect(leftOn(logind.address)).toBe("");
  });

  it("lets the host sleep by itself when the peer has died meanwhile", async () => {
    const logind = await standInLogind();
    const script = `
      const { watchLogind } = await import(${JSON.stringify(new URL("../../../src/cluster/sleep/logind.ts", import.meta.url).href)});
      const log = { debug() {}, info() {} };
      watchLogind({ log, events: { falling: () => new Promise(() => {}), woke() {} } });
      setTimeout(() => {}, 60_000);`;
    const child = spawn(process.execPath, ["--conditions=parley-source", "--input-type=module", "-e", script], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await logind.heard("lock");
    child.kill("SIGKILL");
    await logind.heard("released");
    logind.announce("sleep");
    await logind.heard("asleep");
    await expect.poll(() => leftOn(logind.address), { timeout: 30_000 }).toBe("");
  });

  it("gives up, and takes nothing along, where no tool is there", async () => {
    await standInLogind();
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      const peer = watched();
      await new Promise((resolve) => setTimeout(resolve, 100));
      await peer.close();
      expect(peer.events).toEqual([]);
    } finally {
      process.env["PATH"] = path;
    }
  });
});
