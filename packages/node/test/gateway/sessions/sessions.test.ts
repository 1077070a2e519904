import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "@parley/actors/testing";
import { SESSION_TIMEOUT_MS, sessionStates, type SessionState } from "@parley/sdk";
import { FIRST_STATE, nextState, sessionEvents } from "../../../src/gateway/sessions/machine.ts";
import { PAUSED_AFTER_MS, Sessions } from "../../../src/gateway/sessions/sessions.ts";

const WALL_MS = 1_700_000_000_000;

function begin(): {
  readonly clock: VirtualClock;
  readonly sessions: Sessions;
  readonly session: ReturnType<Sessions["open"]>;
  readonly expired: number[];
} {
  const clock = new VirtualClock();
  const sessions = new Sessions({ clock, nowMs: () => WALL_MS + clock.nowMs() });
  const expired: number[] = [];
  return { clock, sessions, session: sessions.open(() => expired.push(clock.nowMs())), expired };
}

const anna = { clientId: "anna", clientType: "web" };

describe("the course of a session", () => {
  it("has these steps and no others", () => {
    const steps = sessionStates.flatMap((state) =>
      sessionEvents.flatMap((event) => {
        const next = nextState(state, event);
        return next === undefined ? [] : [`${state} ${event} ${next}`];
      }),
    );
    expect(steps).toEqual([
      "CONNECTING registered AUTHENTICATED",
      "CONNECTING expired DISCONNECTED",
      "CONNECTING closed DISCONNECTED",
      "AUTHENTICATED said ACTIVE",
      "AUTHENTICATED rested IDLE",
      "AUTHENTICATED paused IDLE",
      "AUTHENTICATED expired DISCONNECTED",
      "AUTHENTICATED closed DISCONNECTED",
      "ACTIVE rested IDLE",
      "ACTIVE paused IDLE",
      "ACTIVE expired DISCONNECTED",
      "ACTIVE closed DISCONNECTED",
      "IDLE said ACTIVE",
      "IDLE expired DISCONNECTED",
      "IDLE closed DISCONNECTED",
    ]);
  });

  it("ends once, whatever happens, and never begins anew", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...sessionEvents)), (events) => {
        let state: SessionState = FIRST_STATE;
        for (const event of events) {
          const next = nextState(state, event) ?? state;
          if (state === "DISCONNECTED") expect(next).toBe("DISCONNECTED");
          if (state !== "CONNECTING") expect(next).not.toBe("CONNECTING");
          state = next;
        }
        const isOver = events.includes("closed") || events.includes("expired");
        expect(state === "DISCONNECTED").toBe(isOver);
      }),
    );
  });
});

describe("a client's session", () => {
  it("keeps its times and its reason", async () => {
    const { clock, sessions, session } = begin();
    await clock.pass(10);
    session.registered({ ...anna, sessionId: "s1" });
    await clock.pass(10);
    session.said();
    await clock.pass(10);
    session.rested();
    await clock.pass(10);
    session.closed("the client has left");
    expect(sessions.list()).toEqual([
      {
        sessionId: "s1",
        ...anna,
        state: "DISCONNECTED",
        since: {
          CONNECTING: WALL_MS,
          AUTHENTICATED: WALL_MS + 10,
          ACTIVE: WALL_MS + 20,
          IDLE: WALL_MS + 30,
          DISCONNECTED: WALL_MS + 40,
        },
        lastSaidMs: WALL_MS + 30,
        reason: "the client has left",
      },
    ]);
    expect(clock.timers).toBe(0);
  });

  it("is idle after five minutes of silence, and active again with the next word", async () => {
    const { clock, session } = begin();
    session.registered({ ...anna, sessionId: "s1" });
    session.said();
    await clock.pass(PAUSED_AFTER_MS - 1);
    expect(session.state).toBe("ACTIVE");
    await clock.pass(1);
    expect(session.state).toBe("IDLE");
    session.said();
    expect(session.state).toBe("ACTIVE");
  });

  it("ends an hour after the last word, not before, and tells", async () => {
    const { clock, session, sessions, expired } = begin();
    session.registered({ ...anna, sessionId: "s1" });
    await clock.pass(SESSION_TIMEOUT_MS - 1);
    session.rested();
    await clock.pass(SESSION_TIMEOUT_MS - 1);
    expect([session.state, expired]).toEqual(["IDLE", []]);
    await clock.pass(1);
    expect([session.state, expired]).toEqual(["DISCONNECTED", [2 * SESSION_TIMEOUT_MS - 1]]);
    expect(sessions.list()[0]?.reason).toBe("it said nothing for 3600 s");
    expect(clock.timers).toBe(0);
  });

  it("is shown for a while after its end, among a bounded number", () => {
    const { sessions } = begin();
    for (let n = 0; n < 300; n += 1) sessions.open(() => undefined).closed(`${n}`);
    const reasons = sessions.list().map(({ reason }) => reason);
    // The first is the one that goes on.
    expect([reasons.length, reasons[1], reasons.at(-1)]).toEqual([257, "299", "44"]);
  });
});
