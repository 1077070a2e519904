/**
 * Strangers may send few frames of the multiplexer's. Each that opens a stream costs some 60 µs, and a ping is answered whether or not
 * the answer is read: 200 kB of them kept the event loop for a second. What is said at the door takes some dozens. Reaches into the
 * library; what looks otherwise than expected is left as it is.
 */
import type { Connection } from "@libp2p/interface";
import { abortSoon } from "./connection.ts";
import type { Inside } from "./guard.ts";

const MAX_FRAMES = 500;
const PERIOD_MS = 5_000;

interface Framed {
  handleFrame(frame: unknown): void;
}

export function limitFrames({ events }: Inside, isMember: (connection: Connection) => boolean): void {
  events.addEventListener("connection:open", ({ detail: connection }) => {
    const muxer: unknown = "muxer" in connection ? connection.muxer : undefined;
    if (!isFramed(muxer)) return;
    const handle = muxer.handleFrame.bind(muxer);
    let frames = 0;
    let sinceMs = performance.now();
    let isOver = false;
    muxer.handleFrame = (frame) => {
      frames += 1;
      // Who is a member, and what time it is, is asked only now and then: members send thousands of frames a second.
      if (frames > MAX_FRAMES && !isOver) {
        const nowMs = performance.now();
        isOver = nowMs - sinceMs < PERIOD_MS && !isMember(connection);
        if (isOver) abortSoon(connection, "too many frames");
        frames = 1;
        sinceMs = nowMs;
      }
      if (!isOver) handle(frame);
    };
  });
}

function isFramed(muxer: unknown): muxer is Framed {
  return (
    typeof muxer === "object" && muxer !== null && "handleFrame" in muxer && typeof muxer.handleFrame === "function"
  );
}
