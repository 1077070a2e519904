/** Which shard an entity belongs to. */

const OFFSET_BASIS = 0x81_1c_9d_c5;
const PRIME = 0x01_00_01_93;

/** FNV-1a over UTF-16 code units, with MurmurHash3's finisher, so that names which differ little end far apart. */
export function hashOf(text: string): number {
  let hash = OFFSET_BASIS;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), PRIME);
    hash = Math.imul(hash ^ (unit >>> 8), PRIME);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** From 0 to `shards` - 1. Must be the same on all hosts, in all versions: the number of shards never changes. */
export function shardOf(entity: string, shards: number): number {
  return hashOf(entity) % shards;
}
