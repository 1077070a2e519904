/** A house of three peers as processes, each with engines of fixed delay, with journals of its sessions or without. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ParleyClient } from "@parley/sdk";
import { clientOf, Household, untilUnited, type LivePeer, type TestEngines } from "../../src/testing/index.ts";

const TRIES = 20;
const TRY_AGAIN_MS = 500;
const SECRET = "a secret of more than sixteen characters";
const ENGINES: TestEngines = {
  fixed: ["vad", "stt", "llm", "tts"],
  isStarted: true,
  sttMs: 150,
  llmMs: 200,
  ttsMs: 100,
  replies: [
    "The kettle is on, the cat is out, and it is ten past nine. Nobody has called since noon. The lights in the hall are off.",
  ],
};

export interface JournalledHouse {
  readonly peers: readonly LivePeer[];
  /** The peer that the client is connected to. */
  readonly entry: LivePeer;
  readonly client: ParleyClient;
  close(): Promise<void>;
}

export async function openHouse(hasJournals: boolean): Promise<JournalledHouse> {
  const household = await Household.open({
    joinSecret: SECRET,
    engines: ENGINES,
    flags: { "memory.journal": String(hasJournals), "limits.messages_per_minute": "0" },
  });
  try {
    const peers = await household.addAll(3);
    const [entry] = peers;
    if (entry === undefined) throw new Error("three were asked for");
    await Promise.all(peers.map((peer) => peer.start()));
    await untilUnited(peers);
    const client = hasJournals ? await journalledClient(entry) : await clientOf(entry);
    const close = async (): Promise<void> => {
      client.close();
      await household.close();
    };
    return { peers, entry, client, close };
  } catch (error) {
    await household.close();
    throw error;
  }
}

/** One whose session is one of the house's: right after its founding a house has yet to agree on which peer has which. */
async function journalledClient(entry: LivePeer): Promise<ParleyClient> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const client = await clientOf(entry);
    await Array.fromAsync(client.ask({ text: "Hello." }));
    if ((await writtenBy(entry)) !== undefined) return client;
    client.close();
    await sleep(TRY_AGAIN_MS);
  }
  throw new Error("no session has a journal");
}

/** What a session has written down at its host so far; undefined where none has. */
export async function writtenBy({ introduction: { url, token } }: LivePeer): Promise<Written | undefined> {
  const answer = await fetch(`${url}/api/v1/sessions`, { headers: { authorization: `Bearer ${token}` } });
  // The peer is of this package's own, and answers as its routes say.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  const { conversations } = (await answer.json()) as {
    readonly conversations: readonly { readonly journal: Written | null }[];
  };
  return conversations.findLast(({ journal }) => journal !== null)?.journal ?? undefined;
}

export interface Written {
  readonly bytes: number;
  readonly commits: number;
  readonly state: string;
}
