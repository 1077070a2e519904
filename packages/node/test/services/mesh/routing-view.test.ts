/** What is shown of a decision is what would be done. Simulated time. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RouteExplanation } from "../../../src/routing/index.ts";
import { heardAs, Village, type NewResident, type Resident } from "./village.ts";

const SPEECH = Float32Array.from({ length: 16_000 }, (_, n) => Math.sin(n / 7) / 2);
const OWN =
  "Nobody who is ready does it: this peer would bring up its own stt engine, if it has a model or may fetch one.";
const KEPT = JSON.stringify({ stt: { localOnly: true } });

let village: Village;

beforeEach(() => {
  village = new Village();
});
afterEach(() => village.close());

/** A peer that is there for clients alone, with a model that it has not loaded, beside one that hears for others. */
async function door(parts: Partial<NewResident> = {}): Promise<Resident> {
  const [hall] = await village.build(
    { name: "hall", engines: { stt: { isReady: false } }, isGiving: false, ...parts },
    { name: "attic", engines: { stt: {} } },
  );
  if (hall === undefined) throw new Error("two were asked for");
  return hall;
}

/** What is shown, and what comes of the job. */
async function shownAndDone(
  hall: Resident,
  privacy?: "host",
): Promise<readonly [RouteExplanation, string | undefined]> {
  const asked = privacy === undefined ? {} : { privacy };
  const explained = hall.house.view.explain({ capability: "stt", ...asked });
  const heard = (async () => (await (await hall.house.speechToText(asked, undefined)).transcribe(SPEECH)).text)();
  const settled = heard.catch(() => undefined);
  await village.clock.pass(5_000);
  return [explained, await settled];
}

describe("a decision that nobody who is ready comes into", () => {
  it("is shown as this peer's own, where the owner keeps all of it at home", async () => {
    village.policy = KEPT;
    const hall = await door();
    const [{ outcome, refusal, candidates }, text] = await shownAndDone(hall);
    expect({ outcome, refusal, candidates }).toEqual({ outcome: OWN, refusal: null, candidates: [] });
    expect(text).toBe(heardAs(SPEECH));
    expect(hall.logs.stt.began).toBe(1);
    const [stt] = hall.house.view.effectsOf({});
    expect(stt).toMatchObject({ before: "this peer (its own)", after: "attic (ear)" });
  });

  it("is shown so, where it is asked to stay on this host", async () => {
    const hall = await door();
    const [{ outcome }, text] = await shownAndDone(hall, "host");
    expect(outcome).toBe(OWN);
    expect(text).toBe(heardAs(SPEECH));
  });

  it("is shown as another's where another may do it, and as nobody's where nobody can", async () => {
    const hall = await door();
    const [{ outcome }] = await shownAndDone(hall);
    expect(outcome).toMatch(/^attic does it/);
    expect(hall.logs.stt.began).toBe(0);
    expect(hall.house.view.explain({ capability: "tts" }).refusal).toMatchObject({ code: "no-engine" });
  });

  it("is nobody's where this peer's own engine reaches further than it may", async () => {
    const hall = await door({ engines: { stt: { isReady: false, reach: "house" } } });
    const [{ refusal }, text] = await shownAndDone(hall, "host");
    expect(refusal).toMatchObject({ code: "no-engine" });
    expect(text).toBeUndefined();
  });
});
