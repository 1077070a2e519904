import { describe, expect, it } from "vitest";
import { decide, explain, explanationText, parseRequest, type Fleet } from "../../src/routing/index.ts";
import { advert, fleet, SELF } from "./support.ts";

const adverts = [
  advert({ peer: SELF, name: "kitchen", running: 1, backlogMs: 600 }),
  advert({ peer: "p1", name: "gpu-box", hardware: ["gpu"], speed: { realTimeFactor: 0.02, firstResultMs: 0 } }),
  advert({ peer: "p2", name: "studio", languages: ["de"] }),
  advert({ peer: "p3", name: "garage" }),
];

function explained(text: string, parts: Partial<Fleet> = {}) {
  const reading = parseRequest(text);
  if (!reading.ok) throw new Error(reading.problem);
  return explain(decide(reading.request, fleet(adverts, parts)));
}

describe("an explained decision", () => {
  const policy = { stt: { prefer: ["gpu-box"], weights: { garage: 0.5 } } };
  const breaker: Fleet["breaker"] = (peer) =>
    peer === "p3" ? { state: "open", failures: 3, untilMs: 1_500 } : undefined;

  it("shows candidates with their time in parts, and the rule that leaves each of the others out", () => {
    expect(explanationText(explained("STT:lang=en,audio=4s", { policy, breaker }))).toBe(
      [
        "STT:lang=en,audio=4000ms: gpu-box does it with moonshine, in about 82 ms.",
        "",
        "candidate       model      queue   work    network  total  weight  score  because",
        "gpu-box         moonshine  0 ms    80 ms   2 ms     82 ms  x1      95.2   choice 1",
        "kitchen (here)  moonshine  600 ms  400 ms  0 ms     1 s    x1      1000   choice 2",
        "",
        "left out  model      rule      because",
        "studio    moonshine  language  it knows de, not en",
        "garage    moonshine  breaker   it has failed 3 times in a row and is asked again in 1.5 s",
      ].join("\n"),
    );
  });

  it("says what counts for or against each", () => {
    const { candidates } = explained("STT:prefers=gpu,session=p3", { policy: { stt: { weights: { garage: 0.5 } } } });
    const garage = candidates.find(({ name }) => name === "garage");
    expect(garage?.favours).toEqual([
      { factor: 0.8, why: "no gpu" },
      { factor: 1.25, why: "has the session" },
      { factor: 0.5, why: "policy: garage" },
    ]);
    expect(garage?.weight).toBeCloseTo(0.5, 10);
  });

  it("says why nobody does it", () => {
    const nobody = explained("STT:lang=fr");
    expect(nobody).toMatchObject({ candidates: [], refusal: { code: "no-engine", retryAfterMs: null } });
    expect(explanationText(nobody)).toContain("Nobody does it: no peer can do this stt.");
    expect(nobody.excluded).toHaveLength(4);
  });

  it("is made of nothing but JSON", () => {
    const all = explained("STT:lang=en", { policy, breaker });
    expect(JSON.parse(JSON.stringify(all))).toEqual(all);
  });

  it("keeps names of other peers on one line, and short", () => {
    const evil = advert({ name: `x\n\u001B[31m${"y".repeat(100)}` });
    const text = explanationText(explain(decide({ capability: "stt" }, fleet([evil]))));
    const [, , , line = ""] = text.split("\n");
    expect(line).toContain("x??[31myyy");
    expect(text).not.toContain("\u001B");
    expect(line.split("  ")[0]?.length).toBeLessThanOrEqual(40);
  });
});
