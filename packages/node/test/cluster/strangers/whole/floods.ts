/** What a stranger says before anything is agreed, and crowds of sockets that say it, or nothing. */
import { randomBytes, randomInt } from "node:crypto";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";

interface Place {
  readonly host: string;
  readonly port: number;
}

/** Sockets from all addresses that the stranger has, opened again for as long as this runs: `sit` says nothing, `flood` garbage. */
export interface Crowding {
  readonly do: "sit" | "flood";
  readonly targets: readonly Place[];
  /** To each target at once. */
  readonly sockets: number;
  readonly forMs: number;
}

const SPEECHLESS_MS = 3_000;
const PAUSE_MS = 20;

const line = (text: string): Buffer => Buffer.concat([Buffer.of(text.length + 1), Buffer.from(`${text}\n`)]);
const MULTISTREAM = line("/multistream/1.0.0");
const ENDLESS = Buffer.alloc(200_000, 0xff);

/** What a connection may begin with. */
export function openings(): readonly (readonly Uint8Array[])[] {
  const tlsHello = Buffer.concat([Buffer.from("160301020001000 1fc0303".replaceAll(" ", ""), "hex"), randomBytes(508)]);
  const length = (bytes: number): Buffer => Buffer.from([bytes >> 8, bytes & 0xff]);
  return [
    [randomBytes(1 + randomInt(20_000))],
    [tlsHello],
    [Buffer.from("GET /api/v1/cluster HTTP/1.1\r\nHost: localhost\r\n\r\n")],
    [MULTISTREAM, line("ls")],
    [MULTISTREAM, line("/tls/1.0.0"), randomBytes(300)],
    [MULTISTREAM, line("/noise"), randomBytes(randomInt(2_000))],
    // The first message of a handshake as it should be, but that it is nobody's key, and then nothing.
    [MULTISTREAM, line("/noise"), length(32), randomBytes(32)],
    [MULTISTREAM, line("/noise"), length(32), randomBytes(32), length(65_000), randomBytes(65_000)],
    [Buffer.alloc(60_000, 0xff)],
    [Buffer.alloc(0)],
    ...streamOpenings().map((bytes) => [bytes]),
    Array.from({ length: 500 }, () => Buffer.of(0xff)),
  ];
}

/** What a stream may begin with, and a connection. */
export function streamOpenings(): readonly Uint8Array[] {
  const many = (text: string): Buffer => Buffer.concat(Array.from({ length: 20_000 }, () => line(text)));
  return [
    ENDLESS,
    Buffer.alloc(200_000),
    Buffer.concat([MULTISTREAM, many("ls")]),
    Buffer.concat([MULTISTREAM, many("/tls/1.0.0")]),
    Buffer.concat([MULTISTREAM, line("/tls/1.0.0"), ENDLESS]),
  ];
}

export async function crowd({ do: what, targets, sockets, forMs }: Crowding): Promise<void> {
  const untilMs = performance.now() + forMs;
  const all = Object.values(networkInterfaces()).flatMap((infos) => infos ?? []);
  const own = all.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address);
  const shapes = openings();
  const work = async (target: Place): Promise<void> => {
    while (performance.now() < untilMs) {
      const localAddress = own[randomInt(own.length)] ?? "0.0.0.0";
      const socket = connect({ port: target.port, host: target.host, localAddress });
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.on("error", () => socket.destroy()).resume();
      if (what === "flood") for (const bytes of shapes[randomInt(shapes.length)] ?? []) socket.write(bytes);
      const patienceMs = what === "flood" ? SPEECHLESS_MS : Infinity;
      await Promise.race([closed, pause(Math.min(patienceMs, untilMs - performance.now()))]);
      socket.destroy();
      await pause(PAUSE_MS);
    }
  };
  await Promise.all(targets.flatMap((target) => Array.from({ length: sockets }, () => work(target))));
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, delayMs)));
}
