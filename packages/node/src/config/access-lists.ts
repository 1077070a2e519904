/** The settings of where clients reach a peer, as what they mean. */
import { networksOf, isOwnMachine } from "./access-schema.ts";
import { itemsOf } from "./cluster-schema.ts";
import type { Config } from "./schema.ts";

/** Where clients come in. */
export interface ClientAccess {
  /** The address that is listened on: this machine's alone where that is wanted. */
  readonly host: string;
  readonly port: number;
  /** Only programs on this machine. */
  readonly isLocalOnly: boolean;
  /** Beside this machine's own. */
  readonly names: readonly string[];
  readonly isProxy: (address: string) => boolean;
  /** Whose pages may talk to it beside its own. */
  readonly origins: ReadonlySet<string>;
}

/** What the configuration says of it. */
export function clientAccessOf({ listen, cors }: Pick<Config, "listen" | "cors">): ClientAccess {
  const { host, port, local_only: localOnly, names, proxies } = listen;
  const isLocal = isOwnMachine(host);
  return {
    host: localOnly && !isLocal ? "127.0.0.1" : host,
    port,
    isLocalOnly: localOnly || isLocal,
    names: itemsOf(names).map((name) => name.toLowerCase()),
    isProxy: networksOf(proxies),
    origins: new Set(itemsOf(cors.origins)),
  };
}
