/**
 * The inner half of a door into a network of its own: `node door-process.ts SOCKET PORT` there hands on what comes to a Unix socket,
 * which is the same in all networks of a machine, to that port of its own loopback. Ends when its input does.
 */
import { connect, createServer } from "node:net";

const [path = "", port = "0"] = process.argv.slice(2);
const server = createServer({ allowHalfOpen: false, noDelay: true }, (near) => {
  const far = connect({ host: "127.0.0.1", port: Number(port), noDelay: true });
  near.pipe(far).pipe(near);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
});
server.listen(path, () => process.stdout.write("ready\n"));
process.stdin.on("end", () => process.exit(0)).resume();
