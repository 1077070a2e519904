/** One peer in a process of its own, and what it holds. */
import { Household, untilUnited, type LivePeer, type TestEngines } from "@parley/node/testing";
import type { Door } from "./crowd.ts";

/** Long enough to begin with, for a join. */
const SECRET = "a secret of more than sixteen characters";

export interface House {
  readonly peers: readonly LivePeer[];
  close(): Promise<void>;
}

/** So many peers, of one mind. */
export async function openHouse(count: number, engines?: TestEngines, limits = NO_LIMITS): Promise<House> {
  const household = await Household.open({ joinSecret: SECRET, engines, flags: limits });
  try {
    const peers = await household.addAll(count);
    await Promise.all(peers.map((peer) => peer.start()));
    await untilUnited(peers);
    return { peers, close: () => household.close() };
  } catch (error) {
    await household.close();
    throw error;
  }
}

/** Where clients enter a peer. */
export function doorOf({ introduction: { url, token } }: LivePeer): Door {
  return { url: `${url.replace(/^http/, "ws")}/ws`, token };
}

/** What is measured is how much a peer can do, not how much it lets one client do. */
const NO_LIMITS = { "limits.messages_per_minute": "0", "limits.connections": "2000" };
