/** One search for peers that nobody has named. */
import { ParleyError } from "../../errors.ts";
import type { Discover } from "./options.ts";

/**
 * Looks until `over` aborts, time is up, there are no more, or `found` wants no more. `ended` is called at once when that is so,
 * though whoever looks may not look at its signal; `failed` before that.
 */
export async function search(
  discover: Discover,
  over: AbortSignal,
  on: { readonly timeoutMs: number; found(url: string): boolean; failed(error: ParleyError): void; ended(): void },
): Promise<void> {
  const signal = AbortSignal.any([AbortSignal.timeout(on.timeoutMs), over]);
  signal.addEventListener("abort", () => on.ended());
  try {
    for await (const url of discover(signal)) {
      const wantsMore = on.found(url);
      if (signal.aborted || !wantsMore) break;
    }
  } catch (error) {
    const nextStep = "Name a peer by its address.";
    on.failed(
      new ParleyError("cannot-connect", `peers could not be looked for: ${String(error)}`, { nextStep, cause: error }),
    );
  }
  on.ended();
}
