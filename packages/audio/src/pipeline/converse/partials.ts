/** Partial transcripts of what is being said: the growing stretch is decoded again and again, within a compute budget. */
import type { SpeechToText } from "../../engines/contracts.ts";
import { nextPartialAtMs } from "../listen.ts";

/** Decodes one stretch after another, one decoding at a time. */
export class Partials {
  readonly #stt: SpeechToText;
  readonly #sound: (fromMs: number) => { readonly samples: Float32Array; readonly toMs: number };
  readonly #tell: (text: string, throughMs: number) => void;
  #stretch: { readonly fromMs: number; readonly over: AbortController; nextMs: number } | undefined;
  #isBusy = false;

  constructor(
    stt: SpeechToText,
    sound: (fromMs: number) => { readonly samples: Float32Array; readonly toMs: number },
    tell: (text: string, throughMs: number) => void,
  ) {
    this.#stt = stt;
    this.#sound = sound;
    this.#tell = tell;
  }

  /** Somebody who began at `fromMs` has spoken up to `toMs`. */
  consider(fromMs: number, toMs: number): void {
    if (this.#stretch?.fromMs !== fromMs) {
      this.end();
      this.#stretch = { fromMs, over: new AbortController(), nextMs: nextPartialAtMs(0) };
    }
    const lengthMs = toMs - fromMs;
    if (this.#isBusy || lengthMs < this.#stretch.nextMs) return;
    this.#stretch.nextMs = nextPartialAtMs(lengthMs);
    void this.#decode(this.#stretch);
  }

  /** The stretch is over, or is being recognised as a whole: what is being decoded is of no more use. */
  end(): void {
    this.#stretch?.over.abort();
    this.#stretch = undefined;
  }

  async #decode({ fromMs, over: { signal } }: { readonly fromMs: number; readonly over: AbortController }) {
    this.#isBusy = true;
    const { samples, toMs } = this.#sound(fromMs);
    // A lost partial costs nothing: the final decoding meets the same engine and reports what is wrong with it.
    const said = await this.#stt.transcribe(samples, { signal }).catch(() => undefined);
    this.#isBusy = false;
    const text = said?.text.trim() ?? "";
    if (text !== "" && !signal.aborted) this.#tell(text, toMs);
  }
}
