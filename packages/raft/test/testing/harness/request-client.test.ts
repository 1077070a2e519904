import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { FrameReader, FrameWriter } from "../../../src/testing/harness/frames.ts";
import { readRequest, writeAnswer, type Request, type WireOutcome } from "../../../src/testing/harness/protocol.ts";
import { RequestClient, type ClientOptions } from "../../../src/testing/harness/request-client.ts";

/** What a false node does with a request: answers, says nothing, or hangs up. */
type Reaction = WireOutcome | { readonly value: string } | "silent" | "hang-up";
type Behaviour = (request: Request) => Reaction;

const COMMITTED = { outcome: "committed", index: 7, term: 2, result: Buffer.from("done") } as const;
const DONE = { outcome: "done", index: 7, result: Buffer.from("done") };
const COMMAND = Buffer.from("command");

/** A node that does as it is told, and remembers what it was asked. */
class FalseNode {
  readonly asked: Request[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(behaviour: Behaviour) {
    this.#server = createServer((socket) => this.#serve(socket, behaviour));
  }

  static async start(behaviour: Behaviour): Promise<FalseNode> {
    const node = new FalseNode(behaviour);
    await once(node.#server.listen({ port: 0, host: "127.0.0.1" }), "listening");
    started.push(node);
    return node;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  #serve(socket: Socket, behaviour: Behaviour): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    const reader = new FrameReader();
    const out = new FrameWriter((bytes) => socket.write(bytes));
    socket.on("data", (chunk) => {
      for (const frame of reader.read(chunk)) {
        const request = readRequest(frame);
        this.asked.push(request);
        const reaction = behaviour(request);
        if (reaction === "silent") continue;
        if (reaction === "hang-up") socket.destroy();
        else if ("value" in reaction) {
          writeAnswer(out, { kind: "value", id: request.id, index: 3, value: Buffer.from(reaction.value) });
        } else writeAnswer(out, { kind: "outcome", id: request.id, outcome: reaction });
      }
    });
  }
}

const started: FalseNode[] = [];
const clients: RequestClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const node of started.splice(0)) await node.stop();
});

function clientOf(ports: readonly number[], options: Partial<ClientOptions> = {}): RequestClient {
  const known = new Map(ports.map((port, i) => [i + 1, port]));
  const client = new RequestClient({ ports: () => known, timeoutMs: 5_000, useSession: false, ...options });
  clients.push(client);
  return client;
}

/** Behaves as listed, then as the last one for ever. */
function inTurn(...reactions: readonly Reaction[]): Behaviour {
  let count = 0;
  return () => {
    count += 1;
    return reactions[Math.min(count, reactions.length) - 1] ?? "silent";
  };
}

const refused = (reason: "overloaded" | "too-large"): Reaction => ({ outcome: "refused", reason, detail: reason });
const notLeader = (leader: number | undefined): Reaction => ({ outcome: "not-leader", leader });

describe("a client of the cluster", () => {
  it("goes where it is sent, and stays there", async () => {
    const follower = await FalseNode.start(() => notLeader(2));
    const leader = await FalseNode.start(() => COMMITTED);
    const client = clientOf([follower.port, leader.port]);
    for (let i = 0; i < 3; i += 1) expect(await client.execute(COMMAND, i === 0 ? { node: 1 } : {})).toEqual(DONE);
    expect([follower.asked.length, leader.asked.length]).toEqual([1, 3]);
  });

  it("tries again what was certainly not done, and nothing else", async () => {
    const busy = await FalseNode.start(inTurn(refused("overloaded"), notLeader(undefined), COMMITTED));
    expect(await clientOf([busy.port]).execute(COMMAND)).toEqual(DONE);
    expect(busy.asked.length).toBe(3);
    const strict = await FalseNode.start(() => refused("too-large"));
    expect(await clientOf([strict.port]).execute(COMMAND)).toMatchObject({ outcome: "refused", reason: "too-large" });
    expect(strict.asked.length).toBe(1);
  });

  it("says that nothing was done when everybody names another leader to the end", async () => {
    const one = await FalseNode.start(() => notLeader(2));
    const two = await FalseNode.start(() => notLeader(1));
    const outcome = await clientOf([one.port, two.port]).execute(COMMAND, { timeoutMs: 200 });
    expect(outcome).toMatchObject({ outcome: "refused", reason: "not-leader" });
    // Two that name each other are not asked in a tight loop.
    expect(one.asked.length + two.asked.length).toBeLessThan(60);
  });

  it.each(["hang-up", "silent"] as const)(
    "without a session sends a write once when the answer is %s",
    async (loss) => {
      const node = await FalseNode.start(() => loss);
      const outcome = await clientOf([node.port]).execute(COMMAND, { timeoutMs: 300 });
      expect(outcome.outcome).toBe("unknown");
      expect(node.asked.length).toBe(1);
    },
  );

  it.each(["hang-up", "silent"] as const)(
    "in a session retries under the same number when the answer is %s",
    async (loss) => {
      const proposals: Request[] = [];
      const node = await FalseNode.start((request) => {
        if (request.kind !== "propose") return { outcome: "opened", session: 5 };
        proposals.push(request);
        return proposals.length % 3 === 0 ? COMMITTED : loss;
      });
      const client = clientOf([node.port], { useSession: true, attemptMs: 50 });
      for (let i = 0; i < 2; i += 1) expect(await client.execute(COMMAND)).toEqual(DONE);
      const tags = proposals.map((each) => (each.kind === "propose" ? each.session : undefined));
      expect(tags.map((tag) => [tag?.session, tag?.sequence, tag?.acknowledged])).toEqual([
        ...Array.from({ length: 3 }, () => [5, 1, 0]),
        ...Array.from({ length: 3 }, () => [5, 2, 1]),
      ]);
    },
  );

  it("never takes a refusal for the fate of an earlier try whose answer was lost", async () => {
    const node = await FalseNode.start((request) => {
      if (request.kind !== "propose") return { outcome: "opened", session: 5 };
      return node.asked.filter(({ kind }) => kind === "propose").length === 1 ? "silent" : notLeader(undefined);
    });
    const client = clientOf([node.port], { useSession: true, attemptMs: 50 });
    expect(await client.execute(COMMAND, { timeoutMs: 400 })).toMatchObject({ outcome: "unknown" });
    expect(node.asked.length).toBeGreaterThan(2);
  });

  it("asks another node for what it wants to read when one is silent or gone", async () => {
    const silent = await FalseNode.start(() => "silent");
    const gone = await FalseNode.start(() => "silent");
    const awake = await FalseNode.start(() => ({ value: "here" }));
    await gone.stop();
    started.splice(started.indexOf(gone), 1);
    const client = clientOf([silent.port, gone.port, awake.port], { attemptMs: 50 });
    for (const node of [1, 2]) {
      const outcome = await client.query(Buffer.from("?"), { node });
      expect(outcome).toEqual({ outcome: "done", index: 3, result: Buffer.from("here") });
    }
    expect(await client.query(Buffer.from("?"), { node: 2, pinned: true, timeoutMs: 100 })).toMatchObject({
      outcome: "refused",
      reason: "deadline",
    });
  });
});
