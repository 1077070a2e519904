import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headChunk, splitHead } from "../../src/driver/snapshot-head.ts";
import { SessionTable } from "../../src/driver/sessions.ts";
import { isRaftError } from "../../src/index.ts";

const result = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* inChunks(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("the session table", () => {
  it("knows a command again until its client has the answer", () => {
    const table = new SessionTable();
    table.open(5, 10);
    const tag = { session: 5, sequence: 1, acknowledged: 0 };
    expect(table.look(tag)).toEqual({ kind: "new" });
    table.record(tag, result("a"));
    expect(table.look(tag)).toEqual({ kind: "done", result: result("a") });
    expect(table.look({ session: 5, sequence: 2, acknowledged: 1 })).toEqual({ kind: "new" });
    expect(table.look(tag)).toEqual({ kind: "acknowledged" });
  });

  it("gives up the session that is unused for longest", () => {
    const table = new SessionTable();
    table.open(1, 2);
    table.open(2, 2);
    table.look({ session: 1, sequence: 1, acknowledged: 0 });
    table.open(3, 2);
    expect(table.look({ session: 2, sequence: 1, acknowledged: 0 })).toEqual({ kind: "no-session" });
    expect(table.look({ session: 1, sequence: 2, acknowledged: 0 })).toEqual({ kind: "new" });
  });

  it("refuses, rather than repeats, what a client that acknowledges nothing has made it forget", () => {
    const table = new SessionTable();
    table.open(1, 1);
    for (let sequence = 1; sequence <= 1_100; sequence += 1) {
      const tag = { session: 1, sequence, acknowledged: 0 };
      expect(table.look(tag).kind).toBe("new");
      table.record(tag, result("x"));
    }
    expect(table.look({ session: 1, sequence: 1, acknowledged: 0 })).toEqual({ kind: "acknowledged" });
    expect(table.look({ session: 1, sequence: 1_100, acknowledged: 0 }).kind).toBe("done");
  });

  const step = fc.oneof(
    fc.record({ open: fc.integer({ min: 1, max: 6 }) }),
    fc.record({
      look: fc.record({
        session: fc.integer({ min: 1, max: 6 }),
        sequence: fc.integer({ min: 1, max: 5 }),
        acknowledged: fc.integer({ min: 0, max: 5 }),
      }),
    }),
  );

  it("is the same on nodes that apply in batches of other sizes, and after a snapshot", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        (steps, flushes) => {
          const eager = new SessionTable();
          let lazy = new SessionTable();
          let waiting: (() => void)[] = [];
          const flush = (): void => {
            for (const record of waiting) record();
            waiting = [];
          };
          let opened = 0;
          for (const [i, each] of steps.entries()) {
            if ("open" in each) {
              flush();
              opened += 1;
              eager.open(opened, each.open);
              lazy.open(opened, each.open);
            } else {
              const { look } = each;
              // A retry in the same batch waits for its result.
              flush();
              const kind = eager.look(look).kind;
              expect(lazy.look(look).kind).toBe(kind);
              if (kind === "new") {
                eager.record(look, result(`${i}`));
                waiting.push(() => lazy.record(look, result(`${i}`)));
              }
            }
            if (flushes[i] === true) {
              flush();
              lazy = SessionTable.decode(lazy.encode());
            }
          }
          flush();
          expect(lazy.encode()).toEqual(eager.encode());
        },
      ),
    );
  });

  it("is refused as corrupt when it is garbage, and never anything else", () => {
    const table = new SessionTable();
    table.open(1, 3);
    table.record({ session: 1, sequence: 1, acknowledged: 0 }, result("abc"));
    const good = table.encode();
    fc.assert(
      fc.property(
        fc.nat({ max: good.length - 1 }),
        fc.nat({ max: 255 }),
        fc.nat({ max: good.length }),
        (at, byte, cut) => {
          const bad = good.slice(0, cut);
          if (at < bad.length) bad[at] = byte;
          try {
            SessionTable.decode(bad);
          } catch (error) {
            expect(isRaftError(error, "corrupt")).toBe(true);
          }
        },
      ),
    );
  });
});

describe("the driver's part of a snapshot", () => {
  it("comes off whatever the chunks are", async () => {
    const head = { sessions: result("sessions"), demoted: [[2, 77] as const] };
    const machine = result("the state machine");
    const bytes = new Uint8Array([...headChunk(head), ...machine]);
    for (const size of [1, 2, 7, 1_000]) {
      const split = await splitHead(inChunks(bytes, size));
      expect(split.head).toEqual(head);
      const rest: number[] = [];
      for await (const chunk of split.rest) rest.push(...chunk);
      expect(new Uint8Array(rest)).toEqual(machine);
    }
  });

  it("is refused when it ends early or is of a later version", async () => {
    const bytes = headChunk({ sessions: result("s"), demoted: [] });
    await expect(splitHead(inChunks(bytes.subarray(0, 5), 2))).rejects.toMatchObject({ code: "corrupt" });
    await expect(splitHead(inChunks(bytes.with(0, 9), 4))).rejects.toMatchObject({ code: "unknown-format" });
  });
});
