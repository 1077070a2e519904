/** Run by orphan.test.ts: starts a host, gives it a job, prints its process id and waits to be killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { startEngineHost } from "../../../src/engines/index.ts";
import { crashHost } from "../../../src/testing/index.ts";

const method = process.argv[2] ?? "none";
const host = await startEngineHost(crashHost());
if (method !== "none") host.run(method, {});
// The host has the job before the parent is killed.
await sleep(300);
process.stdout.write(`${host.status().pid}\n`);
await sleep(2 ** 31 - 1);
