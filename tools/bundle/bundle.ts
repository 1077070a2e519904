/** One file of many: the sources of the program and the packages that they use. */
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { rolldown, type Plugin } from "rolldown";

/** They bring machine code or look for files beside their own. */
const LEFT_OUT = [
  "@ennuicastr/webrtcaec3.js",
  "@homebridge/ciao",
  "classic-level",
  "libopus-wasm",
  "msgpackr-extract",
  "node-llama-cpp",
  "onnxruntime-node",
  "sherpa-onnx-node",
];

/** What is made into one file. */
export interface Program {
  /** Relative to the checkout. Default: the peer. */
  readonly input?: string;
  /** Lines of sources that are others in it: for tests, which need peers of several versions. */
  readonly changed?: readonly ChangedLine[];
}

export interface ChangedLine {
  /** Relative to the checkout. */
  readonly source: string;
  readonly from: string;
  readonly to: string;
}

/**
 * @param makeFolder makes an empty folder beside which the result will stand
 * @param cache the folder above it
 * @param input the program's first source; those of another build, changed
 * @returns the folder, in which `main.js` is the program
 * @throws Error of rolldown for sources that cannot be read
 */
export async function bundle(
  root: string,
  makeFolder: () => string,
  cache: string,
  { input = join("packages", "node", "src", "main.ts"), changed = [] }: Program = {},
): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const build = await rolldown({
    input: { main: join(root, input) },
    platform: "node",
    resolve: { conditionNames: ["parley-source", "node", "import", "default"] },
    external: LEFT_OUT,
    logLevel: "silent",
    plugins: [changes(root, changed), placesOfSources(root, join(cache, "any")), plainOrder(), onlyAscii()],
  });
  const folder = makeFolder();
  await build.write({
    dir: folder,
    format: "esm",
    // Names stay: they are what an error's stack has to tell.
    minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
  });
  await build.close();
  return folder;
}

/** @throws Error of rolldown when a line is not there exactly once */
function changes(root: string, changed: readonly ChangedLine[]): Plugin {
  const bySource = Map.groupBy(changed, ({ source }) => join(root, source));
  const seen = new Set<string>();
  return {
    name: "changes",
    transform: {
      filter: { id: /\.ts$/ },
      handler: (given, id) => {
        const lines = bySource.get(id);
        if (lines === undefined) return undefined;
        seen.add(id);
        return {
          code: lines.reduce((code, { from, to }) => {
            if (code.split(from).length !== 2) throw new Error(`"${from}" is not once in ${id}`);
            return code.replace(from, () => to);
          }, given),
        };
      },
    },
    buildEnd: () => {
      for (const id of bySource.keys()) if (!seen.has(id)) throw new Error(`${id} is no part of the program`);
    },
  };
}

/** What a source finds beside itself, such as the program of an engine's process, is still found there. */
function placesOfSources(root: string, folder: string): Plugin {
  return {
    name: "places-of-sources",
    transform: {
      filter: { id: /[\\/]packages[\\/][^\\/]+[\\/]src[\\/].*\.ts$/, code: "import.meta.url" },
      handler: (code, id) => {
        if (!id.startsWith(root)) return undefined;
        const path = relative(folder, id).replaceAll("\\", "/");
        return { code: code.replaceAll("import.meta.url", `new URL(${JSON.stringify(path)}, import.meta.url).href`) };
      },
    },
  };
}

/**
 * libp2p's peer store sorts names and addresses as people of a language would, for which each process reads 3 MB of rules. It is there
 * for lists to be equal when their items are: the order of their characters does that as well.
 */
function plainOrder(): Plugin {
  return {
    name: "plain-order",
    transform: {
      filter: { id: /[\\/]@libp2p[\\/]peer-store[\\/]/, code: ".localeCompare(" },
      handler: (code) => {
        return {
          code: code.replaceAll(/return (a\S*)\.localeCompare\((b\S*)\);/g, "return $1 < $2 ? -1 : Number($1 > $2);"),
        };
      },
    },
  };
}

/** V8 keeps the text of a program, at two bytes a character if but one of them takes more than seven bits. */
function onlyAscii(): Plugin {
  return {
    name: "only-ascii",
    generateBundle: (_options, files) => {
      for (const file of Object.values(files)) {
        if (file.type === "chunk") file.code = file.code.replaceAll(/[^\0-\x7f]/g, escaped);
      }
    },
  };
}

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`)
    .join("");
}
