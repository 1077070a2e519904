import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CAPABILITIES, formatRequest, parseRequest, type RouteRequest } from "../../src/routing/index.ts";

const read = (text: string): RouteRequest | string => {
  const reading = parseRequest(text);
  return reading.ok ? reading.request : reading.problem;
};

describe("a request in words", () => {
  it.each<[string, RouteRequest]>([
    ["STT", { capability: "stt" }],
    ["STT:English:fast", { capability: "stt", language: "en", mode: "interactive" }],
    ["STT:lang=en,mode=interactive", { capability: "stt", language: "en", mode: "interactive" }],
    ["stt : language = German , mode = batch", { capability: "stt", language: "de", mode: "batch" }],
    ["LLM:chat:preferred_for_planning", { capability: "llm", class: "chat", prefersClass: "planning" }],
    ["LLM:class=planner", { capability: "llm", class: "planning" }],
    ["TTS:en:voice=default", { capability: "tts", language: "en" }],
    ["TTS:en-GB:voice=Emma", { capability: "tts", language: "en-GB", voice: "Emma" }],
    ['TTS:voice="default"', { capability: "tts", voice: "default" }],
    ["LLM:model=llama3:8b,gpu=true", { capability: "llm", model: "llama3:8b", needs: ["gpu"] }],
    ["LLM:model=llama3:8b:mode=batch", { capability: "llm", model: "llama3:8b", mode: "batch" }],
    ["llama3:8b", { capability: "llm", model: "llama3:8b" }],
    ["LLM:model=rag", { capability: "llm", model: "rag" }],
    ['LLM:"7b"', { capability: "llm", class: "7b" }],
    ["STT:private", { capability: "stt", privacy: "host" }],
    ["STT:privacy=house", { capability: "stt", privacy: "house" }],
    ["LLM:needs=gpu+high_mem,prefers=npu", { capability: "llm", needs: ["gpu", "high_mem"], prefers: ["npu"] }],
    ["STT:audio=1.5s,patience=250ms", { capability: "stt", size: { audioMs: 1_500 }, patienceMs: 250 }],
    ["LLM:prompt=4000,tokens=200", { capability: "llm", size: { promptTokens: 4_000, tokens: 200 } }],
    [
      "TTS:chars=80,turn=12D3Koo",
      { capability: "tts", size: { characters: 80 }, stickTo: { peer: "12D3Koo", within: "turn" } },
    ],
    ["STT:not=a+b,not=c", { capability: "stt", exclude: ["a", "b", "c"] }],
  ])("%s is understood", (text, request) => {
    expect(read(text)).toEqual(request);
  });

  it.each([
    ["", '"" is no capability (stt, tts, llm, vad, wake)'],
    ["SST:lang=en", '"SST" is no capability (stt, tts, llm, vad, wake); was STT meant?'],
    ["ST", '"ST" is no capability (stt, tts, llm, vad, wake); was STT meant?'],
    ["STT:", "there is nothing between two separators"],
    ["STT:englisch", '"englisch" is no language, mode or hardware'],
    ["STT:mod=fast", 'there is no "mod"; was mode meant?'],
    ["STT:mode=quick", "mode is one of interactive, fast, live, batch, background"],
    ["STT:lang=", "lang has no value"],
    ["STT:lang=Klingon", '"Klingon" is no language'],
    ["STT:en:de", "language is said twice"],
    ["STT:tokens=1.5", '"1.5" is no whole number'],
    ["STT:audio=soon", '"soon" is no duration'],
    ['TTS:voice="Emma', 'the quote in front of "Emma" is not closed'],
    ['TTS:voice=Em"ma"', 'a quote stands in the middle of "Em"'],
    ["TTS:preferred_for_", "preferred_for_ has no value"],
    ["LLM:chat:Preferred_For_", "preferred_for_ has no value"],
    ["rag", '"rag" is nothing that is routed (stt, tts, llm, vad, wake)'],
    ["RAG:lang=en", '"RAG" is nothing that is routed (stt, tts, llm, vad, wake)'],
    ["memory", '"memory" is nothing that is routed (stt, tts, llm, vad, wake)'],
    ["LLM:qwen2.5:7b", "a model is asked for by its key: was model=qwen2.5:7b meant?"],
    ["LLM:mistral:latest", "a model is asked for by its key: was model=mistral:latest meant?"],
    ["LLM:en:fast:qwen:7b:gpu", "a model is asked for by its key: was model=qwen:7b meant?"],
    ["LLM:llama3", "a model is asked for by its key: was model=llama3 meant?"],
    ["LLM:chat:gpt 4", 'a model is asked for by its key: was model="gpt 4" meant?'],
    ["LLM:chat:planning", "class is said twice"],
    ["LLM:needs=gpu++npu", "needs names nothing between two pluses"],
    ["x".repeat(2_000), "a request has at most 1024 characters"],
  ])("%s is refused in words", (text, problem) => {
    expect(read(text)).toBe(problem);
  });

  const name = fc.string({ minLength: 1, maxLength: 12 });
  const amount = fc.integer({ min: 0, max: 1_000_000 });
  const request: fc.Arbitrary<RouteRequest> = fc
    .record({ capability: fc.constantFrom(...CAPABILITIES) })
    .chain((sure) =>
      fc
        .record(
          {
            language: fc.constantFrom("en", "en-GB", "zh-Hant-TW", "de"),
            voice: name,
            model: name,
            mode: fc.constantFrom("interactive", "batch"),
            class: fc.constantFrom("chat", "planning", "a b", "any"),
            prefersClass: fc.constantFrom("chat", "x,y"),
            privacy: fc.constantFrom("host", "house"),
            needs: fc.array(fc.constantFrom("gpu", "a+b", "npu"), { minLength: 1, maxLength: 3 }),
            prefers: fc.array(fc.constantFrom("gpu", 'quo"te'), { minLength: 1, maxLength: 3 }),
            size: fc.dictionary(fc.constantFrom("audioMs", "characters", "promptTokens", "tokens"), amount, {
              minKeys: 1,
              noNullPrototype: true,
            }),
            patienceMs: amount,
            stickTo: fc.record({ peer: name, within: fc.constantFrom("turn", "session") }),
            exclude: fc.array(name, { minLength: 1, maxLength: 3 }),
            refusedBy: fc.array(name, { minLength: 1, maxLength: 3 }),
          },
          { requiredKeys: [], noNullPrototype: true },
        )
        .map((maybe): RouteRequest => ({ ...sure, ...maybe })),
    );

  it("is the same after it was written down and read again", () => {
    fc.assert(
      fc.property(request, (wanted) => {
        expect(read(formatRequest(wanted))).toEqual(wanted);
      }),
    );
  });

  it("is never more than understood or refused, whatever is written", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "STT",
        "LLM",
        ":",
        ",",
        "=",
        '"',
        "\\",
        "lang",
        "mode",
        "fast",
        "+",
        " ",
        "not",
        "needs",
        "turn",
        "preferred_for_",
        "7b",
      ),
      fc.string({ unit: "binary", maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const reading = parseRequest(pieces.join(""));
        if (!reading.ok) expect(reading.problem.length).toBeGreaterThan(5);
        else expect(read(formatRequest(reading.request))).toEqual(reading.request);
      }),
      { numRuns: 500 },
    );
  });
});
