/**
 * Stands in for a microphone's or loudspeaker's program: speaks raw 16-bit mono PCM on its pipes, as they do.
 * Arguments: what to do, then its parameters.
 */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";

const [role, first = "", second] = process.argv.slice(2);

/** A ramp that shows gaps: sample n is n modulo 30,000. */
function ramp(count: number): Buffer {
  const bytes = Buffer.alloc(2 * count);
  for (let i = 0; i < count; i++) bytes.writeInt16LE(i % 30_000, 2 * i);
  return bytes;
}

if (role === "speak") {
  // COUNT samples in pieces of an odd number of bytes, then it stays silent, or ends when told "end".
  const bytes = ramp(Number(first));
  for (let at = 0; at < bytes.length; at += 333) process.stdout.write(bytes.subarray(at, at + 333));
  if (second !== "end") setInterval(() => undefined, 1000);
} else if (role === "come-and-go") {
  // The first run gives some sound and ends as an unplugged device does; later ones go on.
  const isFirst = !existsSync(first);
  writeFileSync(first, "");
  process.stdout.write(ramp(3200), () => {
    if (isFirst) {
      process.stderr.write("device unplugged\n");
      process.exit(1);
    }
  });
  if (!isFirst) setInterval(() => process.stdout.write(ramp(320)), 20);
} else if (role === "flood") {
  // As fast as the pipe takes it.
  const block = ramp(16_000);
  const go = (): boolean => process.stdout.write(block, () => go());
  go();
} else if (role === "refuse") {
  process.stderr.write("cannot open device: no such card\n");
  process.exit(1);
} else if (role === "listen") {
  // Keeps what it hears in FILE; with a number as the second parameter it dies after so many bytes.
  let heard = 0;
  process.stdin.on("data", (bytes: Buffer) => {
    appendFileSync(first, bytes);
    heard += bytes.length;
    if (second !== undefined && heard > Number(second)) process.exit(3);
  });
} else if (role === "environment") {
  writeFileSync(first, JSON.stringify(Object.keys(process.env)));
  process.stdout.write(ramp(320));
  setInterval(() => undefined, 1000);
}
