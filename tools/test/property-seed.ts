/**
 * A gate must give the same tree the same answer: with `PARLEY_PROPERTY_SEED` every property draws its examples from
 * that seed. Without it each run draws new ones, which is how a desk finds what the gate's have not.
 */
const text = process.env["PARLEY_PROPERTY_SEED"];

if (text !== undefined) {
  const seed = Number(text);
  if (!Number.isSafeInteger(seed)) throw new Error(`PARLEY_PROPERTY_SEED must be a whole number, not ${text}`);
  const { default: fc } = await import("fast-check");
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
