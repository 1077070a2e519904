/** The reading end: takes items one by one, slowly at times, and does not always want all of them. */
import type { Random } from "../../kit/random.ts";
import type { Life } from "../host.ts";
import { waitIn } from "../waiting.ts";
import type { World } from "../world.ts";
import type { Drop } from "./spring.ts";
import type { Stream } from "./streams.ts";

/** @returns how it ended; never rejects */
export async function drink(
  world: World,
  life: Life,
  stream: Stream,
  items: AsyncIterable<Drop>,
  random: Random,
): Promise<string> {
  stream.reader = life;
  const { id } = stream;
  const isThirsty = !random.chance(0.2);
  let outcome = "complete";
  let text = "";
  try {
    for await (const { stream: of, number } of items) {
      stream.read += 1;
      world.note("read", life.name, id, number);
      world.see({ type: "item-read", stream: id, of, expected: stream.read, item: number });
      if (world.isHealed) continue;
      if (world.plan.faults.has("slow-streams") && random.chance(0.2)) {
        await waitIn(life, random.oneOf(1, 10, 100) * random.next());
      }
      if (!isThirsty && random.chance(0.1)) {
        outcome = "left";
        break;
      }
    }
  } catch (error) {
    if (!world.library.actors.isActorError(error)) world.fail(error, life.name);
    else [outcome, text] = [error.code, error.message];
  }
  if (life.isOver) return outcome;
  stream.isReaderOver = true;
  const { read, length } = stream;
  const isGone = text.includes("peer-gone") || life.isStopping || stream.source?.isStopping === true;
  world.note("stream-ended", life.name, id, outcome, read, text);
  world.see({ type: "stream-ended", stream: id, outcome, text, read, length, mayBreak: stream.mayBreak || isGone });
  return outcome;
}
