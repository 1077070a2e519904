/** How the load generator talks to each system. */
import { EtcdTarget } from "./etcd-target.ts";
import { ParleyTarget } from "./parley-target.ts";
import type { Endpoint, Target } from "./target.ts";

export function connectTo({ kind, address }: Endpoint): Target {
  switch (kind) {
    case "etcd":
      return new EtcdTarget(address);
    case "parley":
      return new ParleyTarget(address);
  }
}
