/** The other host: it only is there, answers, and notes when it stood still. */
import { createActorSystem, createRemoting } from "../../src/index.ts";
import { TcpTransport } from "../../src/testing/index.ts";
import { StallMeter } from "./stalls.ts";

const { host } = JSON.parse(process.argv[2] ?? "{}") as { readonly host: string };
const transport = new TcpTransport({ host, portOf: () => undefined });
const remoting = createRemoting({ transport });
createActorSystem({ peer: "far", remoting: remoting.remoting });
const meter = new StallMeter();
process.on("disconnect", () => process.exit(0));
process.on("message", () => process.send?.(meter.stalls));
await remoting.start();
process.send?.({ port: transport.port });
