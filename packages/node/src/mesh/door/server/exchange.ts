/** What the answers to all requests share. */
import { isPeerError } from "../../../errors.ts";
import { MAX_FRAME_BYTES, type FrameStream } from "../frame-stream.ts";
import { encode, misbehaved } from "../protocol/codec.ts";
import type { Refused } from "../protocol/messages.ts";
import type { DoorDeadlines } from "./deadlines.ts";
import type { Gate } from "./gate.ts";
import type { DoorCluster, DoorEvent } from "./ports.ts";
import type { WaitingList } from "./waiting-list.ts";

/** What one exchange of a stream needs. */
export interface Exchange {
  readonly stream: FrameStream;
  readonly cluster: DoorCluster;
  readonly gate: Gate;
  readonly waiting: WaitingList;
  readonly deadlines: DoorDeadlines;
  readonly nowMs: () => number;
  readonly tell: (event: DoorEvent) => void;
  /** Aborted when the door closes. */
  readonly closing: AbortSignal;
}

/** The next request; undefined when the stream ended between two, as it should. */
export async function nextRequest({ stream, deadlines, closing }: Exchange): Promise<Uint8Array | undefined> {
  try {
    const frame = await stream.receive({ timeoutMs: deadlines.idleMs, signal: closing });
    if (frame.length > MAX_FRAME_BYTES) throw misbehaved("a frame that is too long");
    return frame;
  } catch (error) {
    if (isPeerError(error, "peer-silent")) return undefined;
    throw error;
  }
}

/** Says no. */
export async function refuse(stream: FrameStream, why: Omit<Refused, "type">): Promise<void> {
  const { retryAfterMs, cluster, ...rest } = why;
  await stream.send(
    encode({
      type: "refused",
      ...rest,
      ...(cluster === undefined ? {} : { cluster }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
    }),
  );
}
