/** The processes of a cluster: how they are started and spoken to, and what they are told of each other. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { RaftError } from "../../errors.ts";
import type { NodeId } from "../../core/types.ts";
import type { NodeLimits } from "../../driver/node.ts";
import type { ElectionTiming } from "../../driver/timing.ts";
import type { ControlAction, ControlResults, LinkFault, NodePorts, PeerPlace } from "./control.ts";
import type { Guard } from "./guard.ts";
import { Links } from "./links.ts";
import { NodeConnection } from "./node-connection.ts";
import { NodeProcess, type CodeFrom } from "./node-process.ts";
import type { LogSettings, ProcessConfig } from "./process-config.ts";

/** How each process is started. */
export interface MemberOptions {
  /** Default `sources`. */
  readonly from?: CodeFrom;
  readonly timing?: ElectionTiming;
  readonly limits?: Partial<NodeLimits>;
  readonly log?: LogSettings;
  /** Flags of Node for each process. */
  readonly nodeFlags?: readonly string[];
}

interface Member {
  readonly folder: string;
  /** Set for those that founded the cluster. */
  readonly bootstrap: readonly NodeId[] | undefined;
  process: NodeProcess;
  connection: Promise<NodeConnection> | undefined;
}

export class Members {
  readonly #folder: string;
  readonly #guard: Guard;
  readonly #options: MemberOptions;
  readonly #members = new Map<NodeId, Member>();
  readonly #links = new Links();
  readonly #crashes: string[] = [];

  constructor(folder: string, guard: Guard, options: MemberOptions) {
    this.#folder = folder;
    this.#guard = guard;
    this.#options = options;
  }

  ids(): readonly NodeId[] {
    return [...this.#members.keys()].sort((a, b) => a - b);
  }

  /** Nodes that died though nobody killed them, and what they said. */
  get crashes(): readonly string[] {
    return this.#crashes;
  }

  processOf(id: NodeId): NodeProcess {
    return this.#member(id).process;
  }

  folderOf(id: NodeId): string {
    return this.#member(id).folder;
  }

  /** Starts a node that was not there before. @param bootstrap the first voters; undefined for one that joins */
  async add(id: NodeId, bootstrap: readonly NodeId[] | undefined): Promise<void> {
    await this.#launch(id, bootstrap, undefined);
  }

  /** Starts a dead node on its log and its ports. @throws RaftError `locked` when it runs. */
  async restart(id: NodeId): Promise<void> {
    const member = this.#member(id);
    if (member.process.isRunning) throw new RaftError("locked", `node ${id} is running`);
    await this.#launch(id, member.bootstrap, member);
  }

  /** Kills a node, and forgets it and its log. */
  async remove(id: NodeId): Promise<void> {
    const { process, folder } = this.#member(id);
    await process.kill();
    this.disconnect(id);
    this.#members.delete(id);
    this.#links.forget(id);
    await rm(folder, { recursive: true, force: true });
    await this.#tellPeers();
  }

  /** What is not given stays. */
  async setLink(from: NodeId, to: NodeId, change: Partial<LinkFault>): Promise<void> {
    await this.#tell(from, { action: "link", ...this.#links.set(from, to, change) });
  }

  async healLinks(): Promise<void> {
    await Promise.all(this.#links.clear().map(async ([from, link]) => this.#tell(from, { action: "link", ...link })));
  }

  /** @throws RaftError `unreachable`, `closed`. */
  async control<A extends ControlAction["action"]>(
    id: NodeId,
    action: Extract<ControlAction, { readonly action: A }>,
    timeoutMs?: number,
  ): Promise<ControlResults[A]> {
    const connection = await this.#connect(id);
    return connection.control<A>(action, timeoutMs);
  }

  disconnect(id: NodeId): void {
    const member = this.#member(id);
    const { connection } = member;
    member.connection = undefined;
    void connection?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  /** Who has died, and what they said, for errors. */
  obituary(): string {
    const dead = [...this.#members].filter(([, { process }]) => !process.isRunning);
    return dead.map(([id, { process }]) => `\nnode ${id} is dead: ${process.stderr()}`).join("");
  }

  #member(id: NodeId): Member {
    const member = this.#members.get(id);
    if (member === undefined) throw new RaftError("unknown-peer", `there is no node ${id} in this cluster`);
    return member;
  }

  /** A node's process; `member` when it had one before. */
  async #launch(id: NodeId, bootstrap: readonly NodeId[] | undefined, member: Member | undefined): Promise<void> {
    const { from = "sources", nodeFlags = [], timing, limits, log } = this.#options;
    const folder = member?.folder ?? join(this.#folder, String(id));
    const ports: NodePorts = member?.process.ports ?? { client: 0, peer: 0 };
    const config: ProcessConfig = {
      id,
      folder,
      peerPort: ports.peer,
      clientPort: ports.client,
      peers: this.#places(),
      links: this.#links.of(id),
      ...(bootstrap && { bootstrap }),
      ...(timing && { timing }),
      ...(limits && { limits }),
      ...(log && { log }),
    };
    const process = await NodeProcess.start({ config, from, guard: this.#guard, nodeFlags });
    void process.crash().then((crash) => {
      if (crash !== undefined) this.#crashes.push(crash);
    });
    if (member === undefined) this.#members.set(id, { folder, bootstrap, process, connection: undefined });
    else member.process = process;
    // What changed while it started, and what its own start changes for the others.
    await this.#tellPeers();
    const links = this.#links.changesFor(id, config.links);
    await Promise.all(links.map(async (link) => this.#tell(id, { action: "link", ...link })));
  }

  #places(): readonly PeerPlace[] {
    return [...this.#members].map(([id, { process }]) => ({ id, port: process.ports.peer }));
  }

  /** Paused nodes hear of it when they are back; dead ones when they are started. */
  async #tellPeers(): Promise<void> {
    const peers = this.#places();
    await Promise.all(this.ids().map(async (id) => this.#tell(id, { action: "peers", peers })));
  }

  async #tell(id: NodeId, action: Extract<ControlAction, { readonly action: "peers" | "link" }>): Promise<void> {
    const { process } = this.#member(id);
    if (!process.isRunning) return;
    const told = this.control(id, action).catch((error: unknown) => {
      // A node that has died in the meantime is told when it is started again. With a paused one, what it is told stands
      // in its socket, before whatever is said to it later.
      if (!(error instanceof RaftError) || (process.isRunning && !process.isPaused)) throw error;
    });
    if (!process.isPaused) await told;
  }

  async #connect(id: NodeId): Promise<NodeConnection> {
    const member = this.#member(id);
    for (;;) {
      const opening = (member.connection ??= NodeConnection.open(member.process.ports.client));
      try {
        const connection = await opening;
        if (!connection.isClosed) return connection;
        if (member.connection === opening) member.connection = undefined;
      } catch (error) {
        if (member.connection === opening) member.connection = undefined;
        const said = member.process.stderr();
        const end = member.process.isRunning ? "" : " and is dead";
        const detail = `node ${id} does not answer${end}${said === "" ? "" : `; its last words: ${said}`}`;
        throw new RaftError("unreachable", detail, { cause: error });
      }
    }
  }
}
