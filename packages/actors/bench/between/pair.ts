/** This process and the other one, as hosts and over a bare socket. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import {
  type ActorRef,
  type ActorSystem,
  createActorSystem,
  createRemoting,
  isActorError,
  type RemotingHandle,
} from "../../src/index.ts";
import { TcpTransport } from "../../src/testing/index.ts";
import type { FarOrder } from "./orders.ts";

const PROGRAM = fileURLToPath(new URL("far.ts", import.meta.url));

export class Pair {
  readonly system: ActorSystem;
  readonly far: ActorRef<FarOrder>;
  readonly process: ChildProcess;
  readonly #remoting: RemotingHandle;
  readonly #barePort: number;

  private constructor(system: ActorSystem, remoting: RemotingHandle, child: ChildProcess, barePort: number) {
    this.system = system;
    this.far = system.resolve<FarOrder>("parley://far/bench");
    this.process = child;
    this.#remoting = remoting;
    this.#barePort = barePort;
  }

  static async start(): Promise<Pair> {
    const ports = new Map<string, number>();
    const transport = new TcpTransport({ portOf: (peer) => ports.get(peer) });
    const remoting = createRemoting({ transport });
    const system = createActorSystem({ peer: "near", remoting: remoting.remoting });
    await remoting.start();
    const child = fork(PROGRAM, [JSON.stringify({ near: transport.port })], {
      execArgv: ["--conditions=parley-source"],
    });
    const [said] = (await once(child, "message")) as [{ readonly port: number; readonly barePort: number }];
    ports.set("far", said.port);
    const pair = new Pair(system, remoting, child, said.barePort);
    await pair.#meet();
    return pair;
  }

  /** On a busy machine the first dials may take too long. */
  async #meet(): Promise<void> {
    for (;;) {
      try {
        await this.far.ask<number>((replyTo) => ({ type: "counted", replyTo }));
        return;
      } catch (error) {
        if (!isActorError(error, "peer-gone")) throw error;
        await new Promise(setImmediate);
      }
    }
  }

  async bareSocket(): Promise<Socket> {
    const socket = connect({ port: this.#barePort, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return socket;
  }

  async close(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, "exit");
      this.process.kill("SIGKILL");
      await exited;
    }
    await this.system.stop();
    await this.#remoting.close();
  }
}
