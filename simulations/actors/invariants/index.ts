/** All invariants, each in a file of its own named after the property it checks. */
import type { Invariant } from "../chronicle.ts";
import { acknowledgedWasHandled } from "./acknowledged-was-handled.ts";
import { answersBelongToTheirQuestions } from "./answers-belong-to-their-questions.ts";
import { calmLosesNothing } from "./calm-loses-nothing.ts";
import { endsAreToldOnce } from "./ends-are-told-once.ts";
import { endsAreTold } from "./ends-are-told.ts";
import { entitiesKeepOrder } from "./entities-keep-order.ts";
import { handledOnce } from "./handled-once.ts";
import { hostsMeetAgain } from "./hosts-meet-again.ts";
import { mailboxesAreBounded } from "./mailboxes-are-bounded.ts";
import { oneOwnerPerEpoch } from "./one-owner-per-epoch.ts";
import { oneSingletonPerTerm } from "./one-singleton-per-term.ts";
import { orderIsKept } from "./order-is-kept.ts";
import { outboxesAreBounded } from "./outboxes-are-bounded.ts";
import { regionsAreBounded } from "./regions-are-bounded.ts";
import { rememberedEntitiesWake } from "./remembered-entities-wake.ts";
import { shardsHaveOwners } from "./shards-have-owners.ts";
import { sleepersAreLeftAsleep } from "./sleepers-are-left-asleep.ts";
import { staleEpochsAreRefused } from "./stale-epochs-are-refused.ts";
import { staleTermsAreRefused } from "./stale-terms-are-refused.ts";
import { staysDoNotOverlap } from "./stays-do-not-overlap.ts";
import { tableOnlyGrows } from "./table-only-grows.ts";
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
    oneOwnerPerEpoch(),
    oneSingletonPerTerm(),
    staleEpochsAreRefused(),
    staleTermsAreRefused(),
    staysDoNotOverlap(),
    entitiesKeepOrder(),
    tableOnlyGrows(),
    regionsAreBounded(),
    shardsHaveOwners(),
    rememberedEntitiesWake(),
    sleepersAreLeftAsleep(),
    calmLosesNothing(),
    endsAreToldOnce(),
    endsAreTold(),
    hostsMeetAgain(),
  ];
}
