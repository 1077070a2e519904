/** Who was told that its message was handled has had it handled: nothing that is acknowledged is lost. */
import { demand } from "../../kit/violation.ts";
import { nameOf, type Invariant } from "../chronicle.ts";

const NAME = "acknowledged-was-handled";

export function acknowledgedWasHandled(): Invariant {
  const handled = new Set<string>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "handled" && happening.sent.manner === "acknowledged") handled.add(nameOf(happening.sent));
      if (happening.type !== "acknowledged") return;
      const name = nameOf(happening.sent);
      demand(handled.has(name), NAME, () => `${name}: its sender was told so, and no handler has finished with it`);
    },
  };
}
