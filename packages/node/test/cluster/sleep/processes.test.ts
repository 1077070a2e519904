import { describe, expect, it, onTestFinished } from "vitest";
import { Household, untilUnited } from "../../../src/testing/peers/household.ts";
import { SECRET } from "../host/peers.ts";
import { noBus, standInLogind } from "./system-bus.ts";

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe.skipIf(noBus !== undefined)(
  "a laptop beside one other host, which founded their cluster, and is closed",
  () => {
    it("leaves the other able to write alone, and votes again when it is opened, with what it missed", async () => {
      const logind = await standInLogind();
      const house = await Household.open({ joinSecret: SECRET });
      onTestFinished(() => house.close());
      const [laptop, desk] = await house.addAll(2);
      if (laptop === undefined || desk === undefined) throw new Error("two");
      await laptop.start();
      await logind.heard("lock");
      // The other one hears of no sleep.
      delete process.env["DBUS_SYSTEM_BUS_ADDRESS"];
      await desk.start();
      // It is prime then, unless a busy machine has made the other one so meanwhile.
      await untilUnited([laptop, desk], { voters: 2 });

      logind.announce("sleep");
      await logind.heard("asleep");
      laptop.pause();
      await until(async () => (await desk.peers()).some(({ isPrime, isSelf }) => isPrime && isSelf));
      expect((await desk.peers()).filter(({ role }) => role === "voter").map(({ name }) => name)).toEqual([desk.name]);
      await until(async () => (await desk.put("night", "quiet")).outcome === "done");
      // Longer than what is taken for a busy machine.
      await new Promise((resolve) => setTimeout(resolve, 8_000));
      laptop.resume();
      logind.announce("wake");
      await untilUnited([laptop, desk], { voters: 2 });
      await until(async () => (await laptop.put("morning", "bright")).outcome === "done");
      expect(await laptop.get("night")).toMatchObject({ outcome: "read", value: "quiet" });
      // It holds the next sleep off.
      await logind.heard("lock", 2);
      expect(house.crashes()).toEqual([]);
    }, 180_000);
  },
);
