import { describe, expect, it, onTestFinished } from "vitest";
import { connect, discoverPeers, findPeers, type BrowserOptions, type FoundService } from "../../src/node/index.ts";
import { ProtocolPeer } from "../client/protocol-peer.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function serviceOf(name: string, port: number, addresses: readonly string[], cluster?: string): FoundService {
  const txt = [
    "txtvers=1",
    `name=${name}`,
    "peer=12D3",
    "version=0.1.0",
    ...(cluster === undefined ? [] : [`Cluster=${cluster}`]),
  ];
  return { instance: `${name}._parley._tcp.local`, port, addresses, txt: txt.map(bytes) };
}

/** Finds what it is told to find; notes whether it was closed. */
function browsing(...found: readonly FoundService[]) {
  const state = { closed: 0 };
  const browse = ({ onFound }: BrowserOptions) => {
    for (const service of found) setTimeout(() => onFound(service), 5);
    return {
      look: () => undefined,
      close: async () => {
        state.closed += 1;
      },
    };
  };
  return { browse, state };
}

describe("peers on the LAN", () => {
  it("are reached over TLS, but for this machine's own; those of other houses are passed over", async () => {
    const mine = serviceOf("study", 8765, ["192.168.1.7", "fd00::7"], "house");
    const shut = serviceOf("shut", 8766, ["192.168.1.9"], "house");
    const forPeers = { ...shut, txt: [...shut.txt, bytes("clients=none")] };
    const here = serviceOf("here", 8766, ["127.0.0.1"], "house");
    const { browse, state } = browsing(serviceOf("stranger", 1, ["192.168.1.8"], "other"), mine, forPeers, here);
    const abort = new AbortController();
    const found = [];
    for await (const peer of findPeers(abort.signal, { clusterId: "house", browse })) {
      found.push(peer);
      if (found.length === 3) abort.abort();
    }
    expect(found).toEqual([
      {
        name: "study",
        peerId: "12D3",
        clusterId: "house",
        version: "0.1.0",
        urls: ["wss://192.168.1.7:8765/ws", "wss://[fd00::7]:8765/ws"],
      },
      // It takes no clients of other machines.
      { name: "shut", peerId: "12D3", clusterId: "house", version: "0.1.0", urls: [] },
      { name: "here", peerId: "12D3", clusterId: "house", version: "0.1.0", urls: ["ws://127.0.0.1:8766/ws"] },
    ]);
    expect(state.closed).toBe(1);
  });

  it("may say anything of themselves", async () => {
    const { browse } = browsing({ instance: "x", port: 1, addresses: ["10.0.0.1"], txt: [bytes("="), bytes(""), bytes("é"), new Uint8Array([0xff])] }); // prettier-ignore
    for await (const peer of findPeers(new AbortController().signal, { browse })) {
      expect(peer).toEqual({ urls: ["wss://10.0.0.1:1/ws"] });
      break;
    }
  });

  it("are what a client connects to, and the search ends with that", async () => {
    const peer = await ProtocolPeer.start({ name: "found" });
    const { browse, state } = browsing(serviceOf("found", Number(new URL(peer.url).port), ["127.0.0.1"]));
    const client = await connect({ token: "t", discover: discoverPeers({ browse }) });
    onTestFinished(() => client.close());
    expect(client.server.name).toBe("found");
    await expect.poll(() => state.closed).toBe(1);
  });
});
