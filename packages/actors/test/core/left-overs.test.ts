/** What must not be kept by those who live long. */
import { expect, test } from "vitest";
import { Closables } from "../../src/core/closables.ts";
import { Endpoint } from "../../src/core/endpoint.ts";
import type { Runtime } from "../../src/core/runtime.ts";
import { Temporaries } from "../../src/core/temporaries.ts";
import { Gate, testSystem } from "./support.ts";

test("an owner keeps what is open, and forgets what was closed before", () => {
  const closables = new Closables();
  const closed: string[] = [];
  const own = (name: string): (() => void) => {
    let forget = (): void => expect.fail("it is made first");
    closables.own((isClosed) => {
      forget = isClosed;
      return { close: () => closed.push(name) };
    });
    return forget;
  };
  own("kept");
  own("gone")();
  closables.closeAll();
  expect(closed).toEqual(["kept"]);
});

test("an end of a stream has an address for as long as it is open, whenever somebody asks for it", () => {
  const temporaries = new Temporaries("here", "n");
  // It needs nothing else of its system.
  const runtime = { temporaries } as unknown as Runtime;
  const make = (): Endpoint<string> =>
    new Endpoint<string>(
      runtime,
      () => true,
      () => undefined,
    );
  const [before, after] = [make(), make()];
  expect(before.address).not.toBe("");
  expect(temporaries.size).toBe(1);
  before.close();
  after.close();
  expect(after.address).not.toBe(before.address);
  expect(temporaries.size).toBe(0);
});

test("an actor that is left behind in its end has no time for its stop hook, though its children go then", async () => {
  const { system, clock } = testSystem();
  let hooks = 0;
  const parent = system.spawn<never>(
    (context) => {
      const child = context.spawn<string>(() => () => new Gate().wait(), { stopTimeoutMs: 60_000 });
      child.tell("hang");
      return {
        receive: () => undefined,
        onStop: () => {
          hooks += 1;
        },
      };
    },
    { stopTimeoutMs: 100 },
  );
  await clock.settle();
  await clock.until(system.stopActor(parent));
  await clock.pass(1_000);
  expect(clock.nowMs()).toBeLessThan(2_000);
  expect(hooks).toBe(0);
});
