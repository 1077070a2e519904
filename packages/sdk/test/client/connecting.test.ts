import { describe, expect, it } from "vitest";
import { connect, encodeAudioFrame, type ClientEvents, type ParleyClient } from "../../src/index.ts";
import { clientOf, commandOf, deadUrl, follow, ProtocolPeer, QUICK, silentServer } from "./protocol-peer.ts";

const seen = <N extends keyof ClientEvents>(client: ParleyClient, name: N): ClientEvents[N][] => {
  const events: ClientEvents[N][] = [];
  client.on(name, (event) => events.push(event));
  return events;
};

describe("connecting", () => {
  it("takes the first peer that answers; two of three are dead", async () => {
    const peer = await ProtocolPeer.start({ name: "study" });
    const client = await clientOf([await deadUrl(), await deadUrl(), peer]);
    expect(client.server.name).toBe("study");
    expect(client.connection).toMatchObject({ isConnected: true, url: peer.url });
  });

  it("is not held up by a peer that accepts and says nothing", async () => {
    const { url } = await silentServer();
    const peer = await ProtocolPeer.start({ name: "study" });
    const client = await clientOf([url, peer], { timeoutMs: 60_000 });
    expect(client.server.name).toBe("study");
  });

  it("is not held up for long by one that opens the socket and then says nothing", async () => {
    const mute = await ProtocolPeer.start({ isMute: true });
    const peer = await ProtocolPeer.start({ name: "study" });
    const client = await clientOf([mute, peer], { timeoutMs: 60_000 });
    expect(client.server.name).toBe("study");
    expect(mute.registers).toHaveLength(1);
  });

  it("says who refused it, and prefers that to who was not there", async () => {
    const peer = await ProtocolPeer.start({ admits: () => false });
    await expect(clientOf([await deadUrl(), peer])).rejects.toMatchObject({
      code: "refused",
      remoteCode: "AUTHENTICATION_FAILED",
    });
  });

  it("goes past a peer that refuses to one that does not", async () => {
    const strict = await ProtocolPeer.start({ admits: () => false });
    const open = await ProtocolPeer.start({ name: "open" });
    expect((await clientOf([strict, open])).server.name).toBe("open");
  });

  it("says that nobody answers, in time, and names who was asked", async () => {
    const { url } = await silentServer();
    const dead = await deadUrl();
    await expect(clientOf([dead, url], { timeoutMs: 200 })).rejects.toMatchObject({
      code: "cannot-connect",
      message: `none of 2 peers answers: ${dead}, ${url}`,
      retryable: true,
    });
    await expect(clientOf([url], { timeoutMs: 100 })).rejects.toMatchObject({ code: "timed-out" });
    await expect(clientOf(["no address"])).rejects.toMatchObject({ code: "cannot-connect" });
    await expect(connect({ token: "t" })).rejects.toMatchObject({
      code: "cannot-connect",
      message: "no peer was named",
    });
  });

  it("is cancelled by its signal, before and in the middle", async () => {
    const { url } = await silentServer();
    const abort = new AbortController();
    const connecting = clientOf([url], { signal: abort.signal });
    abort.abort();
    await expect(connecting).rejects.toMatchObject({ code: "cancelled" });
    await expect(clientOf([url], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
  });

  it("uses what is found, but shows its token only where that is safe", async () => {
    const peer = await ProtocolPeer.start({ name: "found" });
    async function* discover(): AsyncGenerator<string> {
      yield "ws://10.99.99.99:8765/ws";
      yield "http://127.0.0.1/ws";
      yield peer.url;
    }
    const client = await clientOf([], { discover });
    expect(client.server.name).toBe("found");
    expect(client.connection.peers).toEqual([peer.url]);
  });

  it("fails when nothing is found, and when the search itself does", async () => {
    async function* nothing(): AsyncGenerator<string> {
      // There is nobody.
    }
    async function* broken(): AsyncGenerator<string> {
      yield await Promise.reject<string>(new Error("no multicast"));
    }
    await expect(clientOf([], { discover: nothing })).rejects.toMatchObject({ code: "cannot-connect" });
    await expect(clientOf([], { discover: broken })).rejects.toMatchObject({
      code: "cannot-connect",
      message: expect.stringContaining("no multicast"),
    });
  });

  it("looks for peers again when those that it knew are gone", async () => {
    const first = await ProtocolPeer.start();
    const found = [first.url];
    async function* discover(): AsyncGenerator<string> {
      yield* found;
    }
    const client = await clientOf([], { discover });
    first.die();
    const second = await ProtocolPeer.start({ name: "moved" });
    found.push(second.url);
    await expect.poll(() => client.server.name).toBe("moved");
  });

  it("ends with the search's time when it finds nobody for ever", async () => {
    async function* patient(signal: AbortSignal): AsyncGenerator<string> {
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
      yield* [];
    }
    await expect(clientOf([], { discover: patient, timeoutMs: 100 })).rejects.toMatchObject({ code: "cannot-connect" });
    async function* deaf(): AsyncGenerator<string> {
      await new Promise(() => undefined);
      yield* [];
    }
    await expect(clientOf([], { discover: deaf, timeoutMs: 100 })).rejects.toMatchObject({ code: "cannot-connect" });
  });
});

describe("a connection that is lost", () => {
  it.for(["die", "stop"] as const)("is made anew at another peer when the peer is to %s", async (how) => {
    const first = await ProtocolPeer.start({ name: "first" });
    const second = await ProtocolPeer.start({ name: "second" });
    const client = await clientOf([first, second]);
    const connected = seen(client, "connected");
    const disconnected = seen(client, "disconnected");
    first[how]();
    await expect.poll(() => connected.length).toBe(1);
    expect(connected[0]).toMatchObject({ peer: { name: "second" }, url: second.url, isAgain: true });
    expect(disconnected).toMatchObject([{ willReconnect: true, error: { code: "connection-lost" } }]);
  });

  it("is not one whose session was taken up at another connection: that is its end", async () => {
    const peer = await ProtocolPeer.start();
    const other = await ProtocolPeer.start();
    const client = await clientOf([peer, other]);
    const disconnected = seen(client, "disconnected");
    peer.guest.socket.close(4409, "the session goes on at another connection");
    await expect.poll(() => disconnected.length).toBe(1);
    expect(disconnected[0]).toMatchObject({ willReconnect: false, error: { code: "connection-lost" } });
    await expect(client.query("get_status")).rejects.toMatchObject({ code: "connection-lost" });
    expect(other.registers).toEqual([]);
  });

  it("is one whose peer gives no sign of life any more", async () => {
    let isSilent = false;
    const first = await ProtocolPeer.start({ answersHeartbeats: () => !isSilent });
    const second = await ProtocolPeer.start({ name: "second" });
    const client = await clientOf([first, second]);
    const disconnected = seen(client, "disconnected");
    isSilent = true;
    await expect.poll(() => client.server.name).toBe("second");
    expect(disconnected).toMatchObject([{ error: { message: "the peer is silent" } }]);
  });

  it("is not one that was asked for something while it was being looked for", async () => {
    const first = await ProtocolPeer.start();
    const closely = {
      ...QUICK,
      heartbeatMs: 60_000,
      silentMs: 60_000,
      workHeartbeatMs: 20,
      workSilentMs: 200,
    } as const;
    const client = await clientOf([first], { reconnect: closely });
    const disconnected = seen(client, "disconnected");
    first.die();
    await expect.poll(() => disconnected.length).toBe(1);
    const asking = follow(client.ask({ text: "What is the capital of France?" }));
    const again = await ProtocolPeer.startAt(Number(new URL(first.url).port), { resume: true });
    await expect.poll(() => again.guests.length).toBe(1);
    await expect.poll(() => again.guest.messages.length).toBe(1);
    // As long as a peer that is silent would be waited for.
    await new Promise((resolve) => setTimeout(resolve, 2 * (closely.workHeartbeatMs + closely.workSilentMs)));
    expect(disconnected).toHaveLength(1);
    again.guest.result(again.guest.messages[0]?.messageId ?? "");
    expect((await asking).error).toBeUndefined();
  });

  describe("while work is under way", () => {
    const CLOSELY = {
      ...QUICK,
      heartbeatMs: 60_000,
      silentMs: 60_000,
      workHeartbeatMs: 20,
      workSilentMs: 200,
    } as const;

    it("is one whose peer is silent for a much shorter while, and the work goes on at the next", async () => {
      let isSilent = false;
      const first = await ProtocolPeer.start({ answersHeartbeats: () => !isSilent });
      const second = await ProtocolPeer.start({
        name: "second",
        onMessage: (message, guest) => guest.result(message.messageId),
      });
      const client = await clientOf([first, second], { reconnect: CLOSELY });
      const asking = follow(client.ask({ text: "What is the capital of France?" }));
      await expect.poll(() => first.guest.messages.length).toBe(1);
      isSilent = true;
      expect(await asking).toMatchObject({ error: undefined });
      expect(client.server.name).toBe("second");
    });

    it("is one whose peer is silent in mid-sound, long before it would be left otherwise", async () => {
      let isSilent = false;
      const first = await ProtocolPeer.start({ answersHeartbeats: () => !isSilent, resume: true });
      const second = await ProtocolPeer.start({
        name: "second",
        resume: true,
        onMessage: (message, guest) => guest.result(message.messageId),
      });
      const patient = { ...CLOSELY, workHeartbeatMs: 60_000, workSilentMs: 60_000 };
      const closely = { ...patient, workHeartbeatMs: 20, soundHeartbeatMs: 20, soundSilentMs: 200 };
      const client = await clientOf([first, second], { reconnect: closely });
      const asking = follow(client.say("It rains."));
      await expect.poll(() => first.guest.messages.length).toBe(1);
      const { id, parameters } = commandOf(first.guest.messages[0]);
      first.guest.event(id, "sentence", { index: 0, text: "It rains.", from: 0, to: 9 });
      const samples = new Float32Array(160);
      const stream = Number(parameters["stream"]);
      first.guest.socket.send(encodeAudioFrame({ stream, sequence: 0, timestampMs: 0, sampleRateHz: 16_000, samples }));
      isSilent = true;
      expect(await asking).toMatchObject({ error: undefined });
      expect(client.server.name).toBe("second");
    });

    it("is none where the peer reads a recording no faster than it hears it", async () => {
      const peer = await ProtocolPeer.start({ answersHeartbeats: () => false });
      const client = await clientOf([peer], { reconnect: CLOSELY });
      const disconnected = seen(client, "disconnected");
      async function* recording(): AsyncGenerator<Float32Array> {
        for (let second = 0; second < 20; second += 1) yield new Float32Array(16_000);
      }
      void follow(client.listen(recording()));
      await expect.poll(() => peer.guest.frames.length).toBe(200);
      await new Promise((resolve) => {
        setTimeout(resolve, 500);
      });
      expect(disconnected).toEqual([]);
    });
  });

  it("is kept while the peer answers slowly, but answers", async () => {
    const peer = await ProtocolPeer.start({ answersHeartbeats: () => false });
    const client = await clientOf([peer]);
    const disconnected = seen(client, "disconnected");
    // Anything is a sign of life.
    const talking = setInterval(() => peer.guest.event("00000000-0000-4000-8000-000000000000", "news"), 100);
    await new Promise((resolve) => {
      setTimeout(resolve, 1500);
    });
    clearInterval(talking);
    expect(disconnected).toEqual([]);
  });

  it("is made again at the same peer when there is no other, and the client says so meanwhile", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    const connected = seen(client, "connected");
    peer.guest.socket.terminate();
    await expect.poll(() => connected.length).toBe(1);
    expect(peer.guests).toHaveLength(2);
  });

  it("is made with what the peer gave to come again with, and with the token where that does not hold", async () => {
    const first = await ProtocolPeer.start({ resumeToken: "again" });
    const second = await ProtocolPeer.start({ admits: ({ resumeToken }) => resumeToken === undefined });
    const client = await clientOf([first, second], { clientId: "me", groups: ["family"] });
    const connected = seen(client, "connected");
    first.guest.socket.terminate();
    await expect.poll(() => connected.length).toBe(1);
    expect(first.registers[1]).toMatchObject({ clientId: "me", resumeToken: "again", groups: ["family"] });
    expect(first.registers[1]).not.toHaveProperty("authToken");
    first.stop();
    await expect.poll(() => second.guests.length).toBe(1);
    expect(second.registers).toMatchObject([{ resumeToken: "again" }, { authToken: "t" }]);
  });

  it("is not made again when the token was taken back meanwhile; the client is at its end, and says why", async () => {
    let isRevoked = false;
    const manner = { admits: () => !isRevoked };
    const [first, second] = [await ProtocolPeer.start(manner), await ProtocolPeer.start(manner)];
    const client = await clientOf([first, second]);
    const disconnected = seen(client, "disconnected");
    isRevoked = true;
    first.guest.socket.close(4401, "revoked");
    await expect.poll(() => disconnected.length).toBe(2);
    expect(disconnected[1]).toMatchObject({ willReconnect: false, error: { code: "refused" } });
    await expect(client.status()).rejects.toMatchObject({ code: "refused", remoteCode: "AUTHENTICATION_FAILED" });
    await expect(Array.fromAsync(client.ask({ text: "hello" }))).rejects.toMatchObject({ code: "refused" });
  });

  it("is not made again where that is not wished for", async () => {
    const [first, second] = [await ProtocolPeer.start(), await ProtocolPeer.start()];
    const client = await clientOf([first, second], { reconnect: false });
    first.die();
    await expect(client.status()).rejects.toMatchObject({ code: "connection-lost" });
    expect(second.guests).toEqual([]);
  });

  it("tells how often it tried in vain, and goes on when a peer is back", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    const reconnecting = seen(client, "reconnecting");
    const port = Number(new URL(peer.url).port);
    peer.die();
    await expect.poll(() => reconnecting.length).toBeGreaterThan(2);
    const [first = 0] = reconnecting.map(({ round }) => round);
    expect(reconnecting.map(({ round }) => round).slice(0, 3)).toEqual([first, first + 1, first + 2]);
    const back = await ProtocolPeer.startAt(port, { name: "back" });
    await expect.poll(() => client.server.name).toBe("back");
    expect(back.guests).toHaveLength(1);
  });

  it("fails what waits for it once nobody was there for too long, and what is asked then, at once", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer], { reconnect: { ...QUICK, patienceMs: 200 } });
    peer.die();
    await expect.poll(() => client.connection.isConnected).toBe(false);
    await expect(Array.fromAsync(client.ask({ text: "hello" }))).rejects.toMatchObject({
      code: "connection-lost",
      retryable: true,
    });
    await expect(Array.fromAsync(client.ask({ text: "again" }))).rejects.toMatchObject({ code: "connection-lost" });
  });

  it("is closed for good by the client itself, in the middle of looking for a peer too", async () => {
    const peer = await ProtocolPeer.start();
    const client = await clientOf([peer]);
    peer.die();
    await expect.poll(() => client.connection.isConnected).toBe(false);
    const waiting = client.status();
    client.close();
    client.close();
    await expect(waiting).rejects.toMatchObject({ code: "connection-lost", message: "closed by this client" });
  });
});

describe("the peers of a house", () => {
  const nodeOf = (name: string, urls: readonly string[]) => ({
    nodeId: name,
    name,
    status: "online",
    isPrime: false,
    isSelf: false,
    urls: [...urls],
  });

  it("are learned from the peer, so that a client that was told of one goes on at another", async () => {
    const second = await ProtocolPeer.start({ name: "second" });
    const unsafe = "ws://203.0.113.9:8765/ws";
    const first = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        if (message.type === "QUERY") guest.respond(message.messageId, [nodeOf("second", [second.url, unsafe])]);
      },
    });
    const client = await clientOf([first], { reconnect: { ...QUICK, learn: true } });
    const updated = seen(client, "nodesUpdated");
    await expect.poll(() => updated.length).toBe(1);
    expect(updated[0]).toMatchObject([{ name: "second" }]);
    expect(client.connection.peers).toEqual([first.url, second.url]);
    first.die();
    await expect.poll(() => client.server.name).toBe("second");
  });

  it("are asked for again when the peer says that they are others", async () => {
    const houses = [[nodeOf("a", [])], [nodeOf("a", [])], [nodeOf("a", []), nodeOf("b", [])]];
    const peer = await ProtocolPeer.start({
      onMessage: (message, guest) => {
        if (message.type === "QUERY") guest.respond(message.messageId, houses.shift());
      },
    });
    const client = await clientOf([peer], { reconnect: { ...QUICK, learn: true } });
    const updated = seen(client, "nodesUpdated");
    await expect.poll(() => updated.length).toBe(1);
    peer.guest.event("00000000-0000-4000-8000-000000000000", "nodes_updated");
    await expect.poll(() => houses.length).toBe(1);
    peer.guest.event("00000000-0000-4000-8000-000000000000", "nodes_updated");
    await expect.poll(() => updated.length).toBe(2);
    expect(updated[1]).toHaveLength(2);
  });

  it("tell a client that its conversation goes on with one of them alone, and when that is over", async () => {
    const peer = await ProtocolPeer.start({});
    const client = await clientOf([peer]);
    const [apart, together] = [seen(client, "apart"), seen(client, "together")];
    peer.guest.event("00000000-0000-4000-8000-000000000000", "apart", { text: "Alone." });
    peer.guest.event("00000000-0000-4000-8000-000000000000", "together", { text: "Whole." });
    await expect.poll(() => together).toEqual([{ text: "Whole." }]);
    expect(apart).toEqual([{ text: "Alone." }]);
  });
});
