/** Waiting for the door's answers. */
import type * as z from "zod";
import { isPeerError, PeerError, type PeerErrorCode } from "../../../errors.ts";
import type { FrameStream } from "../frame-stream.ts";
import { NEW_IDENTITY } from "../new-identity.ts";
import { decode, encode } from "../protocol/codec.ts";
import { refusedSchema, type Refused } from "../protocol/messages.ts";

/** How a caller waits. */
export interface Waiting {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Sends `request` and gives the answer. @throws PeerError as {@link nextAnswer} does. */
export async function ask<T>(
  stream: FrameStream,
  request: Readonly<Record<string, unknown>>,
  schema: z.ZodType<T>,
  waiting: Waiting,
): Promise<T> {
  await stream.send(encode(request));
  return decode(schema, await nextAnswer(stream, waiting));
}

/** The next frame that is no refusal. @throws PeerError with the code of the refusal, `peer-silent`, `interrupted`. */
export async function nextAnswer(stream: FrameStream, { timeoutMs, signal }: Waiting): Promise<Uint8Array> {
  const frame = await stream.receive({ timeoutMs, ...(signal === undefined ? {} : { signal }) });
  const refused = refusalIn(frame);
  if (refused !== undefined) throw refusalError(refused, stream.remotePeer);
  return frame;
}

function refusalIn(frame: Uint8Array): Refused | undefined {
  try {
    return decode(refusedSchema, frame);
  } catch (error) {
    // Something else has come: whoever waits for it says whether it is what was due.
    if (isPeerError(error, "peer-misbehaved")) return undefined;
    throw error;
  }
}

const NEXT_STEPS: Readonly<Record<Refused["code"], string>> = {
  "pairing-failed": "Read the code again on the other peer (parley pair) and type it once more.",
  "pairing-closed": "Open pairing on a member (parley pair), then try again with the new code.",
  "pairing-paused": "Wait a moment, then try again.",
  "admission-refused": "Ask the person whose cluster it is.",
  "admission-unknown": "Try again: asking twice does no harm.",
  revoked: NEW_IDENTITY,
  "peer-misbehaved": "Check that both run the same version of Parley (parley --version).",
};

function refusalError({ code, reason, retryAfterMs, cluster, node }: Refused, peer: string): PeerError {
  const errorCode: PeerErrorCode = code;
  return new PeerError(errorCode, `the other peer refused: ${reason}`, {
    nextStep: NEXT_STEPS[code],
    details: {
      peer,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(cluster === undefined ? {} : { cluster }),
      ...(node === undefined ? {} : { node }),
    },
  });
}
