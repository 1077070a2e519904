/** Peers with links between them, for tests of what runs over them. */
import { onTestFinished } from "vitest";
import { createLinks, type Links } from "../../../src/mesh/links/links.ts";
import type { MeshHostOptions } from "../../../src/mesh/host/mesh-host.ts";
import { noLog } from "../../support.ts";
import { startHost, until, type TestHost } from "../host/hosts.ts";

export interface MeshPeer {
  readonly id: string;
  readonly host: TestHost;
  readonly links: Links;
}

export async function startMeshPeer(options: Partial<MeshHostOptions> = {}): Promise<MeshPeer> {
  const host = await startHost(options);
  const links = await createLinks({ host, log: noLog });
  onTestFinished(() => links.close());
  return { id: host.peerId, host, links };
}

/** Lets each know all others, and waits until all are linked. */
export async function linkAll(peers: readonly MeshPeer[]): Promise<void> {
  for (const peer of peers) {
    for (const other of peers) if (other !== peer) peer.links.add(other.id, other.host.addresses());
  }
  for (const peer of peers) {
    for (const other of peers) {
      if (other !== peer) await until(() => peer.links.current(other.id) !== undefined, "a link");
    }
  }
}
