/** What the suites of clients run against. */
import type { LivePeer, TestEngines } from "@parley/node/testing";
import { HEARD, REPLY, type Door } from "./suite.ts";

export const SECRET = "a secret of more than sixteen characters";

export const ENGINES: TestEngines = {
  fixed: ["vad", "stt", "llm", "tts"],
  isStarted: true,
  sttMs: 20,
  llmMs: 20,
  ttsMs: 20,
  texts: [HEARD],
  replies: [REPLY],
};

/** Asks a peer's management, or anything else of it, as its owner. */
export async function ownerAsks(peer: LivePeer, method: string, path: string, body?: unknown): Promise<unknown> {
  const { url, token } = peer.introduction;
  const authorization = `Bearer ${token}`;
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined
      ? { headers: { authorization } }
      : { headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

export function socketUrl(peer: LivePeer): string {
  return `${peer.introduction.url.replace(/^http/, "ws")}/ws`;
}

/** Into `peer`, beside `other`. */
export function doorOf(peer: LivePeer, other: LivePeer, peers: number): Door {
  return {
    url: socketUrl(peer),
    otherUrl: socketUrl(other),
    peers,
    newClient: async (name, role, groups = []) => {
      const added = await ownerAsks(peer, "POST", "/api/v1/clients", { name, role, groups });
      await untilKnown(other, name);
      return (added as { readonly token: string }).token;
    },
  };
}

/** Until a peer has heard of a client that was let in elsewhere. */
async function untilKnown(peer: LivePeer, name: string): Promise<void> {
  await until(`${peer.name} knows ${name}`, async () => {
    const { clients } = (await ownerAsks(peer, "GET", "/api/v1/clients")) as {
      readonly clients: readonly { readonly name: string }[];
    };
    return clients.some((client) => client.name === name);
  });
}

/** Until `peer` knows of so many, itself included, who hear, think and speak. */
export async function untilOffered(peer: LivePeer, count: number): Promise<void> {
  await until(`${count} of each engine are known`, async () => {
    const { services } = (await ownerAsks(peer, "GET", "/capabilities")) as {
      readonly services: Readonly<Record<string, { readonly elsewhere?: readonly unknown[]; readonly model?: string }>>;
    };
    return ["vad", "stt", "llm", "tts"].every((name) => {
      const { elsewhere = [], model } = services[name] ?? {};
      return elsewhere.length + (model === undefined ? 0 : 1) >= count;
    });
  });
}

export async function until(what: string, holds: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  for (const untilMs = performance.now() + withinMs; performance.now() < untilMs;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never: ${what}`);
}
