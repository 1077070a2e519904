/** Why a journal takes nothing, or gives nothing. */
import { ActorError, isActorError } from "@parley/actors";
import { PeerError } from "../../errors.ts";
import { LIMITS } from "../state/limits.ts";

/** Somebody else owns the session by now. */
export function isStale(error: unknown): error is ActorError {
  return isActorError(error, "stale-epoch", "stale-term");
}

export function anotherLife(detail: string): ActorError {
  return new ActorError("stale-epoch", `another life of the session writes its journal: ${detail}`);
}

export function defect(): PeerError {
  return new PeerError("internal", "what a session has written is not what the cluster has of it", {
    nextStep: "Report this as a defect of Parley.",
  });
}

export function closed(): PeerError {
  return new PeerError("interrupted", "the session's journal is closed", { nextStep: "Begin the session anew." });
}

export function cannotBeRead(): PeerError {
  return new PeerError("no-quorum", "what a session has left could not be read in time", {
    nextStep: "See what would restore the quorum: parley status.",
  });
}

export function tooLong(): PeerError {
  return new PeerError("journal-full", "the turn is too long for another host to go on with it", {
    nextStep: "Ask for less in one question.",
    details: { maxBytes: LIMITS.journalTurnBytes, maxWrites: LIMITS.journalRecords },
  });
}
