/** Where a peer's outbox is, and what becomes of it when the peer belongs no more. */
import { join } from "node:path";
import type { Logger } from "pino";
import { MemoryOutboxFile } from "../../outbox/file.ts";
import { Outbox } from "../../outbox/outbox.ts";
import { plural } from "../../status/words.ts";
import type { Ground } from "../ground.ts";

export interface WaitingWritesOptions {
  /** The peer's home. */
  readonly folder: string;
  readonly ground: Pick<Ground, "files" | "outboxFile">;
  readonly log: Logger;
  /** A sentence for people. */
  readonly onNews?: ((sentence: string) => void) | undefined;
}

export class WaitingWrites {
  readonly #options: WaitingWritesOptions;
  /** The one that was opened last; it may be closed. */
  #outbox: Outbox | undefined;

  constructor(options: WaitingWritesOptions) {
    this.#options = options;
  }

  /** Whoever calls this closes it. @throws PeerError `home-unusable` */
  async open(): Promise<Outbox> {
    const { folder, ground, log } = this.#options;
    const own = join(folder, "outbox");
    await ground.files.makeFolder(own);
    const file = ground.outboxFile?.(join(own, "waiting.log")) ?? new MemoryOutboxFile();
    this.#outbox = await Outbox.open({ file, log });
    return this.#outbox;
  }

  /**
   * What waits was for a cluster that this peer belongs to no more: it is given up, and that is said.
   * @returns how many commands that were
   * @throws PeerError `home-unusable`
   */
  async drop(why: string): Promise<number> {
    const { log, onNews } = this.#options;
    const outbox = this.#outbox ?? (await this.open());
    this.#outbox = undefined;
    const dropped = await outbox.drop(why);
    if (dropped === 0) return 0;
    log.warn({ dropped, why }, "what waited for the cluster is dropped");
    onNews?.(
      `${plural(dropped, "write")} that waited for the cluster ${dropped === 1 ? "was" : "were"} dropped: ${why}.`,
    );
    return dropped;
  }
}
