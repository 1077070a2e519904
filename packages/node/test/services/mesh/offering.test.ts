/** What a peer gives to others: bounded, let go of when nobody wants it any more, and told of. Simulated time. */
import { isAudioError } from "@parley/audio";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Capability } from "../../../src/routing/index.ts";
import { heardAs, REPLY, Village, type NewResident, type Resident } from "./village.ts";

const SPEECH = Float32Array.from({ length: 32_000 }, (_, n) => Math.sin(n / 7) / 2);
const QUESTION = [{ role: "user", content: "How are things?" }] as const;

let village: Village;

beforeEach(() => {
  village = new Village();
});
afterEach(() => village.close());

async function built(...all: readonly NewResident[]): Promise<readonly Resident[]> {
  return await village.build(...all);
}

function named(residents: readonly Resident[], name: string): Resident {
  const found = residents.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

function advertAt(at: Resident, of: string, capability: Capability) {
  return at.house.house.others(capability).find(({ advert }) => advert.peer === of)?.advert;
}

/** What it fails with; undefined: it does not. */
async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return isAudioError(error) ? error.code : String(error);
  }
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

describe("an engine that is given to the house", () => {
  it("takes so many jobs, and refuses the next at once with what it has to do", async () => {
    const residents = await built({ name: "hall" }, { name: "attic", engines: { stt: { firstMs: 1_000 } } });
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    const stt = await hall.house.speechToText({}, undefined);
    const outcomes: string[] = [];
    for (let n = 0; n < 8; n += 1) {
      stt.transcribe(SPEECH).then(
        () => outcomes.push("heard"),
        (error: { readonly code: string }) => outcomes.push(error.code),
      );
    }
    await village.clock.pass(100);
    // One works and two wait; nobody else is there.
    expect(outcomes).toEqual(Array.from({ length: 5 }, () => "engine-busy"));
    expect(advertAt(hall, "attic", "stt")).toMatchObject({ running: 1, queued: 2 });
    await village.clock.pass(1_500);
    expect(outcomes.filter((each) => each === "heard")).toHaveLength(3);
    expect(attic.house.house.given[0]?.advert).toMatchObject({ running: 0, queued: 0 });
  });

  it("has who came when all were full told when to come again, though each was asked but once", async () => {
    const residents = await built(
      { name: "hall" },
      { name: "porch" },
      { name: "attic", engines: { stt: { firstMs: 3_000 } } },
      { name: "cellar", engines: { stt: { firstMs: 3_000 } } },
    );
    const asked: string[] = [];
    village.onBytes = (from, bytes) => void (bytes.includes("refused") && asked.push(from));
    const failures: { readonly code: string; readonly message: string; readonly nextStep: string }[] = [];
    // Neither knows what the other has sent.
    for (const name of Array.from({ length: 14 }, (_, n) => (n % 2 === 0 ? "hall" : "porch"))) {
      const stt = await named(residents, name).house.speechToText({}, undefined);
      stt.transcribe(SPEECH).then(
        () => undefined,
        (error: (typeof failures)[number]) => failures.push(error),
      );
    }
    await village.clock.pass(100);
    expect(failures.length).toBe(8);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(2 * 14);
    for (const { code, message, nextStep } of failures) {
      expect(code).toBe("engine-busy");
      expect(message).toContain("as much to do");
      expect(nextStep).toMatch(/^Try again in (about \d+ s|a moment)/);
    }
    expect(failures.filter(({ message }) => message.startsWith("everybody"))).toHaveLength(8);
    await village.clock.pass(15_000);
  });

  it("tells how much was asked of it of late, for others to reckon with what they do not see yet", async () => {
    const residents = await built({ name: "hall" }, { name: "attic", engines: { stt: { firstMs: 300 } } });
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    expect(advertAt(hall, "attic", "stt")?.demand).toBe(0);
    const stt = await hall.house.speechToText({}, undefined);
    await village.clock.until(stt.transcribe(SPEECH));
    await village.clock.pass(300);
    expect(advertAt(hall, "attic", "stt")?.demand).toBeGreaterThan(0.01);
    // Of its own engine a peer knows all: a job of its own waits behind nothing there.
    const { best } = attic.house.house.foresee({ capability: "stt" });
    expect(best).toMatchObject({ isHere: true, expected: { queueMs: 0 } });
  });

  it("sends a job that finds it busier than was known on to another, without asking the first to wait", async () => {
    const residents = await built(
      { name: "hall" },
      { name: "porch" },
      { name: "attic", engines: { stt: { firstMs: 600 } } },
      { name: "cellar", engines: { stt: { firstMs: 600 } } },
    );
    const [attic, cellar] = [named(residents, "attic"), named(residents, "cellar")];
    village.policy = JSON.stringify({ stt: { weights: { attic: 1.2 } } });
    const startedMs = village.clock.nowMs();
    const heard = Promise.all(
      ["hall", "porch"].map(async (name) => {
        const stt = await named(residents, name).house.speechToText({}, undefined);
        return await stt.transcribe(SPEECH);
      }),
    );
    // Each of them takes the attic for idle.
    await village.clock.until(heard);
    expect([attic.logs.stt.began, cellar.logs.stt.began]).toEqual([1, 1]);
    expect(village.clock.nowMs() - startedMs).toBeLessThan(700);
  });

  it("lets go of its job when the caller leaves, and what it would still have said reaches nobody", async () => {
    const residents = await built(
      { name: "hall" },
      { name: "attic", engines: { llm: { stepMs: 50 }, stt: { firstMs: 5_000 } } },
    );
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    const { clock } = village;
    const told: string[] = [];
    const stop = new AbortController();
    const writing = (async () => {
      for await (const piece of hall.house.languageModel({}).generate(QUESTION, { signal: stop.signal }))
        told.push(piece);
    })();
    const failed = codeOf(writing);
    await clock.pass(400);
    expect(attic.logs.llm.now).toBe(1);
    stop.abort();
    expect(await failed).toBe("job-cancelled");
    const heard = told.length;
    await clock.pass(50);
    expect(attic.logs.llm).toMatchObject({ now: 0, left: 1 });
    await clock.pass(2_000);
    expect(told).toHaveLength(heard);
    expect(attic.house.house.given.map(({ advert }) => advert.running)).toEqual([0, 0]);

    const cut = new AbortController();
    const stt = await hall.house.speechToText({}, undefined);
    const transcript = codeOf(stt.transcribe(SPEECH, { signal: cut.signal }));
    await clock.pass(300);
    cut.abort();
    expect(await transcript).toBe("job-cancelled");
    await clock.pass(50);
    expect(attic.logs.stt).toMatchObject({ now: 0, left: 1 });
  });

  it("keeps no place for long for a job that was taken back before its answer was read", async () => {
    const residents = await built({ name: "hall" }, { name: "attic", engines: { stt: {} } });
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    const stt = await hall.house.speechToText({}, undefined);
    for (let n = 0; n < 3; n += 1) {
      const stop = new AbortController();
      const heard = codeOf(stt.transcribe(SPEECH, { signal: stop.signal }));
      await village.clock.settle();
      stop.abort();
      expect(await village.clock.until(heard)).toBe("job-cancelled");
    }
    await village.clock.pass(3_000);
    expect(attic.house.house.given[0]?.advert).toMatchObject({ running: 0, queued: 0 });
    expect((await village.clock.until(stt.transcribe(SPEECH))).text).toBe(heardAs(SPEECH));
  });

  it("is started anew when its actor fails; the others below the same peer's services notice nothing", async () => {
    const residents = await built({ name: "hall" }, { name: "attic", engines: { stt: { firstMs: 500 }, llm: {} } });
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    const { clock } = village;
    const written = textOf(hall.house.languageModel({}).generate(QUESTION));
    const stt = await hall.house.speechToText({}, undefined);
    const first = codeOf(stt.transcribe(SPEECH));
    await clock.pass(250);
    const workload = attic.bench.workload("stt");
    const { admit } = workload;
    workload.admit = () => {
      workload.admit = admit;
      throw new Error("a defect");
    };
    // The job that runs there is lost with the actor's life, and so is the one that finds the defect.
    const second = codeOf(stt.transcribe(SPEECH));
    expect(await clock.until(Promise.all([first, second]))).toEqual(["engine-crashed", "engine-crashed"]);
    expect(await clock.until(written)).toBe(REPLY);
    expect(attic.logs.llm.began).toBe(1);
    const tree = attic.system.inspect().find(({ path }) => path === "/services");
    expect(tree?.children.map(({ path, restarts }) => [path, restarts])).toEqual([
      ["/services/stt", 1],
      ["/services/llm", 0],
    ]);
    await clock.pass(5_000);
    expect((await clock.until(stt.transcribe(SPEECH))).text).toBe(heardAs(SPEECH));
  });

  it("lets go of its job when the caller's host dies", async () => {
    const residents = await built({ name: "hall" }, { name: "attic", engines: { llm: { stepMs: 500 } } });
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    textOf(hall.house.languageModel({}).generate(QUESTION)).catch(() => undefined);
    await village.clock.pass(400);
    expect(attic.logs.llm.now).toBe(1);
    village.kill("hall");
    await village.clock.pass(300);
    expect(attic.logs.llm).toMatchObject({ now: 0, left: 1 });
  });

  it("is not given where its peer is not there for others, though that peer uses it itself", async () => {
    const residents = await built({ name: "hall", engines: { llm: {} }, isGiving: false }, { name: "attic" });
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    expect(attic.house.house.hasOthers("llm")).toBe(false);
    expect(await village.clock.until(textOf(hall.house.languageModel({}).generate(QUESTION)))).toBe(REPLY);
    await expect(village.clock.until(textOf(attic.house.languageModel({}).generate(QUESTION)))).rejects.toMatchObject({
      code: "model-missing",
    });
  });

  it("is not brought up by a peer that is not there for such work while others may still say that they have one", async () => {
    const own = { isReady: false };
    const residents = await built(
      { name: "hall", engines: { stt: own, llm: own }, isGiving: false },
      { name: "attic" },
    );
    const hall = named(residents, "hall");
    // Half a second after it has joined.
    const asked = [
      hall.house.speechToText({}, undefined).then(() => village.clock.nowMs()),
      textOf(hall.house.languageModel({}).generate(QUESTION)).then(() => village.clock.nowMs()),
    ];
    await village.clock.pass(3_000);
    expect([hall.house.wantsOwn("stt"), hall.logs.llm.began]).toEqual([false, 0]);
    await village.clock.until(Promise.all(asked));
    expect(hall.house.wantsOwn("stt")).toBe(true);
    expect(hall.logs.llm.began).toBe(1);
    expect(await village.clock.until(asked[0] ?? Promise.resolve(0))).toBeGreaterThanOrEqual(5_000);
  });

  it("is the one that is asked where it is here and nobody is better; nothing of that leaves the host", async () => {
    const residents = await built({ name: "hall", engines: { stt: {} } }, { name: "attic", engines: { stt: {} } });
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    const stt = await hall.house.speechToText({}, undefined);
    for (let round = 0; round < 3; round += 1) await village.clock.until(stt.transcribe(SPEECH));
    expect([hall.logs.stt.began, attic.logs.stt.began]).toEqual([3, 0]);
  });

  it("is left for another while its own peer's engine is slow, and asked again when that has passed", async () => {
    const residents = await built(
      { name: "hall", engines: { stt: { firstMs: 200 } } },
      { name: "attic", engines: { stt: { firstMs: 400 } } },
    );
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    const { clock } = village;
    const stt = await hall.house.speechToText({}, undefined);
    for (let round = 0; round < 3; round += 1) await clock.until(stt.transcribe(SPEECH));
    expect(attic.logs.stt.began).toBe(0);
    if (hall.scripts.stt !== undefined) hall.scripts.stt.isStuck = true;
    for (let round = 0; round < 3; round += 1) {
      expect((await clock.until(stt.transcribe(SPEECH))).text).toBe(heardAs(SPEECH));
    }
    expect([hall.logs.stt.began, attic.logs.stt.began]).toEqual([6, 3]);
    if (hall.scripts.stt !== undefined) hall.scripts.stt.isStuck = false;
    // Its breaker is open for a while: it is not tried again at once.
    await clock.until(stt.transcribe(SPEECH));
    expect([hall.logs.stt.began, attic.logs.stt.began]).toEqual([6, 4]);
    await clock.pass(70_000);
    await clock.until(stt.transcribe(SPEECH));
    await clock.until(stt.transcribe(SPEECH));
    expect([hall.logs.stt.began, attic.logs.stt.began]).toEqual([8, 4]);
  });
});

describe("what a peer says of its engines", () => {
  it("names models, voices, languages and load, and follows them within a quarter of a second", async () => {
    const residents = await built({ name: "hall" }, { name: "attic", engines: { stt: { firstMs: 2_000 }, tts: {} } });
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    const { clock } = village;
    expect(advertAt(hall, "attic", "stt")).toMatchObject({
      model: "ear",
      languages: ["en"],
      running: 0,
      power: "mains",
    });
    expect(advertAt(hall, "attic", "tts")).toMatchObject({ voices: [{ name: "mouth", language: "en" }] });
    const own = await attic.house.speechToText({}, undefined);
    void own.transcribe(SPEECH);
    await clock.pass(260);
    expect(advertAt(hall, "attic", "stt")).toMatchObject({ running: 1 });
    await clock.pass(2_000);
    // It has been measured meanwhile.
    const { running, speed } = advertAt(hall, "attic", "stt") ?? {};
    expect([running, speed?.realTimeFactor]).toEqual([0, 1]);
    if (attic.scripts.tts !== undefined) attic.scripts.tts.isReady = false;
    attic.refresh();
    await clock.pass(260);
    expect(advertAt(hall, "attic", "tts")).toBeUndefined();
  });

  it("is known not to hold any more as soon as the job that was counted in it has ended", async () => {
    const residents = await built({ name: "hall" }, { name: "attic", engines: { stt: { firstMs: 1_000 } } });
    const hall = named(residents, "hall");
    const stt = await hall.house.speechToText({}, undefined);
    const heard = stt.transcribe(SPEECH);
    await village.clock.pass(500);
    expect(advertAt(hall, "attic", "stt")).toMatchObject({ running: 1 });
    await village.clock.until(heard);
    expect(advertAt(hall, "attic", "stt")).toMatchObject({ running: 0, queued: 0, backlogMs: 0 });
  });

  it("is told at most four times a second, and costs nothing while nothing happens", async () => {
    const residents = await built({ name: "hall" }, { name: "attic", engines: { stt: {} } });
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    let told = 0;
    hall.house.house.onChange(() => (told += 1));
    await village.clock.pass(60_000);
    expect(told).toBe(0);
    for (let n = 0; n < 100; n += 1) {
      attic.refresh();
      await village.clock.pass(10);
    }
    await village.clock.pass(1_000);
    expect(told).toBeGreaterThanOrEqual(4);
    expect(told).toBeLessThanOrEqual(6);
  });

  it("is forgotten when it dies, and said again when it is back", async () => {
    const residents = await built({ name: "hall" }, { name: "attic", engines: { stt: {} } });
    const hall = named(residents, "hall");
    village.pause("attic");
    await village.clock.pass(3_000);
    expect(hall.house.house.hasOthers("stt")).toBe(false);
    village.resume("attic");
    await village.clock.pass(5_000);
    expect(hall.house.house.hasOthers("stt")).toBe(true);
  });

  it("means nothing any more to who has left: its clients are served by its own engines at once", async () => {
    const residents = await built(
      { name: "hall", engines: { llm: {} } },
      { name: "attic", engines: { llm: { firstMs: 1 } } },
    );
    const [hall, attic] = [named(residents, "hall"), named(residents, "attic")];
    hall.leave();
    expect(hall.house.house.hasOthers("llm")).toBe(false);
    expect(await village.clock.until(textOf(hall.house.languageModel({}).generate(QUESTION)))).toBe(REPLY);
    expect([hall.logs.llm.began, attic.logs.llm.began]).toEqual([1, 0]);
    await village.clock.pass(500);
    expect(attic.house.house.hasOthers("llm")).toBe(false);
  });

  it("goes on in somebody else's hands when who leaves is in the middle of a job", async () => {
    const residents = await built(
      { name: "hall" },
      { name: "attic", engines: { llm: {} } },
      { name: "cellar", engines: { llm: {} } },
    );
    const [hall, attic, cellar] = ["hall", "attic", "cellar"].map((name) => named(residents, name));
    const written = textOf((hall as Resident).house.languageModel({}).generate(QUESTION));
    await village.clock.pass(400);
    const worker = [attic, cellar].find((each) => (each?.logs.llm.now ?? 0) > 0);
    worker?.leave();
    expect(await village.clock.until(written)).toBe(REPLY);
    expect((attic?.logs.llm.began ?? 0) + (cellar?.logs.llm.began ?? 0)).toBe(2);
  });
});
