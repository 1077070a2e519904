import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SendingAway, type Leaver } from "../../../src/gateway/sending-away.ts";
import { Drain } from "../../../src/services/drain/drain.ts";
import { fakePeer } from "../../fake-cluster.ts";
import { noLog } from "../../support.ts";

/** A peer that is prime, has two clients with a session each, and another peer beside it; time is the test's. */
class Stage {
  readonly services = {
    jobs: 0,
    isWithdrawn: false,
    withdraw: (isWithdrawn: boolean): void => void (this.services.isWithdrawn = isWithdrawn),
  };
  sessions = 2;
  homes = 1;
  /** Whether others take what is given to them. */
  isTaken = true;
  readonly closed: string[] = [];
  readonly users = new Set<Leaver>();
  readonly members = [fakePeer("attic", "A", { isSelf: true }), fakePeer("cellar", "C")];
  readonly away = new SendingAway(this.users);
  readonly draining = {
    isPrime: true,
    isVoter: true,
    giveUpLeading: async (): Promise<void> => {
      [this.draining.isPrime, this.draining.isVoter] = [false, false];
    },
    giveAway: async (): Promise<void> => {
      this.homes = 0;
    },
    stay: (): void => {
      [this.draining.isVoter, this.homes] = [true, 1];
    },
  };
  readonly drain = new Drain({
    cluster: { belonging: "member", peers: () => this.members, draining: this.draining },
    services: this.services,
    conversations: {
      drain: async () => {
        if (!this.isTaken) throw new Error("nobody takes them");
        this.sessions = 0;
      },
      stay: () => void (this.sessions = 2),
      list: () => Array.from({ length: this.sessions }, () => expect.anything()),
    },
    clients: () => this.away,
    log: noLog,
    nowMs: () => Date.now(),
  });

  constructor() {
    this.join("anna");
    this.join("ben");
  }

  join(clientId: string): void {
    const leaver: Leaver = {
      clientId,
      goAway: () => {
        this.closed.push(clientId);
        this.users.delete(leaver);
      },
    };
    this.users.add(leaver);
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a drain", () => {
  it("ends with a peer that has nothing left, and whoever comes again is served", async () => {
    const stage = new Stage();
    stage.drain.begin({ timeoutMs: 10_000 });
    expect([stage.drain.isDraining, stage.services.isWithdrawn]).toEqual([true, true]);
    await vi.advanceTimersByTimeAsync(2_000);
    await stage.drain.ended();
    expect(stage.drain.report).toMatchObject({ phase: "done", mayStop: true, isPrime: false, isVoter: false });
    expect([stage.homes, stage.closed]).toEqual([0, ["anna", "ben"]]);
    stage.join("anna");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stage.closed).toEqual(["anna", "ben"]);
    expect(stage.drain.report).toMatchObject({ mayStop: false, left: { clients: 1, sessions: 0, jobs: 0 } });
    stage.drain.undo();
    expect(stage).toMatchObject({ homes: 1, sessions: 2 });
    expect([stage.services.isWithdrawn, stage.draining.isVoter]).toEqual([false, true]);
    expect(stage.drain.report).toMatchObject({ isDraining: false, phase: null, mayStop: false });
  });

  it("waits for jobs half of its time, then goes on, and says what is left", async () => {
    const stage = new Stage();
    stage.services.jobs = 1;
    stage.isTaken = false;
    stage.drain.begin({ timeoutMs: 10_000 });
    await vi.advanceTimersByTimeAsync(4_900);
    expect(stage.drain.report.phase).toBe("finishing");
    expect(stage.closed).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_200);
    expect(stage.drain.report).toMatchObject({ phase: "done", mayStop: false, left: { sessions: 2, jobs: 1 } });
  });

  it("sends nobody away where nobody else is there, and does not begin there", async () => {
    const stage = new Stage();
    const [self, other] = stage.members;
    if (self === undefined || other === undefined) throw new Error("two");
    stage.members.pop();
    expect(() => stage.drain.begin({ timeoutMs: 10_000 })).toThrow(expect.objectContaining({ code: "not-member" }));
    expect(stage.drain.isDraining).toBe(false);
    // One that drains itself takes nothing.
    stage.members.push({ ...other, isDraining: true });
    expect(() => stage.drain.begin({ timeoutMs: 10_000 })).toThrow(expect.objectContaining({ code: "not-member" }));
    await stage.drain.quickly({ timeoutMs: 4_000 });
    await stage.drain.beforeSleep({ timeoutMs: 4_000 });
    expect([stage.services.isWithdrawn, stage.closed]).toEqual([false, []]);
  });

  it("keeps its vote before an end that was not announced, and is cut short by a signal", async () => {
    const stage = new Stage();
    stage.services.jobs = 1;
    const cut = new AbortController();
    const ending = stage.drain.quickly({ timeoutMs: 4_000, signal: cut.signal });
    await vi.advanceTimersByTimeAsync(500);
    expect([stage.draining.isPrime, stage.draining.isVoter, stage.drain.isDraining]).toEqual([true, true, true]);
    cut.abort();
    await ending;
    expect(stage.drain.report.phase).toBe("finishing");
    stage.drain.undo();
    expect(await stage.drain.quickly({ timeoutMs: 0 })).toBeUndefined();
    expect(stage.drain.isDraining).toBe(false);
  });

  it("for a sleep is taken back when the host is awake, and one that a person wanted is not", async () => {
    const stage = new Stage();
    const falling = stage.drain.beforeSleep({ timeoutMs: 4_000 });
    await vi.advanceTimersByTimeAsync(4_000);
    await falling;
    expect([stage.sessions, stage.closed.length, stage.draining.isVoter]).toEqual([0, 2, true]);
    stage.drain.afterSleep();
    expect([stage.sessions, stage.drain.isDraining]).toEqual([2, false]);
    stage.drain.begin({ timeoutMs: 1_000 });
    await stage.drain.beforeSleep({ timeoutMs: 4_000 });
    stage.drain.afterSleep();
    expect(stage.drain.isDraining).toBe(true);
    stage.drain.undo();
    await vi.advanceTimersByTimeAsync(1_000);
  });
});
