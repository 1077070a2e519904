/** Real peers of one house in the test's own process. */
import type { FlagValues } from "../src/config/index.ts";
import { freePorts, SECRET } from "./cluster/host/peers.ts";
import { until } from "./mesh/host/hosts.ts";
import { createPeer, temporaryFolder, testConfig, type Peer } from "./support.ts";

export interface UnitedPeers {
  readonly peers: readonly Peer[];
  /** Ends them, and removes their homes. */
  close(): Promise<void>;
}

type Sources = NonNullable<Parameters<typeof createPeer>[0]["sources"]>;

/** One peer of each name, all of them voters; each has engines of its own. */
export async function unitedPeers(
  names: readonly string[],
  sources: (name: string) => Sources,
  flags: (name: string) => FlagValues = () => ({}),
): Promise<UnitedPeers> {
  const ports = await freePorts(names.length);
  const ending: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ending) await end();
  };
  const peers = await Promise.all(
    ports.map(async (port, i) => {
      const folder = await temporaryFolder();
      const name = names[i] ?? "";
      const config = testConfig(folder.path, {
        ...flags(name),
        name,
        "cluster.enabled": "true",
        "cluster.discovery": "static",
        "cluster.join": ports.map((each) => `127.0.0.1:${each}`).join(","),
        "mesh.port": `${port}`,
      });
      const peer = await createPeer({ config, sources: sources(name), joinSecret: SECRET });
      ending.push(async () => {
        await peer.close();
        await folder.remove();
      });
      return peer;
    }),
  );
  await until(
    () => peers.every(({ cluster }) => cluster.peers().filter(({ role }) => role === "voter").length === names.length),
    `${names.length} voters`,
  );
  return { peers, close };
}
