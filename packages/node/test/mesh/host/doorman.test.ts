import { generateKeyPair } from "@libp2p/crypto/keys";
import type { MultiaddrConnection, PeerId } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import { describe, expect, it } from "vitest";
import { DEFAULT_DOOR_LIMITS, Doorman } from "../../../src/mesh/host/doorman.ts";

/** A socket from an address, as far as the doorman looks at it. */
class Wire extends EventTarget {
  readonly remoteAddr;
  isClosed = false;

  constructor(host: string) {
    super();
    this.remoteAddr = multiaddr(`/ip4/${host}/tcp/4001`);
  }

  abort(): void {
    this.isClosed = true;
    this.dispatchEvent(new Event("close"));
  }
}

async function somebody(): Promise<PeerId> {
  return peerIdFromPrivateKey(await generateKeyPair("Ed25519"));
}

/** A house in which everybody is a stranger, and its time. */
function house(): { nowMs: number; comes(peer: PeerId, wire: Wire): boolean } {
  const time = { nowMs: 0 };
  const doorman = new Doorman(() => "stranger", DEFAULT_DOOR_LIMITS, { nowMs: () => time.nowMs });
  const { denyInboundEncryptedConnection: denies } = doorman.gater;
  const comes = (peer: PeerId, wire: Wire): boolean => denies?.(peer, wire as unknown as MultiaddrConnection) === false;
  return Object.assign(time, { comes });
}

const { maxStrangers, longVisitMs } = DEFAULT_DOOR_LIMITS;

describe("a stranger with as many addresses as strangers are let in", () => {
  it("keeps a newcomer waiting for no longer than a visit takes", async () => {
    const at = house();
    const wires = Array.from({ length: maxStrangers }, (_, i) => new Wire(`10.0.0.${i + 1}`));
    for (const wire of wires) {
      at.nowMs += 1;
      expect(at.comes(await somebody(), wire)).toBe(true);
    }
    const newcomer = await somebody();
    at.nowMs = longVisitMs;
    expect(at.comes(newcomer, new Wire("10.0.1.1"))).toBe(false);
    at.nowMs = longVisitMs + 1;
    expect(at.comes(newcomer, new Wire("10.0.1.1"))).toBe(true);
    expect(wires.map(({ isClosed }) => isClosed)).toEqual([true, ...Array<boolean>(maxStrangers - 1).fill(false)]);
  });

  it("gets no more places by coming again and again", async () => {
    const at = house();
    for (let i = 0; i < maxStrangers; i += 1) at.comes(await somebody(), new Wire(`10.0.0.${i + 1}`));
    at.nowMs = longVisitMs;
    const visitor = new Wire("10.0.1.1");
    expect(at.comes(await somebody(), visitor)).toBe(true);
    for (let i = 0; i < 100; i += 1) at.comes(await somebody(), new Wire(`10.0.0.${(i % maxStrangers) + 1}`));
    at.nowMs += longVisitMs - 1;
    for (let i = 0; i < 100; i += 1) at.comes(await somebody(), new Wire(`10.0.0.${(i % maxStrangers) + 1}`));
    expect(visitor.isClosed).toBe(false);
  });
});
