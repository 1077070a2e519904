/** An outbox's file on a simulated disk: what the system has of it, and what would be left of it without power. */
import type { simulated } from "@parley/node/testing";

export class OutboxBytes {
  /** As a process finds it. */
  seen: Uint8Array = new Uint8Array();
  /** What is on the disk for sure. */
  durable: Uint8Array = new Uint8Array();

  /** The power goes: of what was added and not synced a part is there, from its beginning. `share`: in [0, 1) */
  cut(share: number): void {
    const added = this.seen.length - this.durable.length;
    if (added > 0) this.durable = this.seen.slice(0, this.durable.length + Math.floor(share * (added + 1)));
    this.seen = this.durable;
  }
}

/** What the machine does with it. */
export interface OutboxDisk {
  /** The process may end meanwhile; then it never returns. */
  takesTime(): Promise<void>;
  random(): number;
  isFull(): boolean;
}

/** Of one process. */
export function outboxFileOn(file: OutboxBytes, disk: OutboxDisk): simulated.OutboxFile {
  const add = (bytes: Uint8Array): void => {
    file.seen = Buffer.concat([file.seen, bytes]);
  };
  return {
    read: async () => {
      await disk.takesTime();
      return file.seen;
    },
    append: async (bytes, { isSynced }) => {
      await disk.takesTime();
      const half = Math.floor(disk.random() * (bytes.length + 1));
      add(bytes.subarray(0, half));
      if (disk.isFull()) throw noSpace();
      await disk.takesTime();
      add(bytes.subarray(half));
      if (!isSynced) return;
      await disk.takesTime();
      file.durable = file.seen;
    },
    truncate: async (length) => {
      await disk.takesTime();
      file.seen = file.seen.slice(0, length);
      file.durable = file.seen;
    },
    replace: async (bytes) => {
      await disk.takesTime();
      if (disk.isFull()) throw noSpace();
      [file.seen, file.durable] = [bytes, bytes];
      await disk.takesTime();
    },
    setAside: () => disk.takesTime(),
    remove: async () => {
      await disk.takesTime();
      [file.seen, file.durable] = [new Uint8Array(), new Uint8Array()];
    },
    close: async () => undefined,
  };
}

function noSpace(): Error {
  return Object.assign(new Error("no space left on the simulated disk"), { code: "ENOSPC" });
}
