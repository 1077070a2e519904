/** A crash alone loses nothing that was acknowledged, and no log is in doubt after it: a doubt costs the cluster a voter. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "doubts-have-a-cause";

export function doubtsHaveACause(): Invariant {
  return {
    name: NAME,
    doubted({ id }, hasCause) {
      demand(hasCause, NAME, () => `node ${id} doubts its log, of which nothing was lost`);
    },
  };
}
