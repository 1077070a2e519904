import type { Advert } from "../../../src/mesh/discovery/advert.ts";

/** A peer as it calls itself out. */
export const kitchen: Advert = {
  name: "küche.v2",
  peerId: "12D3KooWQYzhkT4UbBxBxKWGcSZsAwSWeNVXRKTsUGfVM2yQDbJ1",
  version: "0.1.0",
  clusterId: "c-7f3a",
  pairing: "closed",
  services: ["stt", "llm"],
  meshPort: 8766,
};
