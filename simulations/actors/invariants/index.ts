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
import { childrenStopFirst } from "./children-stop-first.ts";
import { deadServicesAreNotListed } from "./dead-services-are-not-listed.ts";
import { dependentsRestartAfter } from "./dependents-restart-after.ts";
import { lanesKeepTheirOrder } from "./lanes-keep-their-order.ts";
import { liveServicesAreListed } from "./live-services-are-listed.ts";
import { oneLifeAtATime } from "./one-life-at-a-time.ts";
import { restartsAreBounded } from "./restarts-are-bounded.ts";
import { restartsArePaced } from "./restarts-are-paced.ts";
import { streamEndsAreTold } from "./stream-ends-are-told.ts";
import { streamItemsAreInOrder } from "./stream-items-are-in-order.ts";
import { streamsEndWholeOrBroken } from "./streams-end-whole-or-broken.ts";
import { streamsFlowAfterHealing } from "./streams-flow-after-healing.ts";
import { streamsKeepToTheirCredit } from "./streams-keep-to-their-credit.ts";
import { timersEndWithTheirLife } from "./timers-end-with-their-life.ts";
import { treesStandAgain } from "./trees-stand-again.ts";
import { urgentComesFirst } from "./urgent-comes-first.ts";

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
    childrenStopFirst(),
    deadServicesAreNotListed(),
    dependentsRestartAfter(),
    lanesKeepTheirOrder(),
    liveServicesAreListed(),
    oneLifeAtATime(),
    restartsAreBounded(),
    restartsArePaced(),
    streamEndsAreTold(),
    streamItemsAreInOrder(),
    streamsEndWholeOrBroken(),
    streamsFlowAfterHealing(),
    streamsKeepToTheirCredit(),
    timersEndWithTheirLife(),
    treesStandAgain(),
    urgentComesFirst(),
  ];
}
