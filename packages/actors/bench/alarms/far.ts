/** The other host: it only is there, and answers. */
import { createActorSystem, createRemoting } from "../../src/index.ts";
import { TcpTransport } from "../../src/testing/index.ts";

const { host } = JSON.parse(process.argv[2] ?? "{}") as { readonly host: string };
const transport = new TcpTransport({ host, portOf: () => undefined });
const remoting = createRemoting({ transport });
createActorSystem({ peer: "far", remoting: remoting.remoting });
process.on("disconnect", () => process.exit(0));
await remoting.start();
process.send?.({ port: transport.port });
