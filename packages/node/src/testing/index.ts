/** A language model of fixed delay that says what it is told to, run in a real engine host. */
export { fixedDelayLlmHost } from "./fixed-delay-llm.ts";
