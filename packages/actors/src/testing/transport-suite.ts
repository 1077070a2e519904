/** What every transport of actors must do, whatever it sends over. It needs no test runner of its own. */
import assert from "node:assert/strict";
import { ActorError, type ActorErrorCode, isActorError } from "../errors.ts";
import {
  type ActorTransport,
  type ConnectionReceiver,
  type Lane,
  LANES,
  type TransportConnection,
} from "../remoting/transport.ts";

/** One network. */
export interface TransportWorld {
  /** The access of one host; hosts find each other by name. */
  transport(peer: string): ActorTransport;
  /** Lets time pass until `promise` is settled, and gives what became of it. Default: time passes by itself. */
  until?<Value>(promise: Promise<Value>): Promise<Value>;
  /** Removes what is left. */
  dispose(): Promise<void>;
}

export interface TransportSuiteOptions {
  readonly name: string;
  /** The test runner's `it`. */
  readonly it: (name: string, run: () => Promise<void>) => void;
  readonly createWorld: () => Promise<TransportWorld>;
}

/** Frames of 64 KiB until a lane must have called itself full. */
const MOST_UNTIL_FULL = 2_000;
/** What a transport does with its memory once a frame was given away, it has done by then. */
const SETTLE_MS = 5;

type Case = (bench: Bench) => Promise<void>;

/** Registers all cases. */
export function transportSuite({ name, it, createWorld }: TransportSuiteOptions): void {
  for (const [title, run] of Object.entries({ ...SENDING, ...ENDING, ...DIALLING })) {
    it(`${name}: ${title}`, async () => {
      const world = await createWorld();
      const bench = new Bench(world);
      try {
        await run(bench);
        await bench.framesStay();
      } finally {
        await bench.closeAll();
        await world.dispose();
      }
    });
  }
}

/** One end of a connection as a test sees it. */
class End implements ConnectionReceiver {
  readonly frames: Record<Lane, Uint8Array[]> = { control: [], message: [], bulk: [] };
  /** As they were when they came. */
  readonly #copies: Record<Lane, Uint8Array[]> = { control: [], message: [], bulk: [] };
  readonly drains: Lane[] = [];
  readonly closes: (ActorError | undefined)[] = [];
  signsOfLife = 0;
  #connection: TransportConnection | undefined;
  #changed = Promise.withResolvers<void>();

  get connection(): TransportConnection {
    if (this.#connection === undefined) throw new Error("this end has no connection yet");
    return this.#connection;
  }

  set connection(connection: TransportConnection) {
    this.#connection = connection;
  }

  frame(lane: Lane, frame: Uint8Array): void {
    assert.equal(this.closes.length, 0, "a frame came after the end");
    assert.ok(this.signsOfLife > 0, "a frame came before any sign of life");
    this.frames[lane].push(frame);
    this.#copies[lane].push(frame.slice());
    this.#change();
  }

  heard(): void {
    assert.equal(this.closes.length, 0, "a sign of life came after the end");
    this.signsOfLife += 1;
  }

  drained(lane: Lane): void {
    assert.equal(this.closes.length, 0, "a lane was drained after the end");
    this.drains.push(lane);
    this.#change();
  }

  closed(error: ActorError | undefined): void {
    this.closes.push(error);
    this.#change();
  }

  texts(lane: Lane): readonly string[] {
    return this.frames[lane].map((frame) => Buffer.from(frame).toString());
  }

  /** Nobody has written into what has come. */
  framesStay(): void {
    for (const lane of LANES) {
      for (const [i, frame] of this.frames[lane].entries()) {
        const isSame = Buffer.compare(frame, this.#copies[lane][i] ?? bytes("")) === 0;
        assert.ok(isSame, `frame ${i} of lane ${lane} has changed after it had come`);
      }
    }
  }

  async reach(isReached: () => boolean): Promise<void> {
    while (!isReached()) {
      await this.#changed.promise;
    }
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

class Bench {
  readonly #world: TransportWorld;
  readonly #transports: ActorTransport[] = [];
  readonly accepted: End[] = [];
  readonly #dialled: End[] = [];
  #waiting = Promise.withResolvers<void>();

  constructor(world: TransportWorld) {
    this.#world = world;
  }

  /** A host that takes connections, or one that is only there. */
  async host(peer: string): Promise<ActorTransport> {
    const transport = this.#world.transport(peer);
    this.#transports.push(transport);
    await this.until(
      transport.listen((connection) => {
        const end = new End();
        end.connection = connection;
        this.accepted.push(end);
        this.#waiting.resolve();
        this.#waiting = Promise.withResolvers<void>();
        return end;
      }),
    );
    return transport;
  }

  /** Both ends of a new connection; the second is the one that was dialled. */
  async connect(from: ActorTransport, to: string): Promise<readonly [End, End]> {
    const before = this.accepted.length;
    const near = new End();
    this.#dialled.push(near);
    near.connection = await this.until(from.connect(to, near, new AbortController().signal));
    const far = await this.until(this.#acceptedAt(before));
    return [near, far];
  }

  async pair(): Promise<readonly [End, End]> {
    const left = await this.host("left");
    await this.host("right");
    return this.connect(left, "right");
  }

  async until<Value>(promise: Promise<Value>): Promise<Value> {
    return this.#world.until === undefined ? promise : this.#world.until(promise);
  }

  reach(end: End, isReached: () => boolean): Promise<void> {
    return this.until(end.reach(isReached));
  }

  /** Frames are the receiver's own, for good: also when the transport has had time to use its memory again. */
  async framesStay(): Promise<void> {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, SETTLE_MS);
    });
    for (const end of [...this.#dialled, ...this.accepted]) end.framesStay();
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#transports.map((transport) => this.until(transport.close())));
  }

  async #acceptedAt(index: number): Promise<End> {
    for (;;) {
      const end = this.accepted[index];
      if (end !== undefined) return end;
      await this.#waiting.promise;
    }
  }
}

const SENDING: Readonly<Record<string, Case>> = {
  "frames arrive in order on every lane, both ways": async (bench) => {
    const [near, far] = await bench.pair();
    for (let i = 0; i < 200; i += 1) {
      for (const lane of LANES) {
        near.connection.send(lane, [bytes(`${lane} ${i}`)]);
        far.connection.send(lane, [bytes(`back ${lane} ${i}`)]);
      }
    }
    for (const lane of LANES) {
      await bench.reach(far, () => far.frames[lane].length === 200);
      await bench.reach(near, () => near.frames[lane].length === 200);
      assert.deepEqual(
        far.texts(lane),
        Array.from({ length: 200 }, (_, i) => `${lane} ${i}`),
      );
      assert.deepEqual(
        near.texts(lane),
        Array.from({ length: 200 }, (_, i) => `back ${lane} ${i}`),
      );
    }
  },
  "the pieces of a frame arrive as one": async (bench) => {
    const [near, far] = await bench.pair();
    const large = Buffer.alloc(100_000, "large");
    near.connection.send("bulk", [bytes("a"), large, bytes(""), bytes("z")]);
    near.connection.send("bulk", [bytes("next")]);
    await bench.reach(far, () => far.frames.bulk.length === 2);
    assert.equal(Buffer.compare(far.frames.bulk[0] ?? bytes(""), Buffer.concat([bytes("a"), large, bytes("z")])), 0);
    assert.equal(far.texts("bulk")[1], "next");
  },
  "the largest frame arrives whole": async (bench) => {
    const left = await bench.host("left");
    await bench.host("right");
    const [near, far] = await bench.connect(left, "right");
    const frame = Buffer.alloc(left.maxFrameBytes);
    for (let i = 0; i < frame.length; i += 997) frame[i] = i & 0xff;
    near.connection.send("message", [frame]);
    await bench.reach(far, () => far.frames.message.length === 1);
    assert.equal(Buffer.compare(far.frames.message[0] ?? bytes(""), frame), 0);
  },
  "a frame that has arrived does not change when others come": async (bench) => {
    const [near, far] = await bench.pair();
    for (let i = 0; i < 500; i += 1) near.connection.send("message", [Buffer.alloc(1 + i * 7, i & 0xff)]);
    await bench.reach(far, () => far.frames.message.length === 500);
    for (const [i, frame] of far.frames.message.entries()) {
      assert.equal(frame.length, 1 + i * 7);
      assert.ok(frame.every((byte) => byte === (i & 0xff)));
    }
    // The memory of the first ones is needed again, should it not have been given away; the bench looks at them once more.
    for (let i = 0; i < 500; i += 1) near.connection.send("message", [Buffer.alloc(1 + i * 7, 0xff)]);
    await bench.reach(far, () => far.frames.message.length === 1_000);
  },
  "a full lane says so, drains, and loses nothing": async (bench) => {
    const [near, far] = await bench.pair();
    const sent = fill(near.connection, "bulk");
    await bench.reach(near, () => near.drains.includes("bulk"));
    near.connection.send("bulk", [bytes("one more")]);
    await bench.reach(far, () => far.frames.bulk.length === sent + 1);
  },
  "a full lane does not hold up another": async (bench) => {
    const [near, far] = await bench.pair();
    fill(near.connection, "bulk");
    assert.equal(near.connection.send("control", [bytes("urgent")]), true);
    await bench.reach(far, () => far.frames.control.length === 1);
  },
};

const ENDING: Readonly<Record<string, Case>> = {
  "what was sent before an end in order arrives": async (bench) => {
    const [near, far] = await bench.pair();
    for (let i = 0; i < 50; i += 1) {
      for (const lane of LANES) near.connection.send(lane, [Buffer.alloc(10_000, i)]);
    }
    near.connection.end();
    await bench.reach(far, () => far.closes.length === 1);
    await bench.reach(near, () => near.closes.length === 1);
    assert.deepEqual([near.closes, far.closes], [[undefined], [undefined]]);
    for (const lane of LANES) assert.equal(far.frames[lane].length, 50);
  },
  "the one that is left hears of an end in order, and may end it too": async (bench) => {
    const [near, far] = await bench.pair();
    far.connection.end();
    await bench.reach(near, () => near.closes.length === 1);
    near.connection.end();
    near.connection.destroy();
    near.connection.send("message", [bytes("too late")]);
    await bench.reach(far, () => far.closes.length === 1);
    assert.equal(far.frames.message.length, 0);
  },
  "both ends hear of a connection that was destroyed, once, and then nothing": async (bench) => {
    const [near, far] = await bench.pair();
    near.connection.send("message", [bytes("maybe")]);
    near.connection.destroy();
    assert.equal(near.closes.length, 0, "it was told from within the call");
    near.connection.destroy();
    near.connection.send("message", [bytes("never")]);
    await bench.reach(near, () => near.closes.length > 0);
    await bench.reach(far, () => far.closes.length > 0);
    far.connection.send("message", [bytes("never")]);
    const [[nearError], [farError]] = [near.closes, far.closes];
    assert.ok(isActorError(nearError, "peer-gone") && isActorError(farError, "peer-gone"));
    assert.deepEqual([near.closes.length, far.closes.length], [1, 1]);
    assert.ok(!far.texts("message").includes("never"));
  },
  "a transport that closes destroys its connections": async (bench) => {
    const left = await bench.host("left");
    await bench.host("right");
    const [near, far] = await bench.connect(left, "right");
    await bench.until(left.close());
    await bench.reach(near, () => near.closes.length === 1);
    await bench.reach(far, () => far.closes.length === 1);
  },
  "connections of the same hosts end apart from each other": async (bench) => {
    const left = await bench.host("left");
    await bench.host("right");
    const [first] = await bench.connect(left, "right");
    const [second, secondFar] = await bench.connect(left, "right");
    first.connection.destroy();
    await bench.reach(first, () => first.closes.length === 1);
    second.connection.send("message", [bytes("still here")]);
    await bench.reach(secondFar, () => secondFar.frames.message.length === 1);
    assert.equal(second.closes.length, 0);
  },
};

const DIALLING: Readonly<Record<string, Case>> = {
  "a host that nobody knows is refused": async (bench) => {
    const left = await bench.host("left");
    await refuses(bench.until(left.connect("nobody", new End(), new AbortController().signal)), "peer-gone");
  },
  "a host that takes no connections any more is refused": async (bench) => {
    const left = await bench.host("left");
    const right = await bench.host("right");
    await bench.until(right.close());
    await refuses(bench.until(left.connect("right", new End(), new AbortController().signal)), "peer-gone");
  },
  "a dial can be cancelled": async (bench) => {
    const left = await bench.host("left");
    await bench.host("right");
    await refuses(bench.until(left.connect("right", new End(), AbortSignal.abort())), "cancelled");
    const during = new AbortController();
    const dial = left.connect("right", new End(), during.signal);
    during.abort();
    await refuses(bench.until(dial), "cancelled");
  },
};

/** Sends until the lane says that it is full. @returns how many frames */
function fill(connection: TransportConnection, lane: Lane): number {
  const frame = Buffer.alloc(64 * 1024, 7);
  for (let sent = 1; sent <= MOST_UNTIL_FULL; sent += 1) {
    if (!connection.send(lane, [frame])) return sent;
  }
  return assert.fail(
    `${MOST_UNTIL_FULL} frames of 64 KiB were sent at once, and lane ${lane} never said that it was full`,
  );
}

async function refuses(promise: Promise<unknown>, code: ActorErrorCode): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof ActorError && error.code === code);
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}
