/** A disk that crashes and fills up where a test wants it, and what writes to it. */
import pino from "pino";
import { Outbox, type OutboxLimits } from "../../../src/cluster/outbox/outbox.ts";
import type { OutboxFile } from "../../../src/cluster/outbox/file.ts";
import type { PostponedCommand } from "../../../src/cluster/state/schemas.ts";

export const silent = pino({ level: "silent" });

/** What outlasts a crash, and what a crash may take. */
export class FaultyDisk {
  durable = Buffer.alloc(0);
  /** As a program sees it. */
  seen = Buffer.alloc(0);
  damaged: Buffer | undefined;
  isFull = false;
  /** Writes until the power goes; undefined: it stays. */
  fuse: number | undefined;
  /** How much of a write that is under way, or not synced, reaches the disk: of 255. */
  torn = 0;
  /** Whether what came of it is not what was written. */
  isGarbled = false;
  life = 0;

  /** Power again. */
  restart(): void {
    this.life += 1;
    this.fuse = undefined;
    const beyond = this.seen.subarray(this.durable.length);
    const kept = Buffer.from(beyond.subarray(0, Math.floor((beyond.length * this.torn) / 255)));
    const last = kept.length - 1;
    if (this.isGarbled && last >= 0) kept[last] = (kept[last] ?? 0) ^ 0x5a;
    this.durable = Buffer.concat([this.durable, kept]);
    this.seen = Buffer.from(this.durable);
  }

  file(): OutboxFile {
    const life = this.life;
    const begin = (): void => {
      if (life !== this.life || this.fuse === 0) throw new Error("there is no power");
      if (this.fuse !== undefined) this.fuse -= 1;
    };
    return {
      read: async () => Buffer.from(this.durable),
      append: async (bytes, { isSynced }) => {
        begin();
        const whole = Buffer.concat([this.seen, bytes]);
        // The write is in the system's memory when the power goes, or the disk is full half-way.
        if (this.isFull) {
          this.seen = whole.subarray(0, this.seen.length + Math.floor(bytes.length / 2));
          throw Object.assign(new Error("no space left on the disk"), { code: "ENOSPC" });
        }
        this.seen = whole;
        if (this.fuse === 0) throw new Error("there is no power");
        if (isSynced) this.durable = Buffer.from(this.seen);
      },
      truncate: async (length) => {
        begin();
        this.seen = this.seen.subarray(0, length);
        this.durable = Buffer.from(this.seen);
      },
      replace: async (bytes) => {
        begin();
        if (this.isFull) throw Object.assign(new Error("no space left on the disk"), { code: "ENOSPC" });
        if (this.fuse === 0) throw new Error("there is no power");
        this.seen = Buffer.from(bytes);
        this.durable = Buffer.from(bytes);
      },
      setAside: async () => {
        begin();
        this.damaged = Buffer.from(this.seen);
      },
      remove: async () => {
        begin();
        this.seen = Buffer.alloc(0);
        this.durable = Buffer.alloc(0);
      },
      close: async () => undefined,
    };
  }

  open(limits?: OutboxLimits): Promise<Outbox> {
    return Outbox.open({
      file: this.file(),
      log: silent,
      nowMs: () => 1_000,
      ...(limits === undefined ? {} : { limits }),
    });
  }
}

export function putOf(key: string): PostponedCommand {
  return { type: "put", key, value: Buffer.from(key) };
}

/** The keys of what waits, in order. */
export function keysIn(outbox: Outbox): readonly string[] {
  const keys: string[] = [];
  for (const waiting of outbox.waiting) {
    const command = outbox.read(waiting);
    keys.push(command?.key ?? "?");
  }
  return keys;
}
