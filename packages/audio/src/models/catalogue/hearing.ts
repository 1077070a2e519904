/** Models that hear: voice activity and speech to text. */
import type { ModelEntry } from "../types.ts";
import { LICENCES } from "./licences.ts";

const VAD_WEB = "@ricky0123/vad-web";
const MOONSHINE_JS = "@moonshine-ai/moonshine-js";
const LLAMA_TOKENIZER = "llama-tokenizer-js";

export const HEARING: readonly ModelEntry[] = [
  {
    name: "silero-v5",
    kind: "vad",
    title: "Silero voice activity detector, version 5",
    languages: [],
    voices: [],
    licence: LICENCES.silero,
    needs: [],
    files: [
      {
        path: "silero_vad_v5.onnx",
        bytes: 2_327_524,
        sha256: "2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f",
      },
    ],
    sources: [
      {
        type: "https",
        label: "GitHub snakers4/silero-vad",
        files: [
          {
            path: "silero_vad_v5.onnx",
            url: "https://raw.githubusercontent.com/snakers4/silero-vad/v5.1.2/src/silero_vad/data/silero_vad.onnx",
          },
        ],
      },
      {
        type: "npm",
        label: `npm ${VAD_WEB}`,
        packages: [
          {
            name: VAD_WEB,
            version: "0.0.31",
            bytes: 5_471_324,
            sha256: "d1a211cf1a2ed26297da52cc08de79e75d79838a274bfc6de546feb1f828c940",
          },
        ],
        recipe: [
          {
            step: "join",
            to: "silero_vad_v5.onnx",
            parts: [{ package: VAD_WEB, member: "dist/silero_vad_v5.onnx", bytes: 2_327_524 }],
          },
        ],
      },
    ],
  },
  {
    name: "moonshine-tiny-en-q8",
    kind: "stt",
    title: "Moonshine tiny, English, 8-bit",
    languages: ["en"],
    voices: [],
    licence: LICENCES.moonshine,
    needs: [],
    files: [
      {
        path: "encoder_model.onnx",
        bytes: 7_937_661,
        sha256: "c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a",
      },
      {
        path: "decoder_model_merged.onnx",
        bytes: 20_243_286,
        sha256: "eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367",
      },
      {
        path: "tokens.txt",
        bytes: 549_350,
        sha256: "2870d843e14c1e187bf1913a521562a63b53933814bd7f2145120468f494a049",
      },
    ],
    sources: [
      {
        type: "npm",
        label: `npm ${MOONSHINE_JS}`,
        packages: [
          {
            name: MOONSHINE_JS,
            version: "0.1.29",
            bytes: 21_514_347,
            sha256: "864e17a00ed494857c71693e835306fa038e0f82002c76e3056d67d574e1c2d8",
          },
          {
            name: LLAMA_TOKENIZER,
            version: "1.2.2",
            bytes: 388_950,
            sha256: "ee83014ac8b379b16cf8d81e99ffcdb23dfade8c0d2e751bd06e7dc0b8476e72",
          },
        ],
        recipe: [
          ...["encoder_model.onnx", "decoder_model_merged.onnx"].map((file, index) => ({
            step: "join" as const,
            to: file,
            parts: [
              {
                package: MOONSHINE_JS,
                member: `dist/model/tiny/quantized/${file}`,
                bytes: index === 0 ? 7_937_661 : 20_243_286,
              },
            ],
          })),
          {
            step: "prepare",
            with: "moonshine-tokens",
            from: [{ package: LLAMA_TOKENIZER, member: "llama-tokenizer.js", bytes: 676_487 }],
          },
        ],
      },
    ],
  },
];
