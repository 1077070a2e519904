/** Calls a peer out; each line of stdin is JSON that changes its advert; ends with stdin. */
import { createInterface } from "node:readline";
import { startAdvertiser } from "../../../../src/mesh/discovery/advertiser.ts";
import { kitchen } from "../sample.ts";

const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`);
const advert = { ...kitchen, ...JSON.parse(process.argv[2] ?? "{}") };
const advertiser = await startAdvertiser({
  port: 8765,
  advert,
  interfacesEveryMs: 200,
  onRenamed: (instance) => say({ event: "renamed", instance }),
});
say({ event: "announced" });
for await (const line of createInterface({ input: process.stdin }))
  advertiser.update({ ...advert, ...JSON.parse(line) });
await advertiser.close();
