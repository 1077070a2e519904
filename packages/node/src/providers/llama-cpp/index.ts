/** The embedded language model. */
export { languageModel, llmHost, type LlmHostChoice } from "./language-model.ts";
