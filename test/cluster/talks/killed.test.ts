/** Peers are killed in the midst of a live talk: its host, its entry, the prime, two of five. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectRemembered, expectWhole, TalkHouse } from "./house.ts";
import { MOMENTS, type Moment } from "./talker.ts";
import { newName, questionOf } from "./words.ts";

type Role = "host" | "entry" | "prime";

/** Kills them at `moment` of a talk. */
async function expectToGoOn(house: TalkHouse, moment: Moment, victims: readonly Role[]): Promise<void> {
  await house.untilWhole();
  const { talker, roles, said } = await house.settled();
  const name = newName();
  const trouble = (): Promise<unknown> => Promise.all(victims.map((role) => roles[role].kill()));
  await expectWhole(house, await talker.say(questionOf("tell", name), { moment, trouble }), name);
  await expectRemembered(talker, [...said, name]);
  expect(talker.of("problem")).toEqual([]);
  talker.close();
}

const HOUSES: readonly { readonly count: number; readonly victims: readonly (readonly Role[])[] }[] = [
  { count: 3, victims: [["host"], ["entry"], ["prime"]] },
  {
    count: 5,
    victims: [
      ["host", "entry"],
      ["host", "prime"],
    ],
  },
];

describe.each(HOUSES)("a live talk with $count peers", { timeout: 120_000 }, ({ count, victims }) => {
  let house: TalkHouse;
  beforeAll(async () => {
    house = await TalkHouse.open(count);
  }, 240_000);
  afterAll(async () => {
    await house?.close();
  });

  const cases = victims.flatMap((who) => MOMENTS.map((moment) => ({ who, moment, killed: who.join(" and ") })));
  it.each(cases)("goes on where it was when its $killed is killed $moment", ({ who, moment }) =>
    expectToGoOn(house, moment, who),
  );
});
