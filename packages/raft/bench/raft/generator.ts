/** The load generator as the bench sees it. It is a process of its own, so that the bench's own work disturbs no client. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Measured } from "./load.ts";
import type { Order, Reply, Request } from "./orders.ts";
import type { Sweep } from "./sweep.ts";
import type { Endpoint } from "./target.ts";

const GRACE_MS = 15_000;

export class Generator {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #lastId = 0;

  constructor(endpoints: readonly Endpoint[], sweep: Sweep) {
    const program = fileURLToPath(new URL("generator-main.ts", import.meta.url));
    this.#child = fork(program, [JSON.stringify(endpoints)], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    sweep.add(() => {
      this.#child.kill("SIGKILL");
    });
    this.#child.on("message", (reply: Reply) => this.#waiting.get(reply.id)?.(reply));
    this.#child.on("exit", () => {
      for (const [id, settle] of this.#waiting) settle({ id, error: "the load generator has ended" });
    });
  }

  /** `clients` at `node` for `ms`. */
  async forTime(node: number, clients: number, ms: number): Promise<Measured> {
    return measuredOf(await this.#ask({ order: "closed-loop", node, clients, ms, puts: Infinity }, ms));
  }

  /** One client at `node`. */
  async sequential(node: number, puts: number): Promise<Measured> {
    const ms = 60_000;
    return measuredOf(await this.#ask({ order: "closed-loop", node, clients: 1, ms, puts }, ms));
  }

  async start(node: number, clients: number): Promise<void> {
    await this.#ask({ order: "start", node, clients }, 0);
  }

  async stop(): Promise<void> {
    await this.#ask({ order: "stop" }, 0);
  }

  /** When a put was first acknowledged by one of `nodes`, on the clock of `process.hrtime`. @throws Error when none is */
  async firstAcknowledged(nodes: readonly number[], timeoutMs: number): Promise<bigint> {
    const reply = await this.#ask({ order: "probe", nodes, timeoutMs }, timeoutMs);
    if (!("firstNs" in reply) || reply.firstNs === undefined) {
      throw new Error(`no put was acknowledged within ${timeoutMs} ms of the fault`);
    }
    return reply.firstNs;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  async #ask(order: Order, durationMs: number): Promise<Reply> {
    const id = (this.#lastId += 1);
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#waiting.set(id, resolve);
    const late = setTimeout(resolve, durationMs + GRACE_MS, { id, error: `no answer to "${order.order}"` });
    const request: Request = { id, order };
    this.#child.send(request, (error) => {
      if (error !== null) resolve({ id, error: error.message });
    });
    const reply = await promise;
    clearTimeout(late);
    this.#waiting.delete(id);
    if ("error" in reply) throw new Error(`load generator: ${reply.error}`);
    return reply;
  }
}

function measuredOf(reply: Reply): Measured {
  if (!("measured" in reply)) throw new Error("the load generator gave no measurements");
  return reply.measured;
}
