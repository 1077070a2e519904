/** Bugs to be planted in the package, each in lines that stand exactly once in a file below `packages/actors/src`. */

export interface PlantedBug {
  readonly number: number;
  readonly name: string;
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    number: 1,
    name: "what has been handled is handled again when it comes again",
    file: "remoting/inbox.ts",
    search: "if (known !== undefined) {",
    replace: 'if (known === "pending") {',
  },
  {
    number: 2,
    name: "acknowledge what has only a place in the mailbox",
    file: "remoting/inbox.ts",
    search: "{ acknowledged, timeoutMs }",
    replace: "{ acknowledged: false, timeoutMs }",
  },
  {
    number: 3,
    name: "hand acknowledged messages over at once, not one after the other",
    file: "remoting/inbox.ts",
    search: "if (frame.isAcknowledged) this.#enqueue(waiting);",
    replace: "if (!frame.isAcknowledged) this.#enqueue(waiting);",
  },
  {
    number: 4,
    name: "a mailbox takes more than it holds",
    file: "core/mailbox.ts",
    search: "settings.isPriority === undefined ? settings.capacity : 0",
    replace: "settings.isPriority === undefined ? settings.capacity + 2 : 0",
  },
  {
    number: 5,
    name: "a fence admits the owner before the last",
    file: "placement/fence.ts",
    search: "token < newest) {",
    replace: "token < newest - 1) {",
  },
  {
    number: 6,
    name: "an offer to another host ends too late",
    file: "remoting/outbox.ts",
    search: "entry.timer = this.#clock.after(timeoutMs, () => {",
    replace: "entry.timer = this.#clock.after(2 * timeoutMs, () => {",
  },
  {
    number: 7,
    name: "watchers on other hosts are not told of an end",
    file: "remoting/watched-here.ts",
    search: "if (this.#unwatch.delete(place)) this.#tellEnd",
    replace: "if (!this.#unwatch.delete(place)) this.#tellEnd",
  },
  {
    number: 8,
    name: "a new life of a host is taken for the old one",
    file: "remoting/peer.ts",
    search: "if (this.#inbox?.incarnation !== greeted.incarnation) this.#meet",
    replace: "if (this.#inbox === undefined) this.#meet",
  },
  {
    number: 9,
    name: "the table lets an owner in under an epoch that somebody had",
    file: "placement/table.ts",
    search: "if (row.epoch !== expectedEpoch) {",
    replace: "if (row.epoch > expectedEpoch + 1) {",
  },
];
