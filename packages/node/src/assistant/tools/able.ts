/** Which language models can be offered tools: one that cannot answers worse for having been told of them. */

/** Billions of parameters below which a model of these families is not able. */
const FAMILIES: readonly (readonly [family: RegExp, atLeast: number])[] = [
  [/qwen-?(?:[3-9]|2\.5)/, 1.5],
  [/llama-?(?:3\.[1-9]|[4-9])/, 3],
  [/(?:mistral|ministral|mixtral|magistral|nemotron|command-?r|hermes|firefunction|granite-?[3-9])/, 2],
  [/(?:gemma-?[3-9]|phi-?[4-9])/, 3],
  [/(?:gpt-oss|gpt-[4-9]|claude|gemini|deepseek-(?:v|r)?[2-9]|kimi|glm-?[4-9])/, 0],
];

/** Whether the model of that id is known to be able. Where its name says no size, its family's usual one is able. */
export function isAbleToUseTools(model: string): boolean {
  const name = model.toLowerCase();
  const [, size, unit] = /(?:^|[^\d.])(\d{1,4}(?:\.\d{1,2})?)([bm])(?![a-z])/.exec(name) ?? [];
  const billions = size === undefined ? Infinity : Number(size) / (unit === "m" ? 1_000 : 1);
  return FAMILIES.some(([family, atLeast]) => family.test(name) && billions >= atLeast);
}
