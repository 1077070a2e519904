/** All invariants, each in a file of its own named after the property it checks. */
import type { Invariant } from "../chronicle.ts";
import type { Library } from "../library.ts";
import { answersAreTheUndisturbed } from "./answers-are-the-undisturbed.ts";
import { historiesAreWhole } from "./histories-are-whole.ts";
import { keysAreErased } from "./keys-are-erased.ts";
import { noSentenceTwice } from "./no-sentence-twice.ts";
import { noTurnIsLost } from "./no-turn-is-lost.ts";
import { oneLifeSpeaks } from "./one-life-speaks.ts";
import { sidesAreReunited } from "./sides-are-reunited.ts";
import { staleEpochsWriteNothing } from "./stale-epochs-write-nothing.ts";
import { toolsRunOnce } from "./tools-run-once.ts";
import { waitsEnd } from "./waits-end.ts";

export function allInvariants(library: Library): readonly Invariant[] {
  return [
    noTurnIsLost(),
    answersAreTheUndisturbed(),
    noSentenceTwice(),
    oneLifeSpeaks(),
    historiesAreWhole(),
    sidesAreReunited(),
    toolsRunOnce(),
    staleEpochsWriteNothing(),
    keysAreErased(library),
    waitsEnd(),
  ];
}
