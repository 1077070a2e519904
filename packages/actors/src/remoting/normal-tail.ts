/** How unlikely a normally distributed value is to be larger. */

const LOG10_E = Math.LOG10E;
/** Below this the series is exact to the last digits, from here on the fraction is. */
const SERIES_UP_TO = 3;
const FRACTION_TERMS = 60;

/** -log10 of the probability that a standard normal value exceeds `z`; exact also where the probability is too small to hold. */
export function tailExponent(z: number): number {
  if (z < -SERIES_UP_TO) return -Math.log1p(-upperTail(-z)) * LOG10_E;
  if (z < SERIES_UP_TO) return -Math.log10(0.5 - centre(z));
  return ((z * z) / 2) * LOG10_E + Math.log10(Math.sqrt(2 * Math.PI) * millsDenominator(z));
}

/** The probability of a value between 0 and `z`: Marsaglia's series (2004). */
function centre(z: number): number {
  let sum = z;
  let term = z;
  for (let odd = 3; Math.abs(term) > 1e-17; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

function upperTail(z: number): number {
  return Math.exp((-z * z) / 2) / (Math.sqrt(2 * Math.PI) * millsDenominator(z));
}

/** Laplace's continued fraction z + 1/(z + 2/(z + 3/(z + …))): the density divided by the tail. */
function millsDenominator(z: number): number {
  let value = z;
  for (let term = FRACTION_TERMS; term >= 1; term -= 1) value = z + term / value;
  return value;
}
