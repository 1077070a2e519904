/** What a conversation tells its client without having been asked, and the rooms that it can speak in beside its own. */
import { ToolError } from "../../assistant/tools/tool.ts";
import { spellMs } from "../../assistant/tools/timer.ts";
import type { Timer } from "../../assistant/tools/timers.ts";

/** Something that happened. `isSpoken`: it is said in a live conversation as well; else the client shows or says it. */
export type Notice =
  | {
      readonly type: "timer";
      readonly id: string;
      readonly label: string;
      /** Epoch. */
      readonly setAtMs: number;
      readonly endedAtMs: number;
      readonly text: string;
      readonly isSpoken: boolean;
    }
  | { readonly type: "say"; readonly text: string; readonly isSpoken: boolean }
  /** What was said before in this session is not known any more: all peers that knew it have stopped. */
  | { readonly type: "session-lost"; readonly text: string; readonly isSpoken: boolean }
  /** Another client of the account goes on with it; this connection ends. */
  | {
      readonly type: "session-continued";
      readonly clientId: string;
      readonly text: string;
      readonly isSpoken: boolean;
    }
  /** This side of the house cannot reach most of it: the conversation goes on with this peer alone … */
  | { readonly type: "apart"; readonly text: string; readonly isSpoken: boolean }
  /** … until the house is whole again, and knows what was said to both sides. */
  | { readonly type: "together"; readonly text: string; readonly isSpoken: boolean };

/** Said to a client whose session another one of its account has taken up. */
export function continuedNotice(clientId: string): Notice {
  return { type: "session-continued", clientId, text: "This conversation goes on at another device.", isSpoken: false };
}

export const LOST: Notice = {
  type: "session-lost",
  text: "What we said before was lost: the peers that knew it have all stopped.",
  isSpoken: false,
};

export const APART: Notice = {
  type: "apart",
  text: "Most peers of this house cannot be reached now. We talk here by ourselves, and the others are told of it later.",
  isSpoken: false,
};
export const TOGETHER: Notice = {
  type: "together",
  text: "The house is whole again, and knows what we said meanwhile.",
  isSpoken: false,
};

/** Peers that have ears, and so a mouth. */
export interface OtherRooms {
  /** Says it at the peer of that name; what became of it. @throws ToolError when there is none, or it does not listen */
  readonly say: (peer: string, text: string, signal: AbortSignal) => Promise<string>;
}

/** Where nobody else can be reached. */
export const HERE_ONLY: OtherRooms = {
  say: async (peer) => {
    throw new ToolError(`no peer called ${peer} can speak now`);
  },
};

/** What is said of a timer that has ended. */
export function timerNotice({
  id,
  label,
  setAtMs,
  endsAtMs,
}: Timer): Omit<Extract<Notice, { type: "timer" }>, "isSpoken"> {
  const ran = spellMs(endsAtMs - setAtMs);
  const text = label === "" ? `Your timer of ${ran} has ended.` : `Your timer for ${label} has ended, after ${ran}.`;
  return { type: "timer", id, label, setAtMs, endedAtMs: endsAtMs, text };
}
