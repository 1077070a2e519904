/**
 * A host in a process of its own: `node host-process.ts '{"peer", "port", "ports", "ledger"}'`. Tells its parent its port,
 * and ends when the parent is gone.
 */
import { appendFileSync } from "node:fs";
import { type ActorRef, createActorSystem, createRemoting, type StreamRef } from "../../../src/index.ts";
import { TcpTransport } from "../../../src/testing/index.ts";

/** What the parent says; all of it is its own. */
export interface HostProcessOptions {
  readonly peer: string;
  /** 0: any. */
  readonly port: number;
  /** Of other hosts, by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** File to which the actor `ledger` adds a line per number, before it is finished with it. */
  readonly ledger?: string;
}

export type Echo = { readonly question: string; readonly replyTo: ActorRef<string> };
export type Sounds = {
  readonly count: number;
  readonly bytes: number;
  readonly replyTo: ActorRef<StreamRef<Uint8Array>>;
};

const options = JSON.parse(process.argv[2] ?? "{}") as HostProcessOptions;
const transport = new TcpTransport({ port: options.port, portOf: (peer) => options.ports[peer] });
const remoting = createRemoting({ transport });
const system = createActorSystem({ peer: options.peer, remoting: remoting.remoting });

system.spawn<Echo>(
  () =>
    ({ question, replyTo }) => {
      // Silence is an answer too.
      if (question !== "") replyTo.tell(`re: ${question}`);
    },
  { name: "echo", accepts: (message) => message as Echo, mailbox: { capacity: 100_000 } },
);

system.spawn<number>(
  () => (number) => {
    if (options.ledger !== undefined) appendFileSync(options.ledger, `${number}\n`);
  },
  { name: "ledger", accepts: Number },
);

system.spawn<Sounds>(
  (context) =>
    ({ count, bytes, replyTo }) => {
      replyTo.tell(context.offerStream(sounds(count, bytes)));
    },
  { name: "sounds", accepts: (message) => message as Sounds },
);

function* sounds(count: number, bytes: number): Generator<Uint8Array> {
  for (let i = 0; i < count; i += 1) yield new Uint8Array(bytes).fill(i & 0xff);
}

process.on("disconnect", () => process.exit(0));
await remoting.start();
process.send?.({ port: transport.port });
