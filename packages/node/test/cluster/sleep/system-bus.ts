/** A system bus of a test's own, with a stand-in for systemd-logind on it. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../../support.ts";

const STAND_IN = fileURLToPath(new URL("logind-stand-in.py", import.meta.url));

const missing = ["dbus-daemon", "systemd-inhibit", "python3", "gdbus", "dbus-monitor"].filter(
  (tool) => spawnSync(tool, ["--version"]).error !== undefined,
);

/** Why tests with a system bus are skipped; undefined: they are not. */
export const noBus =
  process.platform !== "linux"
    ? "this is not Linux"
    : missing.length > 0
      ? `${missing.join(", ")} is missing`
      : undefined;
if (noBus !== undefined) console.warn(`skipped: sleep as logind tells of it, because ${noBus}`);

export interface StandInLogind {
  readonly address: string;
  /** What it has said: `lock`, `released`, `asleep`. */
  readonly said: readonly string[];
  /** Settles when it has said that as often. */
  heard(word: string, times?: number): Promise<void>;
  announce(what: "sleep" | "wake"): void;
}

/** Ends with the test, and is what this process and its children take for the system's bus until then. */
export async function standInLogind(): Promise<StandInLogind> {
  const folder = await temporaryFolder();
  const path = join(folder.path, "bus");
  const address = `unix:path=${path}`;
  const config = join(folder.path, "bus.conf");
  await writeFile(
    config,
    `<busconfig><type>custom</type><listen>${address}</listen><auth>EXTERNAL</auth><policy context="default">
       <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
       <allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
       <allow receive_type="method_call"/><allow receive_type="signal"/>
       <allow receive_type="method_return"/><allow receive_type="error"/>
     </policy></busconfig>`,
  );
  const before = process.env["DBUS_SYSTEM_BUS_ADDRESS"];
  process.env["DBUS_SYSTEM_BUS_ADDRESS"] = address;
  const bus = spawn("dbus-daemon", [`--config-file=${config}`, "--nofork", "--print-address=1"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(bus.stdout, "data");
  const logind = spawn("python3", [STAND_IN], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(async () => {
    if (before === undefined) delete process.env["DBUS_SYSTEM_BUS_ADDRESS"];
    else process.env["DBUS_SYSTEM_BUS_ADDRESS"] = before;
    await Promise.all([end(logind), end(bus)]);
    await folder.remove();
  });
  const said: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: logind.stdout }).on("line", (line) => {
    said.push(line);
    for (const look of waiting) look();
  });
  const heard = async (word: string, times = 1): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (said.filter((each) => each === word).length >= times) resolve();
    };
    waiting.add(look);
    look();
    await promise;
    waiting.delete(look);
  };
  await heard("ready");
  return { address, said, heard, announce: (what) => void logind.stdin.write(`${what}\n`) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill();
  await exited;
}
