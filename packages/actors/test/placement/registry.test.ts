import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ActorRef } from "../../src/index.ts";
import { Registry, type Service } from "../../src/placement/registry.ts";

/** All that the registry asks of a reference. */
function refTo(address: string): ActorRef<never> {
  return { address, equals: (other: ActorRef<never>) => other.address === address } as ActorRef<never>;
}

function service(key: string, address: string, capabilities: Service["capabilities"] = {}): Service {
  return { key, capabilities, ref: refTo(address) };
}

function found(registry: Registry, key: string, capabilities?: Record<string, string | number | boolean>) {
  return registry.find({ key, capabilities }).map(({ ref }) => ref.address);
}

describe("a registry", () => {
  test("finds services by key and by all capabilities that are wanted", () => {
    const registry = new Registry();
    registry.add(service("stt", "b", { languages: ["de", "en"], gpu: true, sampleRate: 16_000 }));
    registry.add(service("stt", "a", { languages: ["en"], gpu: false }));
    registry.add(service("tts", "c", { languages: ["de"] }));
    expect(found(registry, "stt")).toEqual(["a", "b"]);
    expect(found(registry, "stt", { languages: "de" })).toEqual(["b"]);
    expect(found(registry, "stt", { languages: "en", gpu: false })).toEqual(["a"]);
    expect(found(registry, "stt", { sampleRate: 16_000 })).toEqual(["b"]);
    expect(found(registry, "stt", { toString: "x" })).toEqual([]);
    expect(found(registry, "llm")).toEqual([]);
  });

  test("lists a service once, with its latest capabilities", () => {
    const registry = new Registry();
    registry.add(service("stt", "a", { load: 1 }));
    registry.add(service("stt", "a", { load: 2 }));
    expect(registry.find({ key: "stt" })).toMatchObject([{ capabilities: { load: 2 } }]);
    expect(registry.version).toBe(2);
    expect(registry.remove(({ ref }) => ref.address === "a")).toEqual(new Set(["stt"]));
    expect(registry.remove(({ ref }) => ref.address === "a")).toEqual(new Set());
    expect(registry.version).toBe(3);
  });

  test("knows the same whatever order it hears things in, and however often", () => {
    const keys = ["stt", "tts"];
    const state = fc.record({
      source: fc.constantFrom("x", "y"),
      services: fc.array(fc.record({ key: fc.constantFrom(...keys), n: fc.nat(3) }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(state, { maxLength: 8 }), fc.infiniteStream(fc.nat()), (states, lots) => {
        // Every source numbers what it says.
        const said = states.map(({ source, services }, version) => ({
          source,
          version,
          services: services.map(({ key, n }) => service(key, `${source}${n}`)),
        }));
        const orders = [said, [...said, ...said].toSorted(() => (lots.next().value % 2 === 0 ? 1 : -1))];
        const [a, b] = orders.map((order) => {
          const registry = new Registry();
          for (const { source, version, services } of order) {
            const before = keys.map((key) => found(registry, key));
            const changed = registry.merge(source, version, services);
            for (const [i, key] of keys.entries()) {
              if (!changed.has(key)) expect(found(registry, key)).toEqual(before[i]);
            }
          }
          return keys.map((key) => found(registry, key));
        });
        expect(a).toEqual(b);
        for (const source of ["x", "y"]) {
          const last = said.findLast((each) => each.source === source);
          const expected = (last?.services ?? []).filter(({ key }) => key === "stt").map(({ ref }) => ref.address);
          expect(a?.[0]?.filter((address) => address.startsWith(source))).toEqual(expected.toSorted());
        }
      }),
    );
  });

  test("forgets all of a source that is gone, and says which keys that concerns", () => {
    const registry = new Registry();
    registry.merge("x", 1, [service("stt", "x1"), service("tts", "x2")]);
    registry.merge("y", 1, [service("stt", "y1")]);
    expect(registry.drop("x")).toEqual(new Set(["stt", "tts"]));
    expect(registry.drop("x")).toEqual(new Set());
    expect([found(registry, "stt"), found(registry, "tts")]).toEqual([["y1"], []]);
    expect(registry.merge("x", 1, [service("stt", "x1")])).toEqual(new Set(["stt"]));
  });
});
