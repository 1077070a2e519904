import { expect, it, vi } from "vitest";
import { besideIdleTimers } from "../../bench/voice/idle-timers.ts";

const children = (): number => process.getActiveResourcesInfo().filter((name) => name === "ProcessWrap").length;

it("beside what is measured a process only waits and tells how late it was, until there is a figure or none", async () => {
  const before = children();
  const { value, lateMs } = await besideIdleTimers([3, 2], async (soFar) => {
    await vi.waitFor(() => expect(soFar.length).toBeGreaterThan(1), { timeout: 20_000 });
    expect(children()).toBe(before + 1);
    return "measured";
  });
  expect(value).toBe("measured");
  // Timers may be a fraction of a millisecond early.
  for (const late of lateMs) expect(late).toBeGreaterThan(-3);
  const broken = besideIdleTimers([3], () => Promise.reject(new Error("not measured")));
  await expect(broken).rejects.toThrow("not measured");
  await vi.waitFor(() => expect(children()).toBe(before), { timeout: 20_000 });
});
