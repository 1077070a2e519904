import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { startHost, until } from "./hosts.ts";

const GROUP = "224.0.0.251";

/** Whether this machine has a way for multicast; libp2p's mDNS finds nobody without, and says nothing. */
async function hasMulticast(): Promise<boolean> {
  const listener = createSocket({ type: "udp4", reuseAddr: true });
  const sender = createSocket("udp4");
  try {
    await new Promise<void>((resolve) => {
      listener.bind(0, resolve);
    });
    listener.addMembership(GROUP);
    const heard = once(listener, "message", { signal: AbortSignal.timeout(500) });
    sender.send("hello", listener.address().port, GROUP);
    await heard;
    return true;
  } catch {
    return false;
  } finally {
    listener.close();
    sender.close();
  }
}

const works = await hasMulticast();
if (!works) console.log("skipped: discovery by mDNS, because this machine has no route for multicast");

describe.skipIf(!works)("peers on one LAN", () => {
  it("see each other, and where they listen, again and again", async () => {
    const serviceTag = `_test-${process.pid}._udp.local`;
    const found = new Map<string, (readonly string[])[]>();
    const discovery = {
      serviceTag,
      intervalMs: 200,
      onDiscovered: (peer: string, addresses: readonly string[]) =>
        void found.set(peer, [...(found.get(peer) ?? []), addresses]),
    };
    const [one, two] = [await startHost({ discovery }), await startHost({ discovery })];
    await until(() => (found.get(one.peerId)?.length ?? 0) > 1 && (found.get(two.peerId)?.length ?? 0) > 1);
    expect(found.get(one.peerId)?.[0]).toEqual(one.addresses());
    expect([...found.keys()].toSorted()).toEqual([one.peerId, two.peerId].toSorted());
  });
});
