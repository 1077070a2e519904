/** Bugs to be planted in the package, each in lines that stand exactly once in a file below `packages/actors/src`. */
import { bug, type PlantedBug } from "../../kit/planted.ts";
import { CORE_BUGS } from "./core.ts";
import { PLACEMENT_BUGS } from "./placement.ts";

export const PLANTED_BUGS: readonly PlantedBug[] = [
  bug(
    1,
    "what has been handled is handled again when it comes again",
    "remoting/inbox.ts",
    "if (known !== undefined) {",
    'if (known === "pending") {',
  ),
  bug(
    2,
    "acknowledge what has only a place in the mailbox",
    "remoting/inbox.ts",
    "{ acknowledged, timeoutMs }",
    "{ acknowledged: false, timeoutMs }",
  ),
  bug(
    3,
    "hand acknowledged messages over at once, not one after the other",
    "remoting/inbox.ts",
    "if (frame.isAcknowledged) this.#enqueue(waiting);",
    "if (!frame.isAcknowledged) this.#enqueue(waiting);",
  ),
  bug(
    4,
    "a mailbox takes more than it holds",
    "core/mailbox.ts",
    "settings.isPriority === undefined ? settings.capacity : 0",
    "settings.isPriority === undefined ? settings.capacity + 2 : 0",
  ),
  bug(
    5,
    "a fence admits the owner before the last",
    "placement/fence.ts",
    "token < newest) {",
    "token < newest - 1) {",
  ),
  bug(
    6,
    "an offer to another host ends too late",
    "remoting/outbox.ts",
    "entry.timer = this.#clock.after(timeoutMs, () => {",
    "entry.timer = this.#clock.after(2 * timeoutMs, () => {",
  ),
  bug(
    7,
    "watchers on other hosts are not told of an end",
    "remoting/watched-here.ts",
    "if (this.#unwatch.delete(place)) this.#tellEnd",
    "if (!this.#unwatch.delete(place)) this.#tellEnd",
  ),
  bug(
    8,
    "a new life of a host is taken for the old one",
    "remoting/peer.ts",
    "if (this.#inbox?.incarnation !== greeted.incarnation) this.#meet",
    "if (this.#inbox === undefined) this.#meet",
  ),
  bug(
    9,
    "the table lets an owner in under an epoch that somebody had",
    "placement/table.ts",
    "if (row.epoch !== expectedEpoch) {",
    "if (row.epoch > expectedEpoch + 1) {",
  ),
  ...CORE_BUGS,
  ...PLACEMENT_BUGS,
];
