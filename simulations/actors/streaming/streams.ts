/** All streams of a run, as an all-seeing observer knows them. */
import type { Life } from "../host.ts";

export interface Stream {
  readonly id: string;
  readonly sourceHost: string;
  readonly readerHost: string;
  readonly window: number;
  /** Items in all, if nothing happens. */
  readonly length: number;
  source: Life | undefined;
  reader: Life | undefined;
  produced: number;
  read: number;
  isSourceOver: boolean;
  isReaderOver: boolean;
  /** Something has happened to one of the ends, or between them. */
  mayBreak: boolean;
}

export class Streams {
  readonly #all = new Map<string, Stream>();

  add(plan: Pick<Stream, "sourceHost" | "readerHost" | "window" | "length">): Stream {
    const stream: Stream = {
      ...plan,
      id: `s${this.#all.size + 1}`,
      source: undefined,
      reader: undefined,
      produced: 0,
      read: 0,
      isSourceOver: false,
      isReaderOver: false,
      mayBreak: false,
    };
    this.#all.set(stream.id, stream);
    return stream;
  }

  get(id: string): Stream | undefined {
    return this.#all.get(id);
  }

  /** The connection between two hosts is lost. */
  disconnected(a: string, b: string): void {
    for (const stream of this.#all.values()) {
      const { sourceHost, readerHost } = stream;
      if ((sourceHost === a && readerHost === b) || (sourceHost === b && readerHost === a)) stream.mayBreak = true;
    }
  }

  /** Ends on hosts that live, which nobody has told that it is over. */
  untold(): readonly string[] {
    return [...this.#all.values()].flatMap(({ id, source, reader, isSourceOver, isReaderOver }) => [
      ...(isLive(source) && !isSourceOver ? [`the source of ${id} on ${source.name}`] : []),
      ...(isLive(reader) && !isReaderOver ? [`the reader of ${id} on ${reader.name}`] : []),
    ]);
  }
}

function isLive(life: Life | undefined): life is Life {
  return life !== undefined && !life.isOver && !life.isStopping;
}
