/**
 * One node as a process of its own. `node process.ts CONFIG`, with a {@link ProcessConfig} as JSON. It says where it
 * listens in one line of JSON on stdout, and ends when it is told to, when the node stops, or when whoever started it is
 * gone: its standard input ends then.
 */
import { fstatSync } from "node:fs";
import type { NodeId } from "../../core/types.ts";
import { startNode } from "../../driver/start.ts";
import { openLevelLog } from "../../storage/level-log.ts";
import { answerQuery, encodeWatchItem, KvMachine } from "../kv/index.ts";
import { TcpTransport } from "../tcp/tcp-transport.ts";
import { ClientServer } from "./client-server.ts";
import { LOOPBACK, type NodePorts } from "./control.ts";
import { NodeControl } from "./node-control.ts";
import type { ProcessConfig } from "./process-config.ts";
import { decodeWatchRequest } from "./watch-request.ts";

const CLUSTER = "harness";

async function run(config: ProcessConfig): Promise<void> {
  const { id, host = LOOPBACK, folder, bootstrap, timing, limits, log: logSettings } = config;
  const { transport, port: peerPort } = await listen(id, host, config.peerPort);
  const machine = new KvMachine();
  const control = new NodeControl({
    id,
    transport,
    digest: () => ({ applied: machine.revision, digest: machine.digest() }),
  });
  for (const link of config.links) control.setLink(link);
  control.setPeers(config.peers);
  const log = await openLevelLog(folder, logSettings);
  const node = await startNode({
    id,
    log,
    transport,
    machine,
    ...(bootstrap && { bootstrap }),
    ...(timing && { timing }),
    ...(limits && { limits }),
  });
  control.attach(node);
  const server = await ClientServer.listen(host, config.clientPort, {
    node,
    applied: () => machine.revision,
    query: (query) => answerQuery(machine, query),
    watch: (request) => watchItems(machine, request),
    control: (body) => control.carryOut(body),
  });
  const ports: NodePorts = { client: server.port, peer: peerPort };
  process.stdout.write(`${JSON.stringify(ports)}\n`);
  const failure = await node.stopped;
  // Whoever asked for the end still gets the answer.
  await server.close();
  if (failure !== undefined) throw failure;
}

/** No generator: `return` must end it also while a `next` waits. */
function watchItems(machine: KvMachine, request: Uint8Array): AsyncIterator<Uint8Array, undefined> {
  const { selector, from } = decodeWatchRequest(request);
  const watch = machine.watch(selector, from === 0 ? undefined : from);
  return {
    async next() {
      const item = await watch.next();
      return item.done === true ? item : { done: false, value: encodeWatchItem(item.value) };
    },
    async return() {
      await watch.return();
      return { done: true, value: undefined };
    },
  };
}

/** The port may have been taken while the node was dead: any other will do, and is told. */
async function listen(
  id: NodeId,
  host: string,
  port: number,
): Promise<{ readonly transport: TcpTransport; readonly port: number }> {
  const transport = new TcpTransport({ cluster: CLUSTER, id });
  try {
    return { transport, port: await transport.listen({ host, port }) };
  } catch (error) {
    if (port === 0) throw error;
    return listen(id, host, 0);
  }
}

function endWithParent(): void {
  const input = fstatSync(0);
  // A terminal or no input at all says nothing of who started this.
  if (!input.isFIFO() && !input.isSocket()) return;
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  process.stdin.resume();
  process.stdin.unref();
  // Ctrl-C reaches the whole group of processes: who started this one decides when it ends.
  process.on("SIGINT", () => undefined);
}

endWithParent();
const config: ProcessConfig = JSON.parse(process.argv[2] ?? "{}");
try {
  await run(config);
  process.exit(0);
} catch (error) {
  process.stderr.write(`node ${config.id}: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
