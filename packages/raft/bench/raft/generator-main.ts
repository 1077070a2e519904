/** The load generator's process: `node generator-main.ts ENDPOINTS-AS-JSON`, told what to do over its parent's channel. */
import { Background, closedLoop, firstAcknowledged } from "./load.ts";
import type { Reply, Request } from "./orders.ts";
import { connectTo } from "./systems.ts";
import type { Endpoint, Target } from "./target.ts";

const endpoints = JSON.parse(process.argv[2] ?? "[]") as readonly Endpoint[];
/** One connection to each node, for all clients: what etcd is fastest with from one process, and so are we. */
const targets = endpoints.map(connectTo);
let background: Background | undefined;

process.on("message", (request: Request) => {
  carryOut(request).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ id: request.id, error: String(error) }),
  );
});
// The bench is gone, however it ended.
process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches the whole group; the bench decides when this process ends.
process.on("SIGINT", () => undefined);

async function carryOut({ id, order }: Request): Promise<Reply> {
  switch (order.order) {
    case "closed-loop":
      return { id, measured: await closedLoop(targetOf(order.node), order.clients, order) };
    case "start":
      background = new Background(targets, order.node, order.clients);
      return { id };
    case "stop":
      await background?.stop();
      background = undefined;
      return { id };
    case "probe":
      return { id, firstNs: await firstAcknowledged(order.nodes.map(targetOf), order.timeoutMs) };
  }
}

function targetOf(node: number): Target {
  const target = targets[node];
  if (target === undefined) throw new Error(`there is no node ${node}`);
  return target;
}
