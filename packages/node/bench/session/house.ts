/** A house of three peers as processes, each with engines of fixed delay, with journals of its sessions or without. */
import type { ParleyClient } from "@parley/sdk";
import { clientOf, Household, untilUnited, type LivePeer, type TestEngines } from "../../src/testing/index.ts";

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
    const client = await clientOf(entry);
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

/** What a session has written down at its host so far; undefined where none has. */
export async function writtenBy({ introduction: { url, token } }: LivePeer): Promise<Written | undefined> {
  const answer = await fetch(`${url}/api/v1/sessions`, { headers: { authorization: `Bearer ${token}` } });
  // The peer is of this package's own, and answers as its routes say.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  const { conversations } = (await answer.json()) as {
    readonly conversations: readonly { readonly journal?: Written }[];
  };
  return conversations.find(({ journal }) => journal !== undefined)?.journal;
}

export interface Written {
  readonly bytes: number;
  readonly commits: number;
  readonly state: string;
}
