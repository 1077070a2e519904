/** The cyclic redundancy checks of FLAC (RFC 9639, 9.1.8 and 9.3) and Ogg (RFC 3533, 6): all most significant bit first, from 0. */

function table(width: 8 | 16 | 32, polynomial: number): Uint32Array {
  const top = 2 ** (width - 1);
  const mask = 2 ** width - 1;
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte * 2 ** (width - 8);
    for (let bit = 0; bit < 8; bit++) value = (value >= top ? ((value * 2) ^ polynomial) & mask : value * 2) >>> 0;
    return value;
  });
}

const CRC8 = table(8, 0x07);
const CRC16 = table(16, 0x8005);
const CRC32 = table(32, 0x04c1_1db7);

export function crc8(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = CRC8[crc ^ byte] ?? 0;
  return crc;
}

/** The CRC-16 of `bytes` continued from `crc`. Over a frame with its footer it is 0. */
export function crc16(bytes: Uint8Array, crc = 0): number {
  let value = crc;
  for (const byte of bytes) value = crc16Step(value, byte);
  return value;
}

/** {@link crc16} of one byte. */
export function crc16Step(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ (CRC16[(crc >> 8) ^ byte] ?? 0);
}

export function crc32(bytes: Uint8Array, crc = 0): number {
  let value = crc;
  for (const byte of bytes) value = (value << 8) ^ (CRC32[((value >>> 24) ^ byte) & 0xff] ?? 0);
  return value >>> 0;
}
