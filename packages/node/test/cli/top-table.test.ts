import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TopPeer } from "../../src/cli/top/answer.ts";
import { sortedPeers, topLines } from "../../src/cli/top/table.ts";

const peer = (name: string, cpu: number, jobs = 0, more: Partial<TopPeer> = {}): TopPeer => ({
  peer: `12D3KooW${name}`,
  name,
  isHere: false,
  isPrime: false,
  isDraining: false,
  load: {
    cpu,
    cores: 4,
    memoryUsedBytes: 2.5e9,
    memoryTotalBytes: 8e9,
    rssBytes: 2e8,
    uptimeSeconds: 60,
    clients: 3,
    turns: { windowMs: 300_000, turns: 12, turnsEver: 40, firstAudioMs: { count: 9, p50: 640, p95: 1_250 } },
    services: [
      {
        capability: "llm",
        model: "m",
        running: Math.min(1, jobs),
        queued: Math.max(0, jobs - 1),
        concurrency: 1,
        tokensPerSecond: 8.25,
      },
      { capability: "stt", model: "m", running: 0, queued: 0, concurrency: 1, tokensPerSecond: null },
    ],
  },
  ...more,
});

describe("the table of parley top", () => {
  it("shows the busiest first, and what is known of each", () => {
    const peers = [
      peer("pi", 0.2, 0, { isPrime: true, isHere: true }),
      peer("attic", 0.9),
      peer("box", 0.5, 3),
      peer("gone", 1, 9, { load: null }),
    ];
    const lines = topLines({ atMs: Date.UTC(2026, 0, 1, 12, 30), peers }, { columns: Infinity, rows: Infinity });
    expect(lines).toEqual([
      "12:30:00 UTC  3 of 4 peers, 9 clients, 36 turns in 5 min",
      "peer         cpu  memory         clients  turns  first audio        tokens/s  jobs",
      "box         50 %  2.5 of 8.0 GB        3     12  640 ms, p95 1.3 s       8.3  llm 1+2",
      "attic       90 %  2.5 of 8.0 GB        3     12  640 ms, p95 1.3 s       8.3  idle",
      "pi* (here)  20 %  2.5 of 8.0 GB        3     12  640 ms, p95 1.3 s       8.3  idle",
      "gone              no answer",
    ]);
  });

  it("fits the terminal whatever peers call themselves and however many they are, and counts those left out", () => {
    const named = fc.record({
      name: fc.string({ maxLength: 60 }),
      cpu: fc.double({ min: 0, max: 1, noNaN: true }),
      jobs: fc.nat(5),
    });
    const size = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 4, max: 60 }) });
    fc.assert(
      fc.property(fc.array(named, { maxLength: 80 }), size, (given, terminal) => {
        const peers = given.map(({ name, cpu, jobs }) => peer(`${name}\u001B[2J\n`, cpu, jobs));
        const lines = topLines({ atMs: 0, peers }, terminal);
        expect(lines.length).toBeLessThanOrEqual(terminal.rows);
        expect(lines.filter((line) => line.length > terminal.columns || /\p{Cc}/u.test(line))).toEqual([]);
        const more = Number(
          /^and (\d+) more$/.exec(topLines({ atMs: 0, peers }, { ...terminal, columns: 200 }).at(-1) ?? "")?.[1] ?? 0,
        );
        expect(lines.length - 2 - (more > 0 ? 1 : 0) + more).toBe(peers.length);
        expect(new Set(sortedPeers(peers))).toEqual(new Set(peers));
      }),
      { numRuns: 60 },
    );
  });
});
