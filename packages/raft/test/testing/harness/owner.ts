/** A process that has a cluster, one node of it stopped, until somebody kills it. */
import { Cluster } from "../../../src/testing/harness/cluster.ts";

const cluster = await Cluster.start(3);
const [first = 0] = cluster.ids();
cluster.pause(first);
const pids = cluster.ids().map((id) => cluster.processOf(id).pid);
process.stdout.write(`${JSON.stringify({ pids, folder: cluster.folder })}\n`);
setInterval(() => undefined, 60_000);
