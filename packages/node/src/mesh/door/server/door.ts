/**
 * The door of a peer: answers `/parley/door/1`, whoever asks. It tells strangers what DECISIONS 12 lets them see, lets in who
 * proves a code or the join secret or is approved by a person, tells a revoked peer that it is, and nothing else.
 */
import { isPeerError, PeerError } from "../../../errors.ts";
import type { FrameStream } from "../frame-stream.ts";
import { decode, encode, misbehaved } from "../protocol/codec.ts";
import { requestSchema, type About } from "../protocol/messages.ts";
import { DOOR_DEADLINES, type DoorDeadlines } from "./deadlines.ts";
import { nextRequest, refuse, type Exchange } from "./exchange.ts";
import { Gate, type OpenWindow } from "./gate.ts";
import { serveKnock } from "./knock.ts";
import { servePairing } from "./pair.ts";
import type { DoorCluster, DoorEvent, WaitingPeer } from "./ports.ts";
import { WaitingList } from "./waiting-list.ts";
import { serveWelcome } from "./welcome.ts";

/** Streams at once, of members and strangers. The host has bounds of its own. */
const MAX_STREAMS = 64;
/** Requests that one stream may bring. */
const MAX_REQUESTS = 32;

export interface DoorOptions {
  readonly cluster: DoorCluster;
  /** As `readJoinSecret` gave it; undefined when peers are let in by people only. */
  readonly joinSecret?: string | undefined;
  readonly onEvent?: (event: DoorEvent) => void;
  /** Monotonic, in ms. */
  readonly nowMs?: () => number;
  readonly deadlines?: Partial<DoorDeadlines>;
}

export class Door {
  readonly #cluster: DoorCluster;
  readonly #gate: Gate;
  readonly #waiting: WaitingList;
  readonly #deadlines: DoorDeadlines;
  readonly #nowMs: () => number;
  readonly #tell: (event: DoorEvent) => void;
  readonly #streams = new Set<FrameStream>();
  readonly #closing = new AbortController();

  constructor({ cluster, joinSecret, onEvent, nowMs, deadlines }: DoorOptions) {
    this.#cluster = cluster;
    this.#nowMs = nowMs ?? (() => performance.now());
    this.#deadlines = { ...DOOR_DEADLINES, ...deadlines };
    this.#tell = (event) => onEvent?.(event);
    this.#waiting = new WaitingList((type, peer) => this.#tell({ type, peer }));
    this.#gate = new Gate({
      nowMs: this.#nowMs,
      joinSecret,
      admitsBySecret: () => cluster.admitsBySecret(),
      closed: (why) => this.#tell({ type: "window-closed", why }),
    });
  }

  /** What everybody may see of this peer. */
  about(): About {
    const about = this.#cluster.about();
    return { ...about, pairing: about.cluster === null ? "closed" : this.#gate.state };
  }

  /**
   * A person opens a window for one newcomer; the code of an earlier one counts no more.
   * @throws PeerError `pairing-closed` while this peer belongs to no cluster
   */
  openWindow(): OpenWindow {
    if (this.#cluster.about().cluster !== null) return this.#gate.open();
    throw new PeerError("pairing-closed", "this peer belongs to no cluster yet, so it can let nobody in", {
      nextStep: "Wait until it has founded or joined one (parley status), then try again.",
    });
  }

  closeWindow(): void {
    this.#gate.close();
  }

  /** The window that is open now. */
  get window(): OpenWindow | undefined {
    return this.#gate.window;
  }

  /** Who waits for approval, longest waiting first. */
  get waiting(): readonly WaitingPeer[] {
    return this.#waiting.peers;
  }

  /**
   * A person approves a waiting peer; fulfilled when it is in.
   * @throws PeerError `usage` when it does not wait, otherwise what kept it out
   */
  approve(peerId: string): Promise<void> {
    return this.#waiting.approve(peerId);
  }

  /** A person sends a waiting peer away. */
  decline(peerId: string): void {
    this.#waiting.decline(peerId);
  }

  /** This peer belongs to no cluster any more: nobody waits for one here. */
  sendAway(): void {
    this.#waiting.clear(
      new PeerError("interrupted", "this peer belongs to no cluster any more, so it can let nobody in", {
        nextStep: "Approve the newcomer at a peer that belongs to one: parley pair --approve FINGERPRINT.",
      }),
    );
  }

  /** Answers one stream until it ends. Never throws for what the other end does. */
  async serve(stream: FrameStream): Promise<void> {
    if (this.#closing.signal.aborted || this.#streams.size >= MAX_STREAMS) {
      stream.abort(new Error("the door is closed or crowded"));
      return;
    }
    this.#streams.add(stream);
    try {
      await this.#answer(stream);
      await stream.close();
    } catch (error) {
      await this.#endBadly(stream, error);
    } finally {
      this.#streams.delete(stream);
    }
  }

  /** Ends all streams; who waited is gone. */
  close(): void {
    this.#gate.close();
    const closed = new PeerError("interrupted", "this peer is stopping", { nextStep: "Try again later." });
    this.#closing.abort(closed);
    for (const stream of this.#streams) stream.abort(closed);
  }

  async #answer(stream: FrameStream): Promise<void> {
    const exchange: Exchange = {
      stream,
      cluster: this.#cluster,
      gate: this.#gate,
      waiting: this.#waiting,
      deadlines: this.#deadlines,
      nowMs: this.#nowMs,
      tell: this.#tell,
      closing: this.#closing.signal,
    };
    for (let requests = 0; requests < MAX_REQUESTS; requests += 1) {
      const frame = await nextRequest(exchange);
      if (frame === undefined) return;
      const request = decode(requestSchema, frame);
      const cluster = this.#cluster.revokedBy(stream.remotePeer);
      if (cluster !== undefined) return refuse(stream, { code: "revoked", reason: "this peer was revoked", cluster });
      if (request.type === "hello") await this.#greet(stream, request.port);
      else if (request.type === "pair") await servePairing(exchange, request, frame);
      else if (request.type === "knock") await serveKnock(exchange, request.application);
      else await serveWelcome(exchange, request.proof);
    }
  }

  async #greet(stream: FrameStream, port: number | undefined): Promise<void> {
    await stream.send(encode({ type: "about", ...this.about() }));
    const { remotePeer, remoteAddress } = stream;
    if (port === undefined || remoteAddress === undefined) return;
    this.#tell({ type: "visited", peerId: remotePeer, host: remoteAddress, port });
  }

  async #endBadly(stream: FrameStream, error: unknown): Promise<void> {
    if (isPeerError(error, "peer-silent", "interrupted")) {
      stream.abort(error);
      return;
    }
    // Whatever else it was, the stranger learns no more than that.
    const wasTheirs = isPeerError(error, "peer-misbehaved");
    const why = wasTheirs ? error : misbehaved("what this peer could not handle", error);
    try {
      await refuse(stream, { code: "peer-misbehaved", reason: "this peer did not understand what was sent" });
      await stream.close();
    } catch {
      stream.abort(why);
    }
    if (!wasTheirs) throw error;
  }
}
