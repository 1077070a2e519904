import { Writable } from "node:stream";
import pino, { type Logger } from "pino";
import { describe, expect, it } from "vitest";
import {
  contextLogger,
  correlationId,
  createLogger,
  newCorrelationId,
  withCorrelation,
  withoutCorrelation,
} from "../src/log.ts";
import { testConfig } from "./support.ts";

function recorded(): { readonly log: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString("utf8")) as Record<string, unknown>);
      done();
    },
  });
  return { log: pino({ base: { peer: "attic" } }, sink), lines };
}

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a context logger", () => {
  it("says of each line which peer and which term it is of, as they are then", () => {
    const { log, lines } = recorded();
    const prime: { term?: number } = {};
    const mine = contextLogger(log, () => ({ peerId: "12D3KooW", term: prime.term }));
    mine.info("looking");
    prime.term = 7;
    mine.warn({ lag: 3 }, "behind");
    mine.child({ part: "links" }).info("up");
    mine.error(new Error("lost"));
    expect(lines).toMatchObject([
      { peer: "attic", peerId: "12D3KooW", msg: "looking" },
      { peer: "attic", peerId: "12D3KooW", term: 7, lag: 3, msg: "behind" },
      { peer: "attic", peerId: "12D3KooW", term: 7, part: "links", msg: "up" },
      { peer: "attic", peerId: "12D3KooW", term: 7, err: { message: "lost" } },
    ]);
    expect(lines[0]).not.toHaveProperty("term");
  });

  it("lets a line that is about another term say so", () => {
    const { log, lines } = recorded();
    contextLogger(log, () => ({ term: 8 })).info({ term: 7 }, "stale");
    expect(lines).toMatchObject([{ term: 7 }]);
  });
});

describe("what belongs together", () => {
  it("is found by one id, through all that it waits for, and nothing else has it", async () => {
    const { log, lines } = recorded();
    const mine = contextLogger(log, () => ({}));
    const work = async (name: string): Promise<void> => {
      mine.info(name);
      await later();
      mine.info(name);
    };
    const ids = [newCorrelationId(), newCorrelationId()];
    await Promise.all([...ids.map((id, i) => withCorrelation(id, () => work(String(i)))), work("alone")]);
    for (const [i, id] of ids.entries()) {
      expect(lines.filter(({ correlation }) => correlation === id).map(({ msg }) => msg)).toEqual([
        String(i),
        String(i),
      ]);
    }
    expect(lines.filter(({ correlation }) => correlation === undefined).map(({ msg }) => msg)).toEqual([
      "alone",
      "alone",
    ]);
    expect(correlationId()).toBeUndefined();
    expect(withCorrelation("from-another-peer", correlationId)).toBe("from-another-peer");
  });
});

describe("what outlives the request that began it", () => {
  it("is nobody's, also in what it begins itself, and the request goes on as it was", async () => {
    const seen = Promise.withResolvers<string | undefined>();
    const [inside, after] = withCorrelation("request", () => {
      const id = withoutCorrelation(() => {
        setImmediate(() => seen.resolve(correlationId()));
        return correlationId();
      });
      return [id, correlationId()];
    });
    expect([inside, await seen.promise, after]).toEqual([undefined, undefined, "request"]);
  });
});

describe("the logger of a peer", () => {
  it("takes a context like any other", () => {
    const log = createLogger(testConfig("/nowhere"));
    expect(() => contextLogger(log, () => ({ term: 1 })).info("silent")).not.toThrow();
  });
});
