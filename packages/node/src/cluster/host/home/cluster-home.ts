/**
 * What a peer keeps of its cluster beside the log: `cluster.json` says whether it belongs, to what, under which number, and
 * who else did when that was last known. A peer that once belonged has this file for ever.
 */
import { join } from "node:path";
import * as z from "zod";
import { messageOf, PeerError } from "../../../errors.ts";
import { MACHINE, type HomeFiles } from "../ground.ts";

const knownMember = z.strictObject({
  peer: z.string().min(1),
  node: z.int().min(1),
  name: z.string(),
  /** Multiaddrs, as far as they are known. */
  addresses: z.array(z.string()).readonly(),
});

/** A member, as it was last known. */
export type KnownMember = Readonly<z.output<typeof knownMember>>;

const record = z.strictObject({
  format: z.literal(1),
  /** `founding`: its first entry may not be in the log yet. */
  standing: z.enum(["founding", "member", "left", "revoked"]),
  cluster: z.string().min(1).max(64),
  /** This peer's number. */
  node: z.int().min(1),
  /** Of the last command that is known in what follows. */
  index: z.int().min(0),
  members: z.array(knownMember).readonly(),
  /** Peer ids. */
  revoked: z.array(z.string()).readonly(),
});

export type ClusterRecord = Readonly<z.output<typeof record>>;

/** What a log is kept by: a number is given to one peer once. */
export type Membership = Pick<ClusterRecord, "cluster" | "node">;

/** Ends the name of what is left of a log that the others still count on. */
const LEFT_BEHIND = ".left";
/** Ends the name of what says that a log is about to be removed. */
const OVER = ".over";

/** A founder's number. */
const FOUNDER = 1;

/** Of a cluster that is about to be founded. */
export function founderRecord(cluster: string, founder: Pick<KnownMember, "peer" | "name">): ClusterRecord {
  const members = [{ ...founder, node: FOUNDER, addresses: [] }];
  return { format: 1, standing: "founding", cluster, node: FOUNDER, index: 0, members, revoked: [] };
}

/** @throws PeerError `home-unusable` when the peer that belongs is another one: its key was lost, or its folder put together */
export function checkIdentity({ members, node }: ClusterRecord, self: string): void {
  const own = members.find((member) => member.node === node);
  if (own === undefined || own.peer === self) return;
  throw new PeerError("home-unusable", `identity.key is not that of ${own.peer}, which belongs to the cluster here`, {
    nextStep: "Restore identity.key from a backup; or move cluster.json and the folder raft away, and join again.",
  });
}

/** Whether it belongs, or is about to. */
export function belongs(
  record: ClusterRecord | undefined,
): record is ClusterRecord & { readonly standing: "member" | "founding" } {
  return record?.standing === "member" || record?.standing === "founding";
}

function nameOf({ cluster, node }: Membership): string {
  return `${cluster}-${node}`;
}

export class ClusterHome {
  readonly #path: string;
  readonly #logs: string;
  readonly #files: HomeFiles;
  /** Writes, one after the other. */
  #writing: Promise<void> = Promise.resolve();

  /** @param folder the peer's home */
  constructor(folder: string, files = MACHINE.files) {
    this.#files = files;
    this.#path = join(folder, "cluster.json");
    this.#logs = join(folder, "raft");
  }

  /** @throws PeerError `home-unusable` */
  async read(): Promise<ClusterRecord | undefined> {
    const text = await this.#files.read(this.#path);
    if (text === undefined) return this.#neverBelonged();
    try {
      return record.parse(JSON.parse(text));
    } catch (cause) {
      throw new PeerError("home-unusable", `${this.#path} cannot be understood: ${messageOf(cause)}`, {
        nextStep: "Restore the file from a backup; or move it and the folder raft away, and join the cluster again.",
        cause,
      });
    }
  }

  /** @throws PeerError `home-unusable` */
  write(contents: ClusterRecord): Promise<void> {
    return this.#inTurn(() => this.#files.write(this.#path, `${JSON.stringify(contents, undefined, 2)}\n`));
  }

  /** Fulfilled when nothing is being written. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  /** As if it had never belonged: for a founder that yields. @throws PeerError `home-unusable` */
  forget(membership: Membership): Promise<void> {
    return this.#inTurn(async () => {
      // A crash before its log is removed would look as if this file had been lost.
      await this.#files.makeFolder(this.#logs);
      await this.#files.write(join(this.#logs, `${nameOf(membership)}${OVER}`), "");
      await this.#rm(this.#path);
      await this.sweep(undefined);
    });
  }

  /**
   * The folder of this membership's log. Another membership's is never taken for it. `wasLeftBehind`: its log was given up while
   * the others still counted on it ({@link leaveBehind}).
   */
  async logFolder(membership: Membership): Promise<{ readonly folder: string; readonly wasLeftBehind: boolean }> {
    const folder = join(this.#logs, nameOf(membership));
    await this.#files.makeFolder(folder);
    return { folder, wasLeftBehind: (await this.#files.read(`${folder}${LEFT_BEHIND}`)) !== undefined };
  }

  /**
   * Remembers that the others still count on this membership, whose log is about to go: should it ever be taken up again, that
   * it has voted and acknowledged what nobody here knows any more. @throws PeerError `home-unusable`
   */
  async leaveBehind(membership: Membership): Promise<void> {
    await this.#files.makeFolder(this.#logs);
    await this.#files.write(join(this.#logs, `${nameOf(membership)}${LEFT_BEHIND}`), "");
  }

  /** Removes logs of memberships that are over. */
  async sweep(current: Membership | undefined): Promise<void> {
    const kept = current === undefined ? undefined : nameOf(current);
    await this.#files.makeFolder(this.#logs);
    const all = await this.#files.list(this.#logs);
    const old = all.filter((name) => name !== kept && !name.endsWith(LEFT_BEHIND));
    const [over, logs] = [old.filter((name) => name.endsWith(OVER)), old.filter((name) => !name.endsWith(OVER))];
    for (const names of [logs, over]) await Promise.all(names.map((name) => this.#rm(join(this.#logs, name))));
  }

  /** Who belonged never founds another cluster, also when it has lost what tells that it did. */
  async #neverBelonged(): Promise<undefined> {
    const all = await this.#files.list(this.#logs);
    const lost = all.find(
      (name) => !name.endsWith(LEFT_BEHIND) && !name.endsWith(OVER) && !all.includes(`${name}${OVER}`),
    );
    if (lost === undefined) return undefined;
    throw new PeerError("home-unusable", `${this.#path} is missing, though raft/${lost} holds the log of a cluster`, {
      nextStep: "Restore the file from a backup; or move the folder raft away, and join the cluster again.",
    });
  }

  async #rm(path: string): Promise<void> {
    try {
      await this.#files.remove(path);
    } catch (cause) {
      throw new PeerError("home-unusable", `cannot remove ${path}: ${messageOf(cause)}`, {
        nextStep: "Check the folder's owner and permissions.",
        cause,
      });
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(work);
    // Whoever asked for it hears of its failure; the next begins all the same.
    this.#writing = done.catch(() => undefined);
    return done;
  }
}
