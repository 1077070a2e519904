/** What a peer's part in a cluster stands on: its machine's network and disk. In a simulation others take their place. */
import { mkdir, rm } from "node:fs/promises";
import { openLevelLog, type LogStore, type LogStoreOptions } from "@parley/raft";
import { createMeshHost, type MeshHost, type MeshHostOptions } from "../../mesh/host/mesh-host.ts";
import { loadSealingKey, type SealingKey } from "../../mesh/keys/sealing-key.ts";
import { outboxFileAt, type OutboxFile } from "../outbox/file.ts";
import { listIfThere, readIfThere, writeDurably } from "./home/durable-file.ts";

export interface Ground {
  /** @throws PeerError `port-in-use` */
  listen(options: MeshHostOptions): Promise<MeshHost>;
  readonly files: HomeFiles;
  /** @throws RaftError when the log in that folder cannot be used, or is in use */
  openLog(folder: string, options: Pick<LogStoreOptions, "wasKept">): Promise<LogStore>;
  /** `isExpected`: there has been one. @throws PeerError `home-unusable` */
  sealingKey(path: string, options: { readonly isExpected: boolean }): Promise<SealingKey>;
  /** Absent: what waits to be delivered does not outlast the peer. */
  outboxFile?(path: string): OutboxFile;
}

/** The files of a peer's home. */
export interface HomeFiles {
  /** Undefined where there is none. @throws PeerError `home-unusable` */
  read(path: string): Promise<string | undefined>;
  /** Durable, whole or not at all. @throws PeerError `home-unusable` */
  write(path: string, text: string): Promise<void>;
  /** With all folders above it; does nothing where it is there. */
  makeFolder(path: string): Promise<void>;
  /** Nothing where there is no such folder. @throws PeerError `home-unusable` */
  list(folder: string): Promise<readonly string[]>;
  /** A file, or a folder with all in it; does nothing where there is none. */
  remove(path: string): Promise<void>;
}

/** The machine that this process runs on. */
export const MACHINE: Ground = {
  listen: createMeshHost,
  files: {
    read: readIfThere,
    write: writeDurably,
    makeFolder: async (path) => void (await mkdir(path, { recursive: true, mode: 0o700 })),
    list: listIfThere,
    remove: (path) => rm(path, { recursive: true, force: true }),
  },
  openLog: openLevelLog,
  sealingKey: loadSealingKey,
  outboxFile: outboxFileAt,
};
