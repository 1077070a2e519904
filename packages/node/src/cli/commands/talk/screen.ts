/** What a person sees of a conversation. */
import type { LevelEvent } from "@parley/audio/format";
import type { ConversationEvent, TalkEvent } from "@parley/sdk";
import type { ProgressLine } from "../../progress.ts";

/** What each state is called. */
const STATES: Readonly<Record<Extract<TalkEvent, { type: "state" }>["state"], string>> = {
  idle: "waiting",
  wakeword_detected: "listening",
  listening_for_command: "listening",
  processing: "thinking",
  responding: "thinking",
  speaking: "speaking",
  interrupting: "listening",
};

const BAR = "▁▂▃▄▅▆▇█";
/** The bar begins here; below is the quiet of a room. */
const QUIETEST_DBFS = -60;

/** Writes the words to stdout; states and levels to the status line. */
export class TalkScreen {
  readonly #write: (text: string) => void;
  readonly #progress: ProgressLine;
  #state = STATES.idle;
  #bar = "";
  #partial = "";
  #isMidLine = false;

  constructor(write: (text: string) => void, progress: ProgressLine) {
    this.#write = write;
    this.#progress = progress;
  }

  level({ rmsDbfs }: LevelEvent): void {
    const share = Math.min(1, Math.max(0, (rmsDbfs - QUIETEST_DBFS) / -QUIETEST_DBFS));
    this.#bar = BAR[Math.min(BAR.length - 1, Math.floor(share * BAR.length))] ?? "";
    this.#refresh();
  }

  show(event: ConversationEvent): void {
    switch (event.type) {
      case "state":
        this.#state = STATES[event.state];
        return this.#refresh();
      case "partial":
        this.#partial = event.text;
        return this.#refresh();
      case "question":
        this.#partial = "";
        return this.#line(`you: ${event.text}`);
      case "text":
        this.#progress.clear();
        this.#write(this.#isMidLine ? event.delta : `parley: ${event.delta}`);
        this.#isMidLine = true;
        return;
      case "turn":
        return this.#ended(event);
      case "reconnecting":
        return this.#line("(the peer is gone; another one is looked for)");
      case "resumed":
        return this.#line(`(${event.peer} goes on)`);
      case "signal":
        if (event.signal === "nothing-heard") this.#progress.line("(nothing was heard)");
        return;
      case "wake":
        return this.#progress.line(`(heard "${event.word}")`);
      case "problem":
        this.#endLine();
        return this.#progress.line(`${event.error.message.replace(/\.$/u, "")}. ${event.error.nextStep}`);
      case "sentence":
      case "timing":
      case "reply":
      case "reply-end":
      case "stop":
      case "duck":
      case "restore":
        return;
    }
  }

  /** Leaves no half line behind. */
  close(): void {
    this.#endLine();
    this.#progress.clear();
  }

  #ended({ outcome, heard }: Extract<TalkEvent, { type: "turn" }>): void {
    this.#partial = "";
    this.#endLine();
    if (outcome === "interrupted") this.#progress.line(`(interrupted after: ${heard === "" ? "nothing" : heard})`);
    if (outcome === "cancelled") this.#progress.line("(taken back)");
  }

  #line(text: string): void {
    this.#endLine();
    this.#progress.clear();
    this.#write(`${text}\n`);
  }

  #endLine(): void {
    if (!this.#isMidLine) return;
    this.#isMidLine = false;
    this.#write("\n");
  }

  /** A half line of the answer is not written over. */
  #refresh(): void {
    if (this.#isMidLine) return;
    const said = this.#partial === "" ? "" : `: ${this.#partial} …`;
    this.#progress.status(`${this.#bar} ${this.#state}${said}`);
  }
}
