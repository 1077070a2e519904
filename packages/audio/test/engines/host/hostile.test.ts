import { expect, it } from "vitest";
import { collect, rejection, startHost } from "./hosts.ts";
import { HOSTILITIES } from "./hostile-engine.ts";

const module = new URL("./hostile-engine.ts", import.meta.url);

it.each(Object.keys(HOSTILITIES))("a host that sends %s is ended, and its parent lives on", async (kind) => {
  const host = await startHost({ name: "hostile", module, options: { kind } });
  const job = host.run("go", {});
  expect(await rejection(job.result)).toMatchObject({ code: "engine-crashed", details: { host: "hostile" } });
  expect(await host.exited).toMatchObject({ reason: "protocol-breach", signal: "SIGKILL" });
  await expect(collect(job.output)).rejects.toMatchObject({ code: "engine-crashed" });
});
