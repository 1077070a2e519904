/** What an engine host inherits: enough to find its libraries, and nothing that is secret. */

/**
 * What keeps native code from telling its makers about this machine. onnxruntime's builds for Linux and macOS do since 1.29, unless
 * this is in the environment before the runtime begins (its docs/Privacy.md); it then makes no number for the machine either.
 */
export const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: "1" } as const;

const INHERITED =
  /^(PATH|HOME|TMPDIR|TEMP|TMP|LANG|LC_.*|TZ|PWD|LD_LIBRARY_PATH|DYLD_.*|XDG_.*|USERPROFILE|APPDATA|LOCALAPPDATA|SYSTEMROOT|WINDIR|PROGRAM.*|NUMBER_OF_PROCESSORS|OMP_.*|ORT_.*|GGML_.*|LLAMA_.*|NODE_LLAMA_CPP_.*|CUDA_.*|HIP_.*|ROCR_.*|VK_.*)$/i;

/**
 * The variables of `parent` that engines need, `extra`, and {@link NO_TELEMETRY}, which neither of them undoes. API keys and tokens stay with the parent: an engine is
 * native code that parses files from elsewhere.
 */
export function childEnvironment(
  parent: NodeJS.ProcessEnv,
  extra: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  const inherited = Object.entries(parent).filter(([name]) => INHERITED.test(name));
  return { ...Object.fromEntries(inherited), ...extra, ...NO_TELEMETRY };
}

/** Of `execArgv` the export conditions, so that a peer run from its sources has its hosts run from sources too. */
export function inheritedExecArgv(execArgv: readonly string[]): string[] {
  return execArgv.flatMap((argument, index) => {
    if (/^(--conditions|-C)=/.test(argument)) return [argument];
    const value = execArgv[index + 1];
    return /^(--conditions|-C)$/.test(argument) && value !== undefined ? [argument, value] : [];
  });
}
