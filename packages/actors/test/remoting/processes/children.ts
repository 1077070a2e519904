/** Hosts in processes of their own, and one in this process that talks with them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type ActorSystem, createActorSystem, createRemoting, type RemotingHandle } from "../../../src/index.ts";
import { TcpTransport } from "../../../src/testing/index.ts";
import type { HostProcessOptions } from "./host-process.ts";

const PROGRAM = fileURLToPath(new URL("host-process.ts", import.meta.url));

export class Child {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(options: HostProcessOptions): Promise<Child> {
    const child = fork(PROGRAM, [JSON.stringify(options)], {
      execArgv: ["--conditions=parley-source"],
      stdio: "inherit",
    });
    onTestFinished(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    });
    const [said] = (await Promise.race([once(child, "message"), died(child)])) as [{ readonly port: number }];
    return new Child(child, said.port);
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
  }
}

async function died(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, "exit")) as [unknown];
  throw new Error(`a host process ended before it was ready: ${String(code)}`);
}

export interface Near {
  readonly system: ActorSystem;
  readonly remoting: RemotingHandle;
  readonly port: number;
  /** Where other hosts are; may be changed at any time. */
  readonly ports: Map<string, number>;
}

/** The host `near`, in this process. */
export async function startNear(): Promise<Near> {
  const ports = new Map<string, number>();
  const transport = new TcpTransport({ portOf: (peer) => ports.get(peer) });
  const remoting = createRemoting({ transport });
  const system = createActorSystem({ peer: "near", remoting: remoting.remoting });
  await remoting.start();
  onTestFinished(() => system.stop());
  return { system, remoting, port: transport.port, ports };
}
