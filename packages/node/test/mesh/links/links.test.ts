import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { privateKeyToProtobuf } from "@libp2p/crypto/keys";
import { describe, expect, it, onTestFinished } from "vitest";
import { hostAndPortOf, addressOf } from "../../../src/mesh/host/addresses.ts";
import type { MeshHost, MeshHostOptions } from "../../../src/mesh/host/mesh-host.ts";
import {
  createLinks,
  type Link,
  type LinkEvent,
  type Links,
  type LinksOptions,
} from "../../../src/mesh/links/links.ts";
import type { Identity } from "../../../src/mesh/identity.ts";
import { identitiesInOrder, soon, startHost, until, type TestHost } from "../host/hosts.ts";
import { noLog } from "../../support.ts";
import type { PeerProcessNews, PeerProcessOptions } from "./peer-process.ts";

interface Peer {
  readonly host: TestHost;
  readonly links: Links;
  readonly events: LinkEvent[];
  readonly id: string;
}

async function startPeer(
  identity: Identity,
  options: Partial<MeshHostOptions> & { readonly links?: Partial<LinksOptions> } = {},
): Promise<Peer> {
  const host = await startHost({ identity, ...options });
  const links = await createLinks({ host, log: noLog, ...options.links });
  onTestFinished(() => links.close());
  const events: LinkEvent[] = [];
  links.onEvent((event) => events.push(event));
  return { host, links, events, id: host.peerId };
}

/** Two peers, the one with the lower id first. */
async function startPair(options: Parameters<typeof startPeer>[1] = {}): Promise<readonly [Peer, Peer]> {
  const [first, second] = await identitiesInOrder(2);
  if (first === undefined || second === undefined) throw new Error("two were made");
  return [await startPeer(first, options), await startPeer(second, options)];
}

function know(peer: Peer, other: Peer): void {
  peer.links.add(other.id, other.host.addresses());
}

function holdOneLink(a: Peer, b: Peer): boolean {
  const [here, there] = [a.links.current(b.id), b.links.current(a.id)];
  return here !== undefined && here.id === there?.id;
}

const ups = ({ events }: Peer): readonly Link[] => events.flatMap((event) => (event.type === "up" ? [event.link] : []));

describe("a link between two peers", () => {
  it("is two connections of one name at both ends, whichever side knows the other", async () => {
    for (const knower of [0, 1] as const) {
      const pair = await startPair();
      know(pair[knower], pair[knower === 0 ? 1 : 0]);
      await until(() => holdOneLink(...pair));
      const [lower, higher] = pair;
      const link = lower.links.current(higher.id);
      expect(link).toMatchObject({ peer: higher.id, incarnation: higher.links.incarnation });
      expect(link?.prompt).not.toBe(link?.bulk);
      await until(() => lower.host.connectionsOf(higher.id).length === 2);
      await until(
        () => lower.links.roundTripMs(higher.id) !== undefined && higher.links.roundTripMs(lower.id) !== undefined,
      );
      expect([lower.events, higher.events].map((events) => events.map(({ type }) => type))).toEqual([["up"], ["up"]]);
      expect(lower.links.status()).toMatchObject([{ peer: higher.id, state: "up", lastError: undefined }]);
    }
  });

  it("is one, however often both dial at the same moment", async () => {
    const [lower, higher] = await startPair();
    for (let round = 0; round < 10; round += 1) {
      know(lower, higher);
      know(higher, lower);
      await until(() => holdOneLink(lower, higher));
      await until(() => lower.host.connectionsOf(higher.id).length === 2);
      // Nothing comes after it that would take its place.
      await new Promise((resolve) => {
        setTimeout(resolve, 30);
      });
      expect(holdOneLink(lower, higher)).toBe(true);
      lower.links.remove(higher.id);
      higher.links.remove(lower.id);
      await until(() => lower.host.connectionsOf(higher.id).length === 0);
    }
  });

  it("is made anew when it is reset, or closed by the network, from either side", async () => {
    const [lower, higher] = await startPair();
    know(lower, higher);
    know(higher, lower);
    for (const peer of [lower, higher]) {
      const other = peer === lower ? higher : lower;
      await until(() => holdOneLink(lower, higher));
      const before = peer.links.current(other.id)?.id;
      peer.links.reset(other.id, "a detector thinks so");
      expect(peer.links.current(other.id)).toBeUndefined();
      await until(() => holdOneLink(lower, higher) && peer.links.current(other.id)?.id !== before);
      const second = peer.links.current(other.id);
      second?.bulk.abort("a cable was pulled");
      await until(() => holdOneLink(lower, higher) && peer.links.current(other.id)?.id !== second?.id);
      // A prompt connection without its bulk one is no link.
      expect(second?.prompt.isOpen).toBe(false);
    }
    expect([...lower.events, ...higher.events].some(({ type }) => type === "refused")).toBe(false);
  });

  it("is given up when nothing is heard, though its sockets stay open, and made again once something is", async () => {
    const [lower, higher] = await startPair({ links: { limits: { pingEveryMs: 50, promptSilenceMs: 250 } } });
    const relay = await startRelay(higher.host.addresses()[0] ?? "");
    lower.links.add(higher.id, [relay.address]);
    await until(() => holdOneLink(lower, higher));
    relay.hold(true);
    await until(() => lower.links.current(higher.id) === undefined && higher.links.current(lower.id) === undefined);
    const downs = [lower, higher].map(({ events }) => events.find(({ type }) => type === "down"));
    expect(downs).toMatchObject([{ error: { code: "unreachable" } }, { error: { code: "unreachable" } }]);
    relay.hold(false);
    lower.links.learn(higher.id, [relay.address]);
    await until(() => holdOneLink(lower, higher));
  });

  it("follows a peer to another address, because it says where it is", async () => {
    const [first, second] = await identitiesInOrder(2);
    if (first === undefined || second === undefined) throw new Error("two were made");
    const stays = await startPeer(first);
    const moves = await startPeer(second);
    know(stays, moves);
    await until(() => holdOneLink(stays, moves));
    const whereItWas = moves.host.addresses();
    await moves.links.close();
    await moves.host.close();
    const moved = await startPeer(second);
    expect(moved.host.addresses()).not.toEqual(whereItWas);
    know(moved, stays);
    await until(() => holdOneLink(stays, moved));
    expect(stays.links.current(moved.id)?.incarnation).toBe(moved.links.incarnation);
    stays.links.reset(moved.id, "dial it yourself");
    await until(() => stays.links.status()[0]?.addresses[0] === moved.host.addresses()[0]);
    await until(() => holdOneLink(stays, moved));
  });

  it("is not made with a stranger, nor kept with one", async () => {
    const [lower, higher] = await startPair();
    higher.host.standings.set(lower.id, "stranger");
    know(lower, higher);
    await until(() => lower.links.status()[0]?.lastError !== undefined);
    expect(ups(lower)).toEqual([]);
    higher.host.standings.set(lower.id, "member");
    lower.links.learn(higher.id, higher.host.addresses());
    await until(() => holdOneLink(lower, higher));
    higher.host.standings.set(lower.id, "revoked");
    higher.links.remove(lower.id);
    higher.host.standingChanged(lower.id);
    await until(() => lower.links.current(higher.id) === undefined && lower.host.connectionsOf(higher.id).length === 0);
    const before = ups(lower).length;
    await until(() => lower.links.status()[0]?.state === "waiting");
    expect(ups(lower).length).toBe(before);
  });

  it("can be waited for, but not for ever", async () => {
    const [lower, higher] = await startPair();
    await expect(lower.links.whenUp(higher.id, soon())).rejects.toMatchObject({ code: "unreachable" });
    know(lower, higher);
    const link = await lower.links.whenUp(higher.id, soon());
    expect(await lower.links.whenUp(higher.id, soon())).toBe(link);
    lower.links.add("12D3KooWGbWHiPDjbfxmqqTBySzQzEhUUAaYmtoKjL8HhTaYbX6B", []);
    const waiting = lower.links.whenUp("12D3KooWGbWHiPDjbfxmqqTBySzQzEhUUAaYmtoKjL8HhTaYbX6B", AbortSignal.timeout(20));
    await expect(waiting).rejects.toMatchObject({ code: "unreachable" });
  });

  it("closes streams that do not greet as peers do, and lives on", async () => {
    const [lower, higher] = await startPair();
    know(lower, higher);
    await until(() => holdOneLink(lower, higher));
    for (const bytes of [
      [0, 0, 0, 1, 9],
      [0, 0, 0, 3, 3, 0xc1, 1],
      [0xff, 0, 0, 0],
      [0, 0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    ]) {
      const connection = await lower.host.dial(higher.id, higher.host.addresses(), { force: true, signal: soon() });
      const stream = await connection.openStream("/parley/link/1", soon());
      stream.send(Uint8Array.from(bytes));
      if (bytes[4] === 1) stream.abort(new Error("a ping before the greeting is answered; that is all"));
      await until(() => stream.status !== "open");
      connection.abort("done");
    }
    expect(ups(lower).length).toBe(1);
    expect(holdOneLink(lower, higher)).toBe(true);
  });

  it("carries gossip, also after it was made anew", async () => {
    const [lower, higher] = await startPair({ topics: ["load"] });
    const heard: string[] = [];
    higher.host.topics.subscribe("load", {
      accepts: () => true,
      receive: (bytes) => heard.push(Buffer.from(bytes).toString()),
    });
    lower.host.topics.subscribe("load", { accepts: () => true, receive: () => undefined });
    know(lower, higher);
    for (const word of ["first", "second", "third"]) {
      await until(async () => {
        await lower.host.topics.publish("load", Buffer.from(`${word} ${performance.now()}`));
        await new Promise(setImmediate);
        return heard.some((line) => line.startsWith(word));
      }, `gossip on the ${word} link`);
      lower.links.reset(higher.id, "try the next one");
    }
    expect(heard.length).toBeGreaterThanOrEqual(3);
  });
});

describe("a link with a peer in another process", () => {
  it("is told as refused once the process is killed, and heals when it runs again, also elsewhere", async () => {
    for (const childIsLower of [true, false]) {
      const ids = await identitiesInOrder(2);
      const [mine, theirs] = childIsLower ? [ids[1], ids[0]] : [ids[0], ids[1]];
      if (mine === undefined || theirs === undefined) throw new Error("two were made");
      const peer = await startPeer(mine);
      const key = Buffer.from(privateKeyToProtobuf(theirs.privateKey)).toString("base64");
      const peers = { [mine.peerId]: peer.host.addresses() };
      const first = await startChild({ key, port: 0, peers });
      peer.links.add(theirs.peerId, first.addresses);
      await until(() => ups(peer).length === 1);
      const incarnation = ups(peer)[0]?.incarnation;
      await first.kill();
      await until(() => peer.links.current(theirs.peerId) === undefined);
      // Nobody waits for it any longer than until that is certain, nor soon after.
      for (const why of ["not yet certain", "certain"]) {
        const waiting = peer.links.whenUp(theirs.peerId, AbortSignal.timeout(60_000));
        await expect(waiting, why).rejects.toMatchObject({ code: "unreachable" });
      }
      await until(() => peer.events.some(({ type }) => type === "refused"));
      expect(peer.events.map(({ type }) => type)).toEqual(["up", "down", "refused"]);
      // On another port: it calls in and says where it is.
      const second = await startChild({ key, port: 0, peers });
      await until(() => ups(peer).length === 2);
      expect(ups(peer)[1]?.incarnation).not.toBe(incarnation);
      await until(() => second.news.some(({ type }) => type === "up"));
      await second.kill();
      await until(() => peer.events.filter(({ type }) => type === "refused").length === 2);
    }
  });

  it("is not told as refused because nobody is any more where an earlier life of the peer was", async () => {
    const [mine, theirs] = await identitiesInOrder(2);
    if (mine === undefined || theirs === undefined) throw new Error("two were made");
    const far = await startPeer(theirs);
    const direct = far.host.addresses()[0] ?? "";
    const [first, second] = [await startRelay(direct), await startRelay(direct)];
    // Only through the relays, whatever the peer says of itself.
    const host = onlyBy(await startHost({ identity: mine }), [first.address, second.address]);
    const links = await createLinks({ host, log: noLog, limits: { attemptTimeoutMs: 300 } });
    onTestFinished(() => links.close());
    const events: string[] = [];
    links.onEvent(({ type }) => events.push(type));
    far.host.standings.set(mine.peerId, "member");
    links.add(theirs.peerId, [first.address]);
    await until(() => events.length === 1);
    await first.close();
    await until(() => events.includes("refused"));
    links.learn(theirs.peerId, [second.address]);
    await until(() => links.current(theirs.peerId) !== undefined);
    second.hold(true);
    second.cut();
    await until(() => links.current(theirs.peerId) === undefined);
    const failed = (): string | undefined => links.status()[0]?.lastError;
    await until(
      () => failed()?.includes("did not answer") === true || failed()?.includes("cannot be reached") === true,
    );
    await until(() => links.status()[0]?.state === "waiting");
    expect(events.filter((type) => type === "refused").length).toBe(1);
    second.hold(false);
    await until(() => links.current(theirs.peerId) !== undefined);
  });

  it("is not told as refused when the process only stands still; its link is given up, and made again", async () => {
    const [mine, theirs] = await identitiesInOrder(2);
    if (mine === undefined || theirs === undefined) throw new Error("two were made");
    const peer = await startPeer(mine, { links: { limits: { pingEveryMs: 50, promptSilenceMs: 400 } } });
    const key = Buffer.from(privateKeyToProtobuf(theirs.privateKey)).toString("base64");
    const child = await startChild({ key, port: 0, peers: { [mine.peerId]: peer.host.addresses() } });
    peer.links.add(theirs.peerId, child.addresses);
    await until(() => ups(peer).length === 1);
    child.process.kill("SIGSTOP");
    await until(() => peer.links.current(theirs.peerId) === undefined);
    child.process.kill("SIGCONT");
    await until(() => peer.links.current(theirs.peerId) !== undefined);
    expect(peer.events.some(({ type }) => type === "refused")).toBe(false);
  });
});

interface Child {
  readonly process: ChildProcess;
  readonly addresses: readonly string[];
  readonly news: readonly PeerProcessNews[];
  kill(): Promise<void>;
}

async function startChild(options: PeerProcessOptions): Promise<Child> {
  const child = fork(fileURLToPath(new URL("peer-process.ts", import.meta.url)), [JSON.stringify(options)], {
    execArgv: ["--conditions=parley-source"],
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(kill);
  const news: PeerProcessNews[] = [];
  child.on("message", (said: PeerProcessNews) => news.push(said));
  await until(() => news.length > 0, "a child process");
  const [listens] = news;
  if (listens?.type !== "listens") throw new Error("it says first where it listens");
  return { process: child, addresses: listens.addresses, news, kill };
}

/** The same host, but it dials nothing else. */
function onlyBy(host: TestHost, allowed: readonly string[]): MeshHost {
  return {
    peerId: host.peerId,
    topics: host.topics,
    addresses: () => [],
    dial: (peer, addresses, options) =>
      host.dial(
        peer,
        addresses.filter((address) => allowed.includes(address)),
        options,
      ),
    handle: (...given) => host.handle(...given),
    unhandle: (protocol) => host.unhandle(protocol),
    connectionsOf: (peer) => host.connectionsOf(peer),
    standingChanged: (peer) => host.standingChanged(peer),
    onConnection: (listener) => host.onConnection(listener),
    letWait: (connection) => host.letWait(connection),
    endWait: (connection) => host.endWait(connection),
    gossipOver: (...given) => host.gossipOver(...given),
    protocols: () => host.protocols(),
    close: () => host.close(),
  };
}

interface Relay {
  readonly address: string;
  /** While held, everything is swallowed. */
  hold(isHeld: boolean): void;
  /** Closes what there is. */
  cut(): void;
  /** Listens no more. */
  close(): Promise<void>;
}

/** A way to an address that can swallow everything while its sockets stay open, as when a cable is pulled. */
async function startRelay(target: string): Promise<Relay> {
  const place = hostAndPortOf(target);
  const sockets = new Set<Socket>();
  let held = false;
  const pass = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on("data", (chunk) => void (held || to.write(chunk)));
    from.on("error", () => from.destroy());
    from.on("close", () => {
      sockets.delete(from);
      if (!held) to.destroy();
    });
  };
  const server = createServer((near) => {
    const far = connect({ host: place?.host ?? "", port: place?.port ?? 0 });
    pass(near, far);
    pass(far, near);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return cut();
    const closed = once(server, "close");
    server.close();
    cut();
    await closed;
  };
  onTestFinished(close);
  const bound = server.address();
  const port = bound === null || typeof bound === "string" ? 0 : bound.port;
  const address = addressOf({ host: "127.0.0.1", port });
  return { address, hold: (isHeld) => void (held = isHeld), cut, close };
}
