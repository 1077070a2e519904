import crypto from "node:crypto";
import { expect, it, onTestFinished, vi } from "vitest";
import { soon, startHost, until, type TestHost } from "./hosts.ts";

const MESSAGES = 10;

it("proves who said something once, however many tell it on", async () => {
  const hosts: TestHost[] = [];
  const heard = new Map<TestHost, Set<string>>();
  for (let i = 0; i < 4; i += 1) {
    const host = await startHost({ topics: ["t"] });
    const words = new Set<string>();
    host.topics.subscribe("t", { accepts: () => true, receive: (bytes) => words.add(Buffer.from(bytes).toString()) });
    heard.set(host, words);
    for (const other of hosts) {
      const [address = ""] = other.addresses();
      const connection = await host.dial(other.peerId, [address], { signal: soon() });
      await Promise.all([
        host.gossipOver(connection, soon()),
        ...other.connectionsOf(host.peerId).map((back) => other.gossipOver(back, soon())),
      ]);
    }
    hosts.push(host);
  }
  const [speaker, ...listeners] = hosts;
  const all = (word: string): boolean => listeners.every((each) => heard.get(each)?.has(word) === true);
  // At the first beat of gossip's heart each finds those whom it tells what it has heard.
  const startedMs = performance.now();
  await until(async () => {
    await speaker?.topics.publish("t", Buffer.from("are you there"));
    return all("are you there") && performance.now() - startedMs > 2_500;
  }, "all are there");
  const verify = vi.spyOn(crypto, "verify");
  onTestFinished(() => verify.mockRestore());
  for (let i = 0; i < MESSAGES; i += 1) {
    await speaker?.topics.publish("t", Buffer.from(`word ${i}`));
    await until(() => Promise.resolve(all(`word ${i}`)), `word ${i} is heard`);
  }
  // What is told on comes later than what the speaker says itself.
  await new Promise((resolve) => setTimeout(resolve, 200));
  // Some may be of what was said before. With a proof of each copy they were 70 to 80.
  expect(verify.mock.calls.length).toBeLessThan(1.5 * MESSAGES * listeners.length);
}, 60_000);
