/** A registry made in the test: tarballs, and packuments that name them. */
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import type { Header } from "tar-stream";
import type { NpmPackage } from "../../../src/models/index.ts";
import { sha256 } from "./models.ts";
import type { Behaviour, UnrulyServer } from "./unruly-server.ts";

export type TarEntry = Partial<Header> & { readonly name: string; readonly content?: Buffer };

/** A gzipped tarball. */
export async function tarballOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = Buffer.alloc(0), ...header } of entries) tar.entry(header, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("tar-stream gave something else than bytes");
    chunks.push(Buffer.from(chunk));
  }
  return gzipSync(Buffer.concat(chunks));
}

/** Members of an npm package, by their path without `package/`. */
export function npmTarball(members: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  return tarballOf(Object.entries(members).map(([path, content]) => ({ name: `package/${path}`, content })));
}

/** Publishes a tarball where every registry has it; returns what the catalogue says of it. */
export function publish(
  server: UnrulyServer,
  name: string,
  tarball: Buffer,
  ...behaviours: readonly Behaviour[]
): NpmPackage {
  server.serve(`/${name}/-/${name.split("/").at(-1)}-1.0.0.tgz`, tarball, ...behaviours);
  return { name, version: "1.0.0", bytes: tarball.length, sha256: sha256(tarball) };
}
