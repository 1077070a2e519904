/** What was said to be written is held by every replica that has come that far, and by somebody in the end. */
import { demand } from "../../kit/violation.ts";
import type { Acknowledged, Replica, Invariant } from "../chronicle.ts";

const NAME = "acknowledged-writes-survive";

export function acknowledgedWritesSurvive(): Invariant {
  const writes: Acknowledged[] = [];
  const expect = ({ cluster, key, value, index }: Acknowledged, replica: Replica): void => {
    if (replica.cluster !== cluster || replica.state.index < index) return;
    const pair = replica.state.pairs.get(key);
    const found = pair === undefined ? "nothing" : new TextDecoder().decode(pair.value);
    demand(found === value, NAME, () => `${replica.life} holds ${found} for ${key}, which was written at ${index}`);
  };
  return {
    name: NAME,
    see(happening) {
      switch (happening.type) {
        case "acknowledged":
          writes.push(happening.write);
          for (const replica of happening.replicas) expect(happening.write, replica);
          return;
        case "replica": {
          const from = happening.before?.index ?? 0;
          const { replica } = happening;
          for (const write of writes) if (write.index > from) expect(write, replica);
          return;
        }
        case "healed":
          for (const write of writes) {
            const holders = happening.peers.flatMap(({ replica }) => replica ?? []);
            for (const replica of holders) expect(write, replica);
            // A try that came twice is told with its last place in the log, where nothing is carried out any more.
            const isHeld = holders.some(
              ({ cluster, state }) => cluster === write.cluster && state.pairs.has(write.key),
            );
            demand(isHeld, NAME, () => `nobody holds ${write.key}, which was written to ${write.cluster}`);
          }
          return;
        default:
          return;
      }
    },
  };
}
