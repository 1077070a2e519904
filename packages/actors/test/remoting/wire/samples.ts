/** One frame of each kind, and the value it stands for. */
import { RemoteRef } from "../../../src/core/remote-ref.ts";
import { parseAddress } from "../../../src/core/address.ts";
import type { ActorRef } from "../../../src/core/ref.ts";
import { createActorSystem } from "../../../src/index.ts";
import * as control from "../../../src/remoting/wire/control.ts";
import {
  decodeOffer,
  decodeTell,
  encodeOffer,
  encodeTell,
  messageIn,
  stampOffer,
} from "../../../src/remoting/wire/data.ts";
import { stamp, WIRE_VERSION } from "../../../src/remoting/wire/header.ts";

const system = createActorSystem({ peer: "here", random: () => 0.5 });

export function resolve(address: string): ActorRef<never> {
  parseAddress(address);
  return system.resolve(address);
}

export function isRemote(value: unknown): value is RemoteRef<never> {
  return value instanceof RemoteRef;
}

export const failure = { code: "actor-failed", text: "it crashed on it" };
const after = { message: 70_000, bulk: 4_294_967_295 };

export const CONTROL = {
  hello: {
    value: { from: "left", to: "right", incarnation: "1a", oldestVersion: 1, newestVersion: 1, maxFrameBytes: 1 << 24 },
    encode: control.encodeHello,
    decode: control.decodeHello,
  },
  welcome: {
    value: { from: "right", incarnation: "2b", version: 1, maxFrameBytes: 1 << 20 },
    encode: control.encodeWelcome,
    decode: control.decodeWelcome,
  },
  reject: {
    value: { ...failure, isCrossed: true },
    encode: control.encodeReject,
    decode: control.decodeReject,
  },
  goodbye: { value: { ...failure, after }, encode: control.encodeGoodbye, decode: control.decodeGoodbye },
  answerDone: { value: { id: 7, failure: undefined }, encode: control.encodeAnswer, decode: control.decodeAnswer },
  answerFailed: { value: { id: 2 ** 40, failure }, encode: control.encodeAnswer, decode: control.decodeAnswer },
  refused: {
    value: { to: "/a/b#1.2", replyTo: "parley://left/$/x.1", ...failure },
    encode: control.encodeRefused,
    decode: control.decodeRefused,
  },
  refusedTell: {
    value: { to: "/a", replyTo: undefined, ...failure },
    encode: control.encodeRefused,
    decode: control.decodeRefused,
  },
  watch: { value: "/a/b#1.2", encode: control.encodeWatch, decode: control.decodeWatched },
  unwatch: { value: "/a/b#1.2", encode: control.encodeUnwatch, decode: control.decodeWatched },
  terminated: {
    value: { of: "/a", reason: "failed", failure, after },
    encode: control.encodeTerminated,
    decode: control.decodeTerminated,
  },
} as const;

/** Every form that a message may have; no reference among it, so that it can be compared. */
export const MESSAGE = {
  type: "everything",
  nothing: null,
  missing: undefined,
  flags: [true, false],
  numbers: [0, -1, 127, 128, 65_536, -40_000, 2 ** 31, 1.5, -0.1, 2 ** 52, Infinity],
  big: [10n, -(2n ** 63n), 2n ** 80n],
  text: ["", "plain", "größer", "𝄞", "x".repeat(300)],
  when: new Date(1_700_000_000_123),
  bytes: new Uint8Array([1, 2, 3]),
  sound: new Float32Array([0.5, -0.25]),
  set: new Set(["a", 1]),
  nested: { list: [{ deep: [[]] }], empty: {} },
};

/** Long enough to be attached. */
export const LARGE = new Uint8Array(10_000).map((_, i) => i & 0xff);

export const REF = "parley://there/worker%201#5.a";

/** Its pieces: what is stored, and what is attached. */
export function tellParts(): readonly Uint8Array[] {
  const message = { ...MESSAGE, ref: resolve(REF), large: LARGE };
  const parts = encodeTell("/a/b#1.2", "parley://left/$/x.1", message);
  stamp(parts[0], WIRE_VERSION, 3);
  return parts;
}

export function readTell(frame: Uint8Array): unknown {
  const { to, replyTo, payload } = decodeTell(frame);
  return { to, replyTo, message: messageIn(payload, resolve) };
}

export function offerFrame(): Uint8Array {
  const frame = encodeOffer("/a", 9, true, MESSAGE);
  stampOffer(frame[0], 4, 1_500);
  stamp(frame[0], WIRE_VERSION, 0);
  return Buffer.concat(frame);
}

export function readOffer(frame: Uint8Array): unknown {
  const { payload, ...fields } = decodeOffer(frame);
  return { ...fields, message: messageIn(payload, resolve) };
}
