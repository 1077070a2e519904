/** Peers of unlike versions: who cannot be told a job is not counted on. */
import { VirtualClock } from "@parley/actors/testing";
import { expect, it } from "vitest";
import type { Advert, JobVersions } from "../../../src/routing/index.ts";
import { House } from "../../../src/services/mesh/house.ts";
import { readOffers, writeOffers } from "../../../src/services/mesh/offers.ts";
import { advert } from "../../routing/support.ts";

function houseWith(jobs: JobVersions | undefined): House {
  const house = new House({
    self: "self",
    clock: new VirtualClock(),
    own: () => [],
    isGiven: () => true,
    roundTripMs: () => 2,
    policy: () => ({}),
  });
  const said: Advert = { ...advert(), ...(jobs === undefined ? {} : { jobs }) };
  house.receive("attic", readOffers(writeOffers([{ advert: said, facts: {} }], false), "attic").offers);
  return house;
}

it("a peer that speaks another version of jobs is shown, and nobody to wait for: work stays where it can be done", () => {
  // One that says nothing of it is older than the saying.
  for (const jobs of [undefined, { oldest: 1, newest: 1 }, { oldest: 900, newest: 900 }]) {
    const house = houseWith(jobs);
    expect(house.offers.map(({ advert: { peer } }) => peer)).toEqual(["attic"]);
    expect([house.hasOthers("stt"), house.others("stt")]).toEqual([false, []]);
    expect(house.decide({ capability: "stt" }).excluded.map(({ rule }) => rule)).toEqual(["version"]);
  }
});

it("a peer that speaks several versions is given work where one of them is known here", () => {
  const house = houseWith({ oldest: 1, newest: 900 });
  expect(house.hasOthers("stt")).toBe(true);
  expect(house.decide({ capability: "stt" }).best?.advert.peer).toBe("attic");
});
