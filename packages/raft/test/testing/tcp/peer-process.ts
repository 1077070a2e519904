/** Node 2 as a process that can be killed: says its port, and is connected to node 1 at the port it is given. */
import { TcpTransport } from "../../../src/testing/tcp/tcp-transport.ts";

const transport = new TcpTransport({ cluster: "test", id: 2 });
const port = await transport.listen();
await transport.start({
  receive: () => undefined,
  receiveSnapshot: () => Promise.reject(new Error("no use for it")),
  unreachable: () => undefined,
  gone: () => undefined,
});
transport.setPeer(1, { host: "127.0.0.1", port: Number(process.argv[2]) });
process.on("disconnect", () => process.exit(0));
process.send?.(port);
