/** Snapshots of this node's state machine, and those that go to and come from other nodes. */
import type { Message, NodeId } from "../core/types.ts";
import { isRaftError, RaftError } from "../errors.ts";
import type { LogStore, SnapshotMeta, StagedSnapshot } from "../storage/log-store.ts";
import type { Environment } from "./environment.ts";
import type { Transport } from "./transport.ts";

export interface SnapshotHost {
  readonly log: LogStore;
  readonly transport: Transport;
  readonly environment: Environment;
  capture(): { readonly meta: SnapshotMeta; readonly contents: AsyncIterable<Uint8Array> };
  /** Hands a received snapshot to the core, and carries out what that makes of it. */
  step(message: Message): void;
  /** Whether the core could use a snapshot of `message.snapshot`'s index now. */
  wants(message: Message): boolean;
  reportSnapshot(to: NodeId, arrived: boolean): void;
  failed(error: unknown): void;
}

const NO_DATA = new Uint8Array();
/** Between two parts of a snapshot. */
const STALL_MS = 15_000;

export class Snapshots {
  readonly #host: SnapshotHost;
  readonly #closing = new AbortController();
  readonly #sending = new Set<NodeId>();
  #taking: Promise<void> | undefined;
  #isReceiving = false;
  #staged: StagedSnapshot | undefined;
  counters = { taken: 0, sent: 0, received: 0 };

  constructor(host: SnapshotHost) {
    this.#host = host;
  }

  get isTaking(): boolean {
    return this.#taking !== undefined;
  }

  /** Takes a snapshot of the state machine as it is now, and drops the log before it. One at a time. */
  take(): Promise<void> {
    this.#taking ??= this.#take().finally(() => {
      this.#taking = undefined;
    });
    return this.#taking;
  }

  /** Streams the newest snapshot to a follower that is too far behind; the core is told how it went. */
  send(message: Message): void {
    const { to } = message;
    if (this.#sending.has(to)) return;
    this.#sending.add(to);
    this.#send(message)
      .then(
        () => {
          this.counters.sent += 1;
          return true;
        },
        // A follower that went away is an everyday matter: the core tries again when it hears of it.
        (error: unknown) => {
          if (!isRaftError(error)) this.#host.failed(error);
          return false;
        },
      )
      .then((arrived) => {
        this.#sending.delete(to);
        if (!this.#closing.signal.aborted) this.#host.reportSnapshot(to, arrived);
      })
      .catch((error: unknown) => this.#host.failed(error));
  }

  /** Takes in a snapshot of the leader. @throws RaftError `unavailable` when another one is under way. */
  async receive(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const meta = message.snapshot;
    if (meta === undefined) throw new RaftError("corrupt", "a snapshot message without a snapshot");
    if (!this.#host.wants(message)) {
      // The core answers with what it has: the contents are not needed for that.
      this.#host.step(message);
      return;
    }
    if (this.#isReceiving) throw new RaftError("unavailable", "another snapshot is being received");
    this.#isReceiving = true;
    try {
      const writer = await this.#host.log.beginSnapshot({
        index: meta.index,
        term: meta.term,
        confState: meta.confState,
      });
      try {
        for await (const chunk of this.#inTime(chunks)) await writer.write(chunk);
        this.#staged = await writer.finish();
      } catch (error) {
        await writer.abort();
        throw error;
      }
      this.#host.step(message);
      const unused = this.#staged;
      this.#staged = undefined;
      // The core found that it has all of it already.
      if (unused !== undefined) await this.#host.log.discardSnapshot(unused);
      else this.counters.received += 1;
    } finally {
      this.#isReceiving = false;
    }
  }

  /** The chunks, unless the next one takes too long: a stream that never ends must not keep others out. */
  async *#inTime(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const source = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        // Before anything is asked for: what nobody waits for any more must not fail unheard.
        this.#closing.signal.throwIfAborted();
        const next = await this.#orStall(source.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      // Nobody waits for it: a source that stalls may never say that it has ended.
      source.return?.().catch(() => undefined);
    }
  }

  async #orStall<T>(next: Promise<T>): Promise<T> {
    const { signal } = this.#closing;
    let give: (error: unknown) => void = () => undefined;
    const given = new Promise<never>((_, reject) => {
      give = reject;
    });
    const stop = (): void => give(signal.reason);
    signal.addEventListener("abort", stop);
    const timer = this.#host.environment.after(STALL_MS, () => {
      give(new RaftError("unreachable", `no part of the snapshot came for ${STALL_MS} ms`));
    });
    try {
      return await Promise.race([next, given]);
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", stop);
    }
  }

  /** The contents of the snapshot that the core accepts. @throws RaftError `snapshot-unavailable`. */
  claim({ index, term }: { readonly index: number; readonly term: number }): StagedSnapshot {
    const staged = this.#staged;
    if (staged?.index !== index || staged.term !== term) {
      throw new RaftError("snapshot-unavailable", `there are no contents of a snapshot at ${index} of term ${term}`);
    }
    this.#staged = undefined;
    return staged;
  }

  async close(): Promise<void> {
    this.#closing.abort(new RaftError("closed", "the node is stopping"));
    await this.#taking?.catch((error: unknown) => this.#host.failed(error));
  }

  async #take(): Promise<void> {
    const { log } = this.#host;
    const { meta, contents } = this.#host.capture();
    if (meta.index <= log.snapshot().index) return;
    const writer = await log.beginSnapshot(meta);
    let staged: StagedSnapshot;
    try {
      for await (const chunk of contents) await writer.write(chunk);
      staged = await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
    try {
      await log.saveSnapshot(staged);
    } catch (error) {
      // The leader's snapshot was newer.
      if (!isRaftError(error, "snapshot-out-of-date", "unavailable", "compacted")) throw error;
      await log.discardSnapshot(staged);
      return;
    }
    this.counters.taken += 1;
    await log.compact(log.snapshot().index);
  }

  async #send(message: Message): Promise<void> {
    const contents = await this.#host.log.readSnapshot();
    // It may be newer by now than the core knew, which is as good.
    const snapshot = { ...contents.meta, data: NO_DATA };
    await this.#host.transport.sendSnapshot({ ...message, snapshot }, contents, this.#closing.signal);
  }
}
