import { readFile } from "node:fs/promises";
import { connect, discoverPeers, findPeers, type ParleyClient } from "@parley/sdk/node";

export async function findAndConnect(token: string, certificate: string, clusterId: string): Promise<ParleyClient> {
  return connect({
    discover: discoverPeers({ clusterId }),
    token,
    ca: await readFile(certificate),
  });
}

export async function firstPeer(withinMs: number): Promise<string | undefined> {
  for await (const { name, urls } of findPeers(AbortSignal.timeout(withinMs))) {
    return `${name ?? "somebody"} at ${urls.join(", ")}`;
  }
  return undefined;
}
