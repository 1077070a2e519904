import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { connected, named, Nodes, type TestNode } from "./support.ts";

const PROCESS = fileURLToPath(new URL("peer-process.ts", import.meta.url));

class PeerProcess implements AsyncDisposable {
  readonly #child;
  readonly #exited;

  constructor(port: number) {
    this.#child = fork(PROCESS, [String(port)], { execArgv: ["--conditions=parley-source"], stdio: "inherit" });
    this.#exited = once(this.#child, "exit");
  }

  async introduceTo(node: TestNode): Promise<void> {
    const [port] = (await once(this.#child, "message")) as [number];
    node.transport.setPeer(2, { host: "127.0.0.1", port });
    await connected(node, 2);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.#exited;
  }
}

describe("a peer whose process ends", () => {
  it("is gone when it is killed, once, and its messages are unreachable", async () => {
    await using nodes = new Nodes();
    const one = await nodes.start(1);
    await using peer = new PeerProcess(one.port);
    await peer.introduceTo(one);
    peer.signal("SIGKILL");
    await one.heard.until(() => one.heard.events.includes("gone 2"));
    one.transport.send([named("lost", 1, 2)]);
    await one.heard.until(() => one.heard.events.includes("unreachable 2"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(one.heard.events.filter((event) => event === "gone 2")).toHaveLength(1);
  });

  it("is gone when it is killed under load", async () => {
    await using nodes = new Nodes();
    const one = await nodes.start(1);
    await using peer = new PeerProcess(one.port);
    await peer.introduceTo(one);
    const large = "x".repeat(1024 * 1024);
    const sending = setInterval(() => one.transport.send([named(large, 1, 2)]), 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    peer.signal("SIGKILL");
    await one.heard.until(() => one.heard.events.includes("gone 2"));
    clearInterval(sending);
    await one.heard.until(() => one.heard.events.includes("unreachable 2"));
    expect(one.heard.events.filter((event) => event === "gone 2")).toHaveLength(1);
  });

  it("is never called gone while it is only stopped, and what waits for it is bounded", async () => {
    await using nodes = new Nodes();
    const one = await nodes.start(1, { maxQueuedBytes: 1024 * 1024 });
    await using peer = new PeerProcess(one.port);
    await peer.introduceTo(one);
    peer.signal("SIGSTOP");
    const large = "x".repeat(256 * 1024);
    const sending = setInterval(() => one.transport.send([named(large, 1, 2)]), 1);
    await one.heard.until(() => one.heard.events.includes("unreachable 2"));
    clearInterval(sending);
    expect(one.heard.events).not.toContain("gone 2");
    peer.signal("SIGCONT");
    await connected(one, 2);
    expect(one.heard.events).not.toContain("gone 2");
  });
});
