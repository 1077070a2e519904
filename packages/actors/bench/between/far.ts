/** The other host of the bench, in a process of its own: actors, and beside them a bare socket that does the same. */
import { createServer } from "node:net";
import { serveBare } from "../../../../tools/bench/between/bare.ts";
import { repeated } from "../../../../tools/bench/between/orders.ts";
import { createActorSystem, createRemoting } from "../../src/index.ts";
import { TcpTransport } from "../../src/testing/index.ts";
import type { FarOrder } from "./orders.ts";

const ports = JSON.parse(process.argv[2] ?? "{}") as Readonly<Record<string, number>>;
const transport = new TcpTransport({ portOf: (peer) => ports[peer] });
const remoting = createRemoting({ transport });
const system = createActorSystem({ peer: "far", remoting: remoting.remoting });

let counted = 0;
system.spawn<FarOrder>(
  (context) => (order) => {
    switch (order.type) {
      case "echo":
        order.replyTo.tell(order.payload);
        return;
      case "count":
        counted += 1;
        return;
      case "counted":
        order.replyTo.tell(counted);
        counted = 0;
        return;
      case "stream":
        order.replyTo.tell(context.offerStream(repeated(order)));
        return;
    }
  },
  { name: "bench", accepts: (message) => message as FarOrder, mailbox: { capacity: 1_000_000 } },
);

const bare = createServer({ noDelay: true }, serveBare);

process.on("disconnect", () => process.exit(0));
await remoting.start();
bare.listen(0, "127.0.0.1", () => {
  const address = bare.address();
  const barePort = address === null || typeof address === "string" ? 0 : address.port;
  process.send?.({ port: transport.port, barePort });
});
