/** An async generator fed by concurrent producers: the shape of every stage of the pipeline. */
import { abortError } from "../format/abort.ts";
import { BoundedQueue } from "../format/queue.ts";

/** Options of {@link channel}. */
export interface ChannelOptions {
  /** Values that may wait unread before producers are held. */
  readonly capacity: number;
  /** Completes "Cancelled while …". */
  readonly doing: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `produce` beside the reader. Its failure reaches the reader after what was emitted before; when the reader stops
 * early or `signal` aborts, the signal given to `produce` aborts, and the generator returns only once it has settled.
 */
export async function* channel<T>(
  produce: (emit: (value: T) => Promise<void>, signal: AbortSignal) => Promise<void>,
  options: ChannelOptions,
): AsyncGenerator<T, void, undefined> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const out = new BoundedQueue<T>({ capacity: options.capacity, signal: options.signal, doing: options.doing });
  const emit = async (value: T): Promise<void> => {
    // False: nobody reads any more. The producer unwinds; its error has no reader either.
    if (!(await out.push(value))) throw abortError(signal, options.doing);
  };
  const producing = produce(emit, signal).then(
    () => out.close(),
    (error: unknown) => out.fail(error),
  );
  try {
    yield* out;
  } finally {
    stop.abort();
    await producing;
  }
}

/**
 * Waits for all of `tasks`; when one fails, aborts the others through `stop` and rejects with the first failure once
 * every one has settled.
 */
export async function allOrNone(stop: AbortController, tasks: readonly Promise<void>[]): Promise<void> {
  let failed = false;
  let first: unknown;
  await Promise.all(
    tasks.map((task) =>
      task.catch((error: unknown) => {
        if (!failed) {
          failed = true;
          first = error;
        }
        stop.abort(error);
      }),
    ),
  );
  if (failed) throw first;
}
