/** The examples of `docs/ACTORS.md`, one after the other. */
import { beside } from "./beside.ts";
import { oneHost } from "./one-host.ts";
import { placed } from "./placed.ts";
import { twoHosts } from "./two-hosts.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

say("# one host");
await oneHost(say);
say("# two hosts");
await twoHosts(say);
say("# who lives where");
await placed(say);
say("# beside");
await beside(say);
