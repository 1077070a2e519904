/** A host in a process of its own: `node placed-process.ts PEER PEERS`. Ends when its parent is gone, or it was told to stop. */
import { createActorSystem, createRemoting } from "../../../src/index.ts";
import { TcpTransport } from "../../../src/testing/index.ts";
import { FarPorts } from "./far-ports.ts";
import { PlacedHost } from "./placed-host.ts";
import { outcomeOf, type ToChild, type ToParent } from "./talk.ts";

const [peer = "", peers = ""] = process.argv.slice(2);
let portsOfPeers: Readonly<Record<string, number>> = {};
const transport = new TcpTransport({ portOf: (other) => portsOfPeers[other] });
const remoting = createRemoting({ transport });
const system = createActorSystem({ peer, remoting: remoting.remoting });
let ports: FarPorts | undefined;
let host: PlacedHost | undefined;

function tell(what: ToParent): void {
  // Without a parent there is nobody to tell, and this process ends by itself.
  if (process.connected) process.send?.(what);
}

process.on("disconnect", () => process.exit(0));
process.on("message", (told: ToChild) => {
  if (told.type === "begin") {
    portsOfPeers = told.ports;
    ports ??= new FarPorts(told, tell);
    host ??= new PlacedHost(system, ports, peers.split(","));
  } else if (told.type === "order") {
    if (host === undefined) throw new Error("an order came before the beginning");
    void carryOut(told.id, host.do(told.order), told.order.type === "stop");
  } else ports?.heard(told);
});

async function carryOut(id: number, work: Promise<unknown>, isLast: boolean): Promise<void> {
  tell({ type: "done", id, outcome: await outcomeOf(work) });
  // With all closed, nothing else keeps the process alive: whatever were left open would be seen.
  if (isLast) process.channel?.unref();
}

await remoting.start();
tell({ type: "ready", port: transport.port });
