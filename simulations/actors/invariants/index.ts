/** All invariants, each in a file of its own named after the property it checks. */
import type { Invariant } from "../chronicle.ts";
import { acknowledgedWasHandled } from "./acknowledged-was-handled.ts";
import { answersBelongToTheirQuestions } from "./answers-belong-to-their-questions.ts";
import { endsAreToldOnce } from "./ends-are-told-once.ts";
import { endsAreTold } from "./ends-are-told.ts";
import { handledOnce } from "./handled-once.ts";
import { hostsMeetAgain } from "./hosts-meet-again.ts";
import { mailboxesAreBounded } from "./mailboxes-are-bounded.ts";
import { oneOwnerPerToken } from "./one-owner-per-token.ts";
import { orderIsKept } from "./order-is-kept.ts";
import { outboxesAreBounded } from "./outboxes-are-bounded.ts";
import { staleTokensAreRefused } from "./stale-tokens-are-refused.ts";
import { waitsEnd } from "./waits-end.ts";

export function allInvariants(): readonly Invariant[] {
  return [
    acknowledgedWasHandled(),
    handledOnce(),
    orderIsKept(),
    mailboxesAreBounded(),
    outboxesAreBounded(),
    waitsEnd(),
    answersBelongToTheirQuestions(),
    oneOwnerPerToken(),
    staleTokensAreRefused(),
    endsAreToldOnce(),
    endsAreTold(),
    hostsMeetAgain(),
  ];
}
