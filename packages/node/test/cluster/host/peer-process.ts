/**
 * A whole peer in a process of its own, engineless: `node peer-process.ts '{"home", "flags", "joinSecret"}'`. Does what its parent
 * asks; ends when the parent is gone.
 */
import { hostFacts, loadConfig, type FlagValues } from "../../../src/config/index.ts";
import { isPeerError, messageOf } from "../../../src/errors.ts";
import { createPeer } from "../../../src/peer.ts";

/** What the parent gives; all of it is its own. */
export interface PeerProcessOptions {
  readonly home: string;
  readonly flags: FlagValues;
  readonly joinSecret: string | undefined;
}

export type PeerRequest =
  | { readonly do: "put"; readonly key: string; readonly value: string; readonly timeoutMs: number }
  | { readonly do: "get"; readonly key: string; readonly timeoutMs: number }
  | { readonly do: "peers" | "status" | "waiting" | "met" | "open-pairing" | "leave" }
  | { readonly do: "join"; readonly code: string; readonly address?: string }
  | { readonly do: "revoke" | "approve"; readonly who: string };

const options = JSON.parse(process.argv[2] ?? "{}") as PeerProcessOptions;
const { home, flags, joinSecret } = options;
const loaded = loadConfig({ env: {}, flags: { home, ...flags }, host: hostFacts({}), cwd: home });
if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("\n"));
const peer = await createPeer({ config: loaded.config, joinSecret });
const { cluster } = peer;

process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => void peer.close().then(() => process.exit(0)));
process.on("message", ({ id, request }: { readonly id: number; readonly request: PeerRequest }) => {
  carryOut(request).then(
    (answer) => process.send?.({ id, answer: answer ?? null }),
    (error: unknown) =>
      process.send?.({ id, error: messageOf(error), code: isPeerError(error) ? error.code : "unexpected" }),
  );
});
process.send?.({ ready: { peerId: cluster.peerId, url: peer.url, token: peer.token } });

async function carryOut(request: PeerRequest): Promise<unknown> {
  switch (request.do) {
    case "put": {
      const { key, value, timeoutMs } = request;
      const put = { type: "put", key, value: Buffer.from(value) } as const;
      return (await cluster.shared?.submit(put, { timeoutMs }))?.outcome ?? "not-member";
    }
    case "get": {
      const { shared } = cluster;
      const read = await shared?.read({ timeoutMs: request.timeoutMs });
      if (shared === undefined || read?.outcome !== "readable") return { outcome: read?.outcome ?? "not-member" };
      const pair = shared.now.pairs.get(request.key);
      return { outcome: "readable", value: pair === undefined ? null : Buffer.from(pair.value).toString() };
    }
    case "peers":
      return cluster.peers();
    case "status":
      return { belonging: cluster.belonging, clusterId: cluster.clusterId, ...cluster.status() };
    case "waiting":
      return cluster.waiting();
    case "met":
      return cluster.met();
    case "open-pairing":
      return cluster.openPairing();
    case "leave":
      return cluster.leave();
    case "join": {
      const { code, address } = request;
      const signal = AbortSignal.timeout(30_000);
      return cluster.join({ proof: { code }, signal, ...(address === undefined ? {} : { address }) });
    }
    case "revoke":
      return cluster.revoke(request.who);
    case "approve":
      return cluster.approve(request.who);
  }
}
