/** Writes down command after command in the outbox at PATH, and says each one's key once it is durable; until it is killed. */
import pino from "pino";
import { outboxFileAt } from "../../../src/cluster/outbox/file.ts";
import { Outbox } from "../../../src/cluster/outbox/outbox.ts";

const [path = "", life = ""] = process.argv.slice(2);
const outbox = await Outbox.open({ file: outboxFileAt(path), log: pino({ level: "silent" }) });
for (let i = 0; ; i += 1) {
  // Some at once: they share a write.
  const keys = [`${life}-${i}-a`, `${life}-${i}-b`, `${life}-${i}-c`];
  await Promise.all(keys.map((key) => outbox.submit({ type: "put", key, value: Buffer.from(key.repeat(20)) })));
  process.stdout.write(`${keys.join("\n")}\n`);
  // Now and then some are delivered.
  const [first] = outbox.waiting;
  if (i % 3 === 0 && first !== undefined) {
    await outbox.settle([[first.sequence, { outcome: "done", value: 0 }]]);
    process.stdout.write(`settled ${first.sequence}\n`);
  }
}
