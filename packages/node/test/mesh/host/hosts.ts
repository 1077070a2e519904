/** Real hosts on loopback for tests; they are closed when the test ends. */
import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { onTestFinished } from "vitest";
import { createMeshHost, type MeshHost, type MeshHostOptions } from "../../../src/mesh/host/mesh-host.ts";
import type { Standing } from "../../../src/mesh/host/standing.ts";
import type { Identity } from "../../../src/mesh/identity.ts";
import { noLog } from "../../support.ts";

export async function newIdentity(): Promise<Identity> {
  const privateKey = await generateKeyPair("Ed25519");
  return { privateKey, peerId: peerIdFromPrivateKey(privateKey).toString() };
}

/** Identities in the order of their peer ids. */
export async function identitiesInOrder(count: number): Promise<readonly Identity[]> {
  const all = await Promise.all(Array.from({ length: count }, newIdentity));
  return all.sort((a, b) => (a.peerId < b.peerId ? -1 : 1));
}

export type TestHost = MeshHost & { readonly standings: Map<string, Standing> };

/** A host to which everybody is a member unless `standings` says otherwise. */
export async function startHost(
  options: Partial<MeshHostOptions> & { readonly others?: Standing } = {},
): Promise<TestHost> {
  const standings = new Map<string, Standing>();
  const host = await createMeshHost({
    identity: await newIdentity(),
    listen: [{ host: "127.0.0.1", port: 0 }],
    standingOf: (peer) => standings.get(peer) ?? options.others ?? "member",
    log: noLog,
    ...options,
  });
  onTestFinished(() => host.close());
  return Object.assign(host, { standings });
}

export const soon = (): AbortSignal => AbortSignal.timeout(10_000);

/** Waits until it holds, whatever the machine's load. */
export async function until(holds: () => boolean | Promise<boolean>, what = "it"): Promise<void> {
  const startedMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedMs > 30_000) throw new Error(`${what} did not come true`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
