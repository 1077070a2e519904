/** The words of the model catalogue. */

export type ModelKind = "stt" | "tts" | "vad" | "llm" | "wake" | "embed" | "data";

/** SPDX identifier plus what it means for use. Shown before anything is fetched. */
export interface Licence {
  readonly spdx: string;
  /** Where the licence text or statement stands. */
  readonly url: string;
  /** `free`: any use. `copyleft-data`: GPL data, read by a library, never linked. `non-commercial`: never a default. */
  readonly use: "free" | "copyleft-data" | "non-commercial";
}

/** One file of a model as it must stand on disk. */
export interface ModelFile {
  /** Path inside the model's folder, `/` separated. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** A model as the catalogue knows it. */
export interface ModelEntry {
  /** Folder name, unique in the catalogue, such as `moonshine-tiny-en-q8`. */
  readonly name: string;
  readonly kind: ModelKind;
  readonly title: string;
  /** BCP 47. */
  readonly languages: readonly string[];
  readonly voices: readonly string[];
  readonly licence: Licence;
  readonly files: readonly ModelFile[];
  /** Names of other entries this one needs (Kokoro needs the espeak-ng data). */
  readonly needs: readonly string[];
  /** Tried in order; the first whose result matches every sha256 wins. Empty: only from a folder the owner gives. */
  readonly sources: readonly ModelSource[];
}

/** Where a model's files can be had. */
export type ModelSource = HttpsSource | NpmSource;

/** Plain files at URLs; `from[i]` yields `files[i]`-style pairs by path. */
export interface HttpsSource {
  readonly type: "https";
  /** For people: "Hugging Face", "sherpa-onnx releases". */
  readonly label: string;
  readonly files: readonly { readonly path: string; readonly url: string }[];
}

/** Members of registry tarballs, made into the model's files by a recipe. */
export interface NpmSource {
  readonly type: "npm";
  readonly label: string;
  readonly packages: readonly NpmPackage[];
  readonly recipe: readonly RecipeStep[];
}

/** One tarball: what to fetch, how big it is, and what it must hash to. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** Bytes of the tarball, for the announcement before a download. */
  readonly bytes: number;
  /** Lower-case hex sha256 of the tarball. */
  readonly sha256: string;
}

/** How a file is made from tarball members. Paths inside a tarball are without the leading `package/`. */
export type RecipeStep =
  /** One file from parts joined in order; a part may be a slice `[start, end)` of its member, in bytes. */
  | {
      readonly step: "join";
      readonly to: string;
      readonly parts: readonly { readonly package: string; readonly member: string; readonly slice?: readonly [number, number] }[];
      /** Appended at the end, such as ONNX metadata_props. */
      readonly append?: PrepareName;
    }
  /** Output made by a named function of `prepare/`, when copying is not enough. */
  | { readonly step: "prepare"; readonly with: PrepareName; readonly from: readonly { readonly package: string; readonly member: string }[] };

/** The prepare functions; each is a small pure module under `models/prepare/`. */
export type PrepareName =
  | "moonshine-tokens"
  | "kokoro-onnx-metadata"
  | "kokoro-tokens"
  | "espeak-ng-data"
  | "llama2c-to-gguf";

/** A model that stands complete in one folder. */
export interface InstalledModel {
  readonly entry: ModelEntry;
  /** Absolute path of the folder that holds `entry.files`. */
  readonly folder: string;
  /** Who put it there. */
  readonly origin: "folder" | "cache";
}

/** Progress of one model's fetch. */
export interface FetchProgress {
  readonly model: string;
  readonly phase: "waiting" | "downloading" | "verifying" | "preparing" | "done";
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Bytes per second over the last few seconds; 0 until known. */
  readonly bytesPerSecond: number;
  /** Seconds left at that rate; null until known. */
  readonly secondsLeft: number | null;
}

/** What `verify` found. */
export interface VerifyReport {
  readonly model: string;
  readonly folder: string;
  readonly ok: boolean;
  readonly problems: readonly { readonly path: string; readonly problem: "missing" | "wrong-size" | "wrong-sha256" | "unreadable" }[];
}

/** The model store: one per process, over folders the owner gave and one cache folder. */
export interface ModelStore {
  readonly catalogue: readonly ModelEntry[];
  /** Complete in a folder or in the cache, sizes checked (hashes only by {@link verify}); undefined when not. */
  find(name: string): Promise<InstalledModel | undefined>;
  /** Every catalogue entry with where it stands, if anywhere. */
  list(): Promise<readonly { readonly entry: ModelEntry; readonly installed: InstalledModel | undefined }[]>;
  /** Bytes that {@link ensure} would download for `name` and what it needs; 0 when all is there. */
  downloadBytes(name: string): Promise<number>;
  /**
   * Finds or fetches a model and what it needs. However many processes ask, one downloads and the others wait.
   * @throws AudioError `model-unknown`, `models-refused`, `download-failed`, `disk-full`, `job-cancelled`.
   */
  ensure(name: string, options?: { readonly signal?: AbortSignal; readonly onProgress?: (progress: FetchProgress) => void }): Promise<InstalledModel>;
  /** Hashes every file. */
  verify(name: string, options?: { readonly signal?: AbortSignal }): Promise<VerifyReport>;
  /** Removes it from the cache, partial downloads too. Folders the owner gave are never touched. True when something was removed. */
  remove(name: string): Promise<boolean>;
}
