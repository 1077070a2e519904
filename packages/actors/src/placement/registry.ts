/**
 * Which services there are, on this host and on others. Pure. Each receptionist alone says what lives on its host, and
 * numbers what it says; so the newest of each source is the truth, whatever order things come in.
 */
import type { ActorRef } from "../core/ref.ts";

/** What a service can do: a text, a number, a yes or no, or several texts. */
export type Capability = string | number | boolean | readonly string[];
export type Capabilities = Readonly<Record<string, Capability>>;

export interface Service {
  /** What it is: `stt`, `llm`. */
  readonly key: string;
  readonly capabilities: Capabilities;
  readonly ref: ActorRef<never>;
}

/** Services of `key` that have all of `capabilities`: equal, or among several. */
export interface ServiceQuery {
  readonly key: string;
  readonly capabilities?: Readonly<Record<string, string | number | boolean>> | undefined;
}

interface Source {
  readonly version: number;
  readonly services: readonly Service[];
}

export class Registry {
  #version = 0;
  #own: readonly Service[] = [];
  readonly #others = new Map<string, Source>();

  /** Of what lives here. */
  get version(): number {
    return this.#version;
  }

  get own(): readonly Service[] {
    return this.#own;
  }

  sources(): readonly string[] {
    return [...this.#others.keys()];
  }

  /** The newest that is known of `source`. */
  versionOf(source: string): number | undefined {
    return this.#others.get(source)?.version;
  }

  /** Adds a service of this host, or replaces its capabilities. */
  add(service: Service): void {
    this.#own = [...this.#own.filter((each) => !isSame(each, service)), service];
    this.#version += 1;
  }

  /** Takes out what `matches`. @returns the keys concerned */
  remove(matches: (service: Service) => boolean): ReadonlySet<string> {
    const gone = this.#own.filter(matches);
    if (gone.length === 0) return new Set();
    this.#own = this.#own.filter((each) => !gone.includes(each));
    this.#version += 1;
    return keysOf(gone);
  }

  /** What another receptionist says of its host. @returns the keys concerned; none when it is no news */
  merge(source: string, version: number, services: readonly Service[]): ReadonlySet<string> {
    const before = this.#others.get(source);
    if (before !== undefined && version <= before.version) return new Set();
    this.#others.set(source, { version, services });
    const [old, young] = [linesOf(before?.services ?? []), linesOf(services)];
    return new Set([...old.keys(), ...young.keys()].filter((key) => old.get(key) !== young.get(key)));
  }

  /** That receptionist is gone, and all its services with it. @returns the keys concerned */
  drop(source: string): ReadonlySet<string> {
    const before = this.#others.get(source);
    this.#others.delete(source);
    return keysOf(before?.services ?? []);
  }

  /** In the order of their addresses. */
  find({ key, capabilities = {} }: ServiceQuery): readonly Service[] {
    const wanted = Object.entries(capabilities);
    return [...this.#own, ...[...this.#others.values()].flatMap(({ services }) => services)]
      .filter((each) => each.key === key && wanted.every(([name, value]) => has(each.capabilities[name], value)))
      .toSorted((a, b) => (a.ref.address < b.ref.address ? -1 : 1));
  }
}

function has(capability: Capability | undefined, wanted: string | number | boolean): boolean {
  return typeof capability === "object" ? capability.some((each) => each === wanted) : capability === wanted;
}

function isSame(a: Service, b: Service): boolean {
  return a.key === b.key && a.ref.equals(b.ref);
}

/** Per key all that is said of its services. */
function linesOf(services: readonly Service[]): ReadonlyMap<string, string> {
  const lines = new Map<string, string>();
  for (const { key, capabilities, ref } of services.toSorted((a, b) => (a.ref.address < b.ref.address ? -1 : 1))) {
    lines.set(key, `${lines.get(key) ?? ""}${JSON.stringify([ref.address, capabilities])}`);
  }
  return lines;
}

function keysOf(services: readonly Service[]): ReadonlySet<string> {
  return new Set(services.map(({ key }) => key));
}
