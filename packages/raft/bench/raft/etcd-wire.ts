/**
 * The few messages of etcd's API (`rpc.proto`, version 3) that the bench sends and reads, by hand: with a general codec the
 * generator would spend the cluster's processor on reflection.
 */

/** What one etcd says of itself. Ids are 64 bits wide. */
export interface EtcdStatus {
  readonly member: bigint;
  /** 0 while there is none. */
  readonly leader: bigint;
  readonly term: number;
  readonly appliedIndex: number;
}

const LENGTH_DELIMITED = 2;

/** `PutRequest`: key in field 1, value in field 2. */
export function encodePut({ key, value }: { readonly key: string; readonly value: Buffer }): Buffer {
  const keyBytes = Buffer.from(key);
  return Buffer.concat([header(1, keyBytes.length), keyBytes, header(2, value.length), value]);
}

/** `StatusRequest` has no fields. */
export function encodeNothing(): Buffer {
  return Buffer.alloc(0);
}

/** `PutResponse`: nothing in it is of interest. */
export function decodeNothing(): undefined {
  return undefined;
}

/** `StatusResponse`. @throws RangeError for bytes that are no message */
export function decodeStatus(bytes: Buffer): EtcdStatus {
  const fields = readFields(bytes);
  const inner = fields.get(1);
  const responseHeader = Buffer.isBuffer(inner) ? readFields(inner) : new Map<number, bigint | Buffer>();
  const number = (from: ReadonlyMap<number, bigint | Buffer>, field: number): bigint => {
    const found = from.get(field);
    return typeof found === "bigint" ? found : 0n;
  };
  return {
    member: number(responseHeader, 2),
    leader: number(fields, 4),
    term: Number(number(fields, 6)),
    appliedIndex: Number(number(fields, 7)),
  };
}

function header(field: number, length: number): Buffer {
  const bytes = [field * 8 + LENGTH_DELIMITED];
  let rest = length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Fields by number; the last of each. Fixed-width ones do not occur in what is read here. */
function readFields(bytes: Buffer): ReadonlyMap<number, bigint | Buffer> {
  const fields = new Map<number, bigint | Buffer>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value += BigInt(byte % 0x80) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number of more than ten bytes");
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    if (tag % 8 === 0) fields.set(Math.floor(tag / 8), varint());
    else if (tag % 8 === LENGTH_DELIMITED) {
      const end = at + 1 + Number(varint());
      if (end > bytes.length + 1) throw new RangeError("a field that is longer than its message");
      fields.set(Math.floor(tag / 8), bytes.subarray(at, end));
      at = end;
    } else throw new RangeError(`a field of wire type ${tag % 8}`);
  }
  return fields;
}
