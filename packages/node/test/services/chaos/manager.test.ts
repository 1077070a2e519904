import { describe, expect, it } from "vitest";
import { ownFacts, restarterOf, type ProcessFacts } from "../../../src/services/chaos/manager.ts";

const PLAIN: ProcessFacts = {
  pid: 4_711,
  ppid: 4_000,
  platform: "linux",
  env: {},
  cgroup: "0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope\n",
  ancestors: [
    { pid: 4_000, name: "bash" },
    { pid: 1, name: "systemd" },
  ],
  unitOf: () => Promise.reject(new Error("nobody was to be asked")),
};
const UNIT = { ...PLAIN, cgroup: "0::/system.slice/parley.service\n" };

describe("who starts a killed peer again", () => {
  it("is a helper of its own where nobody else has started it, as in a terminal", async () => {
    expect(await restarterOf(PLAIN)).toEqual({ by: "self" });
    expect(await restarterOf({ ...PLAIN, cgroup: "" })).toEqual({ by: "self" });
  });

  it("is systemd, if its unit says so", async () => {
    for (const restart of ["always", "on-failure", "on-abnormal", "on-abort"]) {
      const facts = { ...UNIT, unitOf: async () => ({ restart, mainPid: UNIT.pid }) };
      expect(await restarterOf(facts)).toEqual({ by: "manager", name: "systemd (parley.service)" });
    }
    for (const restart of ["no", "on-success", "on-watchdog", ""]) {
      const facts = { ...UNIT, unitOf: async () => ({ restart, mainPid: UNIT.pid }) };
      expect(await restarterOf(facts)).toMatchObject({ by: "nobody" });
    }
    const mute = { ...UNIT, unitOf: () => Promise.reject(new Error("no systemctl")) };
    expect(await restarterOf(mute)).toMatchObject({ by: "nobody", why: expect.stringContaining("Restart=?") });
  });

  it("is systemd where its main process only waits for this one, and nobody where that has other things to do", async () => {
    const under = (...names: readonly string[]): ProcessFacts => ({
      ...UNIT,
      ancestors: [...names.map((name, n) => ({ pid: 100 - n, name })), { pid: 1, name: "systemd" }],
      unitOf: async () => ({ restart: "always", mainPid: 101 - names.length }),
    });
    expect(await restarterOf(under("sh", "npm start"))).toMatchObject({ by: "manager" });
    expect(await restarterOf(under("sh", "cron"))).toMatchObject({ by: "nobody" });
    expect(await restarterOf(under("bash", "node"))).toMatchObject({ by: "nobody" });
    expect(await restarterOf({ ...UNIT, unitOf: async () => ({ restart: "always", mainPid: 99 }) })).toMatchObject({
      by: "nobody",
    });
  });

  it("is nobody where a container ends with it", async () => {
    const inside = (...names: readonly string[]): ProcessFacts => ({
      ...PLAIN,
      ancestors: names.map((name, n) => ({ pid: names.length - n, name })),
    });
    for (const names of [["npm start"], ["sh", "npm start", "tini"], ["sh"]]) {
      expect(await restarterOf(inside(...names))).toMatchObject({ by: "nobody" });
    }
    expect(await restarterOf(inside("bash", "sshd"))).toEqual({ by: "self" });
  });

  it("is nobody in a container's first process, under launchd, on Windows", async () => {
    expect(await restarterOf({ ...PLAIN, pid: 1 })).toMatchObject({ by: "nobody" });
    expect(await restarterOf({ ...PLAIN, platform: "darwin", ppid: 1 })).toMatchObject({ by: "nobody" });
    expect(await restarterOf({ ...PLAIN, platform: "win32" })).toMatchObject({ by: "nobody" });
    expect(await restarterOf({ ...PLAIN, env: { pm_id: "0" } })).toEqual({ by: "manager", name: "pm2" });
  });

  it("is found out of this very process as well", async () => {
    expect(await ownFacts()).toMatchObject({ pid: process.pid, ppid: process.ppid, platform: process.platform });
    const { ancestors } = await ownFacts();
    if (process.platform === "linux") expect(ancestors[0]?.pid).toBe(process.ppid);
  });
});
