/** When somebody acts as prime again. */
import type { LivePeer } from "../../src/testing/index.ts";

const DEADLINE_MS = 60_000;

/** Fulfilled with the first write that any of them accepts. @throws Error when none does in time */
export async function firstWrite(peers: readonly LivePeer[], key: string): Promise<void> {
  const ended = new AbortController();
  const late = setTimeout(() => ended.abort(), DEADLINE_MS);
  try {
    await Promise.any(peers.map((peer) => write(peer, `${key}/${peer.name}`, ended.signal)));
  } catch (cause) {
    throw new Error(`nobody acted as prime within ${DEADLINE_MS / 1_000} s`, { cause });
  } finally {
    clearTimeout(late);
    ended.abort();
  }
}

async function write(peer: LivePeer, key: string, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    const { outcome } = await peer.put(key, "acts", { timeoutMs: 30_000 });
    if (outcome === "done") return;
  }
  throw new Error(`${peer.name} accepted no write`);
}
