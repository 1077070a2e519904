import { expect, test } from "vitest";
import type { ActorLog } from "../../src/index.ts";
import { catching } from "../core/support.ts";
import { Hosts, notebook } from "./hosts.ts";

function broken(): never {
  throw new Error("a broken port");
}

test("an onPeerChange that throws keeps nobody from talking, nor from noticing that a host is gone", async () => {
  const hosts = new Hosts();
  const lines: string[] = [];
  const log: ActorLog = {
    debug: () => undefined,
    warn: () => undefined,
    error: (line) => void lines.push(line),
  };
  const a = await hosts.start("a", { onPeerChange: broken, log });
  await talkAndPart(hosts, a, "b");
  expect(lines).toEqual(["onPeerChange has thrown", "onPeerChange has thrown"]);
});

test("neither does a log that throws, and what it throws comes to light", async () => {
  const hosts = new Hosts();
  const { port, uncaught } = catching(hosts.clock);
  const a = await hosts.start("a", { clock: port, log: { debug: broken, warn: broken, error: broken } });
  await talkAndPart(hosts, a, "b");
  expect(uncaught.length).toBeGreaterThanOrEqual(2);
});

async function talkAndPart(hosts: Hosts, a: Awaited<ReturnType<Hosts["start"]>>, other: string): Promise<void> {
  const kept: string[] = [];
  const b = await hosts.start(other);
  const there = a.system.resolve<{ readonly text: string }>(notebook(b, "book", kept).address);
  const ended: string[] = [];
  a.system.watch(there, ({ reason }) => void ended.push(reason));
  await hosts.clock.until(there.offer({ text: "hello" }, { acknowledged: true }));
  expect(kept).toEqual(["hello"]);
  // Silence, which only the beat of the one who is left can notice.
  hosts.network.partition(["a"], [other]);
  await hosts.clock.pass(2_000);
  expect(ended).toEqual(["peer-gone"]);
}
