import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { DoctorHost, Finding } from "../../src/cli/doctor/index.ts";
import { realHost } from "../../src/cli/doctor/index.ts";
import { probeMeshPort, probeMulticast } from "../../src/cli/doctor/network.ts";
import type { Config, FlagValues } from "../../src/config/index.ts";
import { load } from "../config/sample.ts";

const HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
const row = (device: string, destination: string, mask: string, flags = "0003"): string =>
  `${device}\t${destination}\t010200C0\t${flags}\t0\t0\t0\t${mask}\t0\t0\t0\n`;
const DEFAULT = row("eth0", "00000000", "00000000");
/** 192.0.2.0/24 */
const LOCAL = row("eth0", "000200C0", "00FFFFFF", "0001");

/** A Linux machine with these interface flags and routes. */
function linux(
  routes: string,
  flags: Readonly<Record<string, string>> = { lo: "0x9", eth0: "0x1003" },
): Pick<DoctorHost, "platform" | "readText" | "list"> {
  const files: Record<string, string> = { "/proc/net/route": HEAD + routes };
  for (const [device, text] of Object.entries(flags)) files[`/sys/class/net/${device}/flags`] = `${text}\n`;
  return { platform: "linux", readText: (file) => files[file], list: () => Object.keys(flags) };
}

function configWith(flags: FlagValues = {}): Config {
  const result = load({ flags });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

describe("multicast", () => {
  it.each([
    ["by the default route", DEFAULT + LOCAL],
    ["by a route of its own", LOCAL + row("eth0", "000000E0", "000000F0", "0001")],
    ["by a route for mDNS alone", row("eth0", "FB0000E0", "FFFFFFFF", "0005")],
  ])("is found to work %s", (_name, routes) => {
    expect(probeMulticast(linux(routes), configWith())).toMatchObject({ status: "ok", facts: { route: "eth0" } });
  });

  it.each([
    ["there is no route", LOCAL],
    ["there is no routing table", ""],
    ["the route is down", row("eth0", "00000000", "00000000", "0002") + LOCAL],
    ["the route is for less than the group", row("eth0", "000000E1", "000000FF")],
  ])("is found not to work when %s, with what would help", (_name, routes) => {
    const finding = probeMulticast(linux(routes), configWith());
    expect(finding).toMatchObject({ status: "warning", facts: { route: null } });
    expect(finding.summary).toMatch(/finds nobody, and does not say so/);
    expect(finding.mend).toBe("sudo ip route add 224.0.0.0/4 dev eth0, or: parley start --join HOST:8766");
  });

  it("is not promised by the most exact route when that leads nowhere", () => {
    const flags = { eth0: "0x1003", tun0: "0x1" };
    const routes = DEFAULT + row("tun0", "000000E0", "000000F0", "0001");
    expect(probeMulticast(linux(routes, flags), configWith())).toMatchObject({
      status: "warning",
      facts: { route: "tun0" },
    });
    expect(probeMulticast(linux(DEFAULT, { lo: "0x1009", eth0: "0x1002" }), configWith())).toMatchObject({
      status: "warning",
      facts: { interfaces: 0 },
    });
  });

  it("does not matter to a peer that looks for nobody by it", () => {
    for (const flags of [{ "cluster.enabled": "false" }, { "cluster.discovery": "static" }] as const) {
      expect(probeMulticast(linux(""), configWith(flags))).toMatchObject({ status: "ok" });
    }
    expect(probeMulticast({ ...linux(""), platform: "darwin" }, configWith()).status).toBe("ok");
    const named = probeMulticast(linux(""), configWith({ "cluster.join": "kitchen.local" }));
    expect(named.mend).toContain("none needed: cluster.join names peers");
  });

  const canMakeNamespaces = process.platform === "linux" && process.getuid?.() === 0 && has("ip");
  if (!canMakeNamespaces) console.warn("skipped: a network namespace needs root and ip");

  it.skipIf(!canMakeNamespaces)("is told of a real network as it is", () => {
    const name = `parley-doctor-${process.pid}`;
    const ip = (...args: readonly string[]): void => void execFileSync("ip", args);
    ip("netns", "add", name);
    onTestFinished(() => ip("netns", "del", name));
    ip("-n", name, "link", "add", "veth0", "type", "veth", "peer", "name", "veth1");
    for (const device of ["veth0", "veth1"]) ip("-n", name, "link", "set", device, "up");
    ip("-n", name, "addr", "add", "10.9.8.7/24", "dev", "veth0");
    expect(probedIn(name)).toMatchObject({ status: "warning", facts: { interfaces: 2, route: null } });
    ip("-n", name, "route", "add", "224.0.0.0/4", "dev", "veth0");
    expect(probedIn(name)).toMatchObject({ status: "ok", facts: { route: "veth0" } });
    ip("-n", name, "route", "del", "224.0.0.0/4");
    ip("-n", name, "route", "add", "default", "dev", "veth1");
    expect(probedIn(name)).toMatchObject({ status: "ok", facts: { route: "veth1" } });
  });
});

function has(command: string): boolean {
  return realHost(process.env).hasCommand(command);
}

/** What the probe finds inside a network namespace. */
function probedIn(namespace: string): Finding {
  const from = (file: string): string =>
    JSON.stringify(fileURLToPath(new URL(`../../src/cli/doctor/${file}`, import.meta.url)));
  const script = `
    import { realHost } from ${from("real-host.ts")};
    import { probeMulticast } from ${from("network.ts")};
    const config = { cluster: { enabled: true, discovery: "mdns", join: "" } };
    console.log(JSON.stringify(probeMulticast(realHost({}), config)));`;
  const node = [process.execPath, "--conditions=parley-source", "--input-type=module", "-e", script];
  return JSON.parse(execFileSync("ip", ["netns", "exec", namespace, ...node], { encoding: "utf8" })) as Finding;
}

describe("the mesh port", () => {
  const quiet = { tryListen: async () => undefined, health: async () => undefined };

  it("is fine when it is free, any, or not needed", async () => {
    for (const flags of [{}, { "mesh.port": "0" }, { "cluster.enabled": "false" }] as const) {
      expect(await probeMeshPort(quiet, configWith(flags))).toMatchObject({ status: "ok" });
    }
  });

  it.each([
    ["EADDRINUSE", "taken by another program"],
    ["EADDRNOTAVAIL", "does not have that address"],
    ["EACCES", "fails (EACCES)"],
  ])("with %s is told, with what would help", async (code, words) => {
    const finding = await probeMeshPort({ ...quiet, tryListen: async () => code }, configWith());
    expect(finding).toMatchObject({ status: "warning", mend: "parley start --mesh-port 0" });
    expect(finding.summary).toContain(words);
  });

  it("is found to be taken when it is", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const config = configWith({ "mesh.host": "127.0.0.1", "mesh.port": String(port), "listen.port": "1" });
    expect(await probeMeshPort(realHost(process.env), config)).toMatchObject({ status: "warning" });
    const running = { ...realHost(process.env), health: async () => ({ service: "parley", status: "healthy" }) };
    expect(await probeMeshPort(running, config)).toMatchObject({ status: "ok" });
  });
});
