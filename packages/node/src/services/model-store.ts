/** The model store that a configuration asks for. */
import { existsSync } from "node:fs";
import { createModelStore, type ModelStore } from "@parley/audio/models";
import type { Config } from "../config/index.ts";
import { PeerError } from "../errors.ts";

/** @throws PeerError `config-invalid` for a models folder that is not there: a slip in its name would cost a download. */
export function modelStoreFor(config: Config): ModelStore {
  const { folder } = config.models;
  if (folder !== "" && !existsSync(folder)) {
    throw new PeerError("config-invalid", `the models folder ${folder} is not there`, {
      nextStep: "Correct PARLEY_MODELS, models.folder or --models-folder, or leave it out.",
    });
  }
  return createModelStore({
    cacheFolder: config.models.cache,
    folders: config.models.folder === "" ? [] : [config.models.folder],
    download: config.models.download,
    registryUrl: config.models.registry,
  });
}
