/** A host in a process of its own: `node study.ts PORT NOTES`. Its notes outlive it, in the file NOTES. */
import { appendFileSync } from "node:fs";
import { createActorSystem, createRemoting } from "@parley/actors";
import { TcpTransport } from "@parley/actors/testing";
import { acceptsThink, mind } from "./voice.ts";

const [port = "0", notes = ""] = process.argv.slice(2);
const transport = new TcpTransport({ port: Number(port), portOf: () => undefined });
const remoting = createRemoting({ transport });
const system = createActorSystem({ peer: "study", remoting: remoting.remoting });
system.spawn(mind, { name: "mind", accepts: acceptsThink });
system.spawn<string>(() => (line) => appendFileSync(notes, `${line}\n`), { name: "notes", accepts: String });
await remoting.start();
process.on("disconnect", () => void system.stop());
process.send?.(transport.port);
