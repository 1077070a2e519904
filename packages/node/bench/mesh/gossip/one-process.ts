/** One of the processes that hold the gossip bench's peers, as the bench sees it. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { GossipAnswers, GossipNews, GossipOrder, Place } from "./orders.ts";

const PROGRAM = fileURLToPath(new URL("peers-process.ts", import.meta.url));
/** Handshakes with all others on a busy machine. */
const ANSWER_MS = 240_000;

export class OneProcess {
  readonly #child: ChildProcess;
  readonly #started: Promise<GossipNews>;

  constructor(peers: number) {
    this.#child = fork(PROGRAM, [String(peers)], {
      execArgv: ["--conditions=parley-source"],
      // Standard output is the report's.
      stdio: ["ignore", 2, 2, "ipc"],
    });
    this.#started = this.#next();
    // Heard where it is awaited; whoever closes before that does not.
    this.#started.catch(() => undefined);
  }

  async places(): Promise<readonly Place[]> {
    const news = await this.#started;
    if (news.type !== "started") throw new Error("a process with peers did not start as it should");
    return news.places;
  }

  /** One thing at a time. @throws Error when it could not, did not in time, or has ended */
  async ask<Type extends GossipOrder["type"]>(
    order: GossipOrder & { readonly type: Type },
  ): Promise<GossipAnswers[Type]> {
    const next = this.#next();
    // Where it cannot be sent the process has ended, which `next` tells.
    this.#child.send(order, () => undefined);
    const news = await next;
    if (news.type === "answer") return news.answer as GossipAnswers[Type];
    throw new Error(`peers could not ${order.type}: ${news.type === "failed" ? news.why : news.type}`);
  }

  async end(): Promise<void> {
    if (this.#hasEnded) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #next(): Promise<GossipNews> {
    if (this.#hasEnded) throw new Error("a process with peers has ended");
    const over = new AbortController();
    const late = setTimeout(() => over.abort(new Error("peers gave no answer in time")), ANSWER_MS);
    const { signal } = over;
    try {
      const [news] = await Promise.race([
        once(this.#child, "message", { signal }),
        once(this.#child, "exit", { signal }).then(([code, by]) => {
          throw new Error(`a process with peers ended: ${String(code ?? by)}`);
        }),
      ]);
      return news as GossipNews;
    } finally {
      clearTimeout(late);
      over.abort();
    }
  }
}
