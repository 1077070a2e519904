/** What happens to streams. */

export type StreamHappening =
  /** The source gives an item away; `read` have come out at the other end. */
  | {
      readonly type: "item-produced";
      readonly stream: string;
      readonly produced: number;
      readonly read: number;
      readonly window: number;
    }
  /** An item comes out: number `item` of stream `of`, where number `expected` of `stream` should. */
  | {
      readonly type: "item-read";
      readonly stream: string;
      readonly of: string;
      readonly expected: number;
      readonly item: number;
    }
  /**
   * The reader's end is over. `outcome`: `complete`, `left` (it did not want more), or an error's code. `mayBreak`: something
   * has happened to one of the ends, or between them.
   */
  | {
      readonly type: "stream-ended";
      readonly stream: string;
      readonly outcome: string;
      readonly text: string;
      readonly read: number;
      readonly length: number;
      readonly mayBreak: boolean;
    }
  /** Some time after the last fault: ends of streams that live on by themselves, and streams that did not flow. */
  | { readonly type: "streams-settled"; readonly untold: readonly string[]; readonly stuck: readonly string[] };
