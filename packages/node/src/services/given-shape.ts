/** What an engine must have: one of plain JavaScript may lack what its type asks for. */
import { z } from "zod";
import type { EngineName } from "./stage.ts";

const name = z.string().min(1);
const aFunction = z.custom<() => unknown>((value) => typeof value === "function", "must be a function");

const SHAPES: Readonly<Record<EngineName, z.ZodType>> = {
  vad: z.object({ id: name, frameMs: z.number().positive(), frames: aFunction }),
  stt: z.object({ id: name, languages: z.array(z.string()), transcribe: aFunction }),
  tts: z.object({
    id: name,
    sampleRateHz: z.number().positive(),
    voices: z.array(z.object({ name: z.string(), language: z.string() })),
    synthesize: aFunction,
  }),
  llm: z.object({ id: name, generate: aFunction }),
  wake: z.object({ id: name, words: z.array(z.string()), scores: aFunction }),
};

/** What `engine` lacks as the engine of `service`; undefined when nothing. */
export function lackOf(service: EngineName, engine: unknown): string | undefined {
  const { error } = SHAPES[service].safeParse(fieldsOf(engine));
  const [issue] = error?.issues ?? [];
  return issue === undefined ? undefined : `its ${issue.path.join(".") || "object"}: ${issue.message}`;
}

/** Those of a class are found where it inherits them. */
function fieldsOf(engine: unknown): unknown {
  if (typeof engine !== "object" || engine === null) return engine;
  const fields = [
    "id",
    "languages",
    "transcribe",
    "sampleRateHz",
    "voices",
    "synthesize",
    "generate",
    "frameMs",
    "frames",
  ];
  return Object.fromEntries([...fields, "words", "scores"].map((field) => [field, Reflect.get(engine, field)]));
}
