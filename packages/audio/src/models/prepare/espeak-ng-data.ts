import { AudioError } from "../../errors.ts";
import type { Made, Member } from "./made.ts";

/** One row of the file table that Emscripten's packager writes into the loader script. */
const ROW = /\{filename:"\/usr\/share\/espeak-ng-data\/([^"]+)",start:(\d+),end:(\d+)\}/g;

/**
 * The files of `espeak-ng-data` out of an Emscripten build of eSpeak NG: `espeak-ng.js` holds the table,
 * `espeak-ng.data` the bytes of all files after one another.
 * @throws AudioError `model-corrupt` when a row points outside the data or there is no table.
 */
export function espeakNgData(members: readonly Member[]): Made {
  const script = members.find(({ member }) => member.endsWith(".js"))?.content.toString("latin1") ?? "";
  const data = members.find(({ member }) => member.endsWith(".data"))?.content ?? Buffer.alloc(0);
  const files = new Map<string, Buffer>();
  for (const [, path = "", start = "", end = ""] of script.matchAll(ROW)) {
    const [from, to] = [Number(start), Number(end)];
    if (from > to || to > data.length) throw corrupt(`${path} lies outside the data file`);
    files.set(path, data.subarray(from, to));
  }
  if (files.size === 0) throw corrupt("the loader script holds no file table");
  return files;
}

function corrupt(what: string): AudioError {
  return new AudioError("model-corrupt", `eSpeak NG data: ${what}`, {
    nextStep: "This package is not the one the catalogue means; report it.",
  });
}
