/** The bare server, and clients of it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { machineMs } from "../../src/testing/index.ts";

const PROGRAM = fileURLToPath(new URL("bare-server.ts", import.meta.url));

export interface Bare {
  readonly url: string;
  close(): Promise<void>;
}

export async function startBare(): Promise<Bare> {
  const child = fork(PROGRAM, { stdio: ["ignore", 2, 2, "ipc"] });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return {
    url: `ws://127.0.0.1:${port}`,
    close: async () => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Echoes one thing at a time. */
export class BareEcho {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(url: string): Promise<BareEcho> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await once(socket, "open");
    return new BareEcho(socket);
  }

  async beat(text: string): Promise<number> {
    const startedMs = performance.now();
    const answer = once(this.#socket, "message");
    this.#socket.send(text);
    await answer;
    return performance.now() - startedMs;
  }

  /** Sends bytes. How long they were on their way, in milliseconds. */
  async oneWay(bytes: Uint8Array): Promise<number> {
    const answer = once(this.#socket, "message");
    const sentMs = machineMs();
    this.#socket.send(bytes);
    const [data] = (await answer) as [Buffer];
    return Number(data.toString()) - sentMs;
  }

  close(): void {
    this.#socket.terminate();
  }
}
