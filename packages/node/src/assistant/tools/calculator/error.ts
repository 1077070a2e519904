/** What is wrong with a calculation, in words for whoever wrote it. */
export class CalculationError extends Error {
  override readonly name = "CalculationError";
}
