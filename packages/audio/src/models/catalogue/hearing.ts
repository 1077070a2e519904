/** Models that hear: voice activity and speech to text. */
import type { ModelEntry, ModelFile } from "../types.ts";
import { LICENCES } from "./licences.ts";

const VAD_WEB = "@ricky0123/vad-web";
const MOONSHINE_JS = "@moonshine-ai/moonshine-js";
const LLAMA_TOKENIZER = "llama-tokenizer-js";

const ZIPFORMER =
  "https://huggingface.co/csukuangfj/sherpa-onnx-streaming-zipformer-en-20M-2023-02-17/resolve/d42f2d9f7ca24806fb667456a18a9f1b60f70d16";

/** Sizes and sums as the publisher's own repository states them; the files could not be had here to be measured. */
const ZIPFORMER_FILES: readonly ModelFile[] = [
  {
    path: "encoder-epoch-99-avg-1.int8.onnx",
    bytes: 42_845_182,
    sha256: "3810755ce7c3ab26b42a8bcf39d191308fa27fb0f53358823ba46141d03b7eb3",
  },
  {
    path: "decoder-epoch-99-avg-1.onnx",
    bytes: 2_092_272,
    sha256: "45a7f940ecfb53d89fa270ad11b88b961e53a317203eb24b1c8e95ed208b0f30",
  },
  {
    path: "joiner-epoch-99-avg-1.int8.onnx",
    bytes: 259_572,
    sha256: "e085d73b593cf9b0707f370dbd656d58327d3fe36d80d849202ef81df02cb01e",
  },
  { path: "tokens.txt", bytes: 5048, sha256: "49e3c2646595fd907228b3c6787069658f67b17377c60aeb8619c4551b2316fb" },
];

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
  {
    name: "zipformer-streaming-en-20m-q8",
    kind: "stt",
    title: "Streaming Zipformer, 20 million parameters, English, 8-bit: hears while somebody speaks",
    streams: true,
    languages: ["en"],
    voices: [],
    licence: LICENCES.zipformer,
    needs: [],
    files: ZIPFORMER_FILES,
    sources: [
      {
        type: "https",
        label: "Hugging Face csukuangfj",
        files: ZIPFORMER_FILES.map(({ path }) => ({ path, url: `${ZIPFORMER}/${path}` })),
      },
    ],
  },
];
