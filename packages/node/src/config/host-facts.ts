/** What defaults depend on: this machine and this user, and where each platform wants programs to keep things. */
import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** This machine and this user, as far as the configuration cares. */
export interface HostFacts {
  readonly platform: NodeJS.Platform;
  readonly hostname: string;
  readonly cores: number;
  readonly userFolder: string;
  /** Parley's folder where this user's programs keep data. */
  readonly dataFolder: string;
  /** Parley's folder where this user's programs keep their configuration. */
  readonly configFolder: string;
  readonly npmRegistry: string;
}

/** The registry npm uses when nobody says otherwise. */
export const PUBLIC_NPM_REGISTRY = "https://registry.npmjs.org";

/** The facts of the machine this process runs on. */
export function hostFacts(env: Environment): HostFacts {
  // An empty HOME is no folder; the password file knows better.
  const userFolder = os.homedir() || os.userInfo().homedir;
  return {
    platform: process.platform,
    hostname: os.hostname(),
    cores: os.availableParallelism(),
    userFolder,
    ...userFolders(process.platform, userFolder, env),
    npmRegistry: npmRegistry(env, readIfThere(env["npm_config_userconfig"] ?? path.join(userFolder, ".npmrc"))),
  };
}

/**
 * Parley's data and configuration folders. Linux and other Unixes: the XDG Base Directory Specification, which says
 * that relative paths are to be ignored. macOS: Application Support. Windows: local and roaming application data.
 */
export function userFolders(
  platform: NodeJS.Platform,
  userFolder: string,
  env: Environment,
): Pick<HostFacts, "dataFolder" | "configFolder"> {
  const paths = platform === "win32" ? path.win32 : path.posix;
  const folder = (name: string, ...fallback: readonly string[]) => {
    const given = env[name];
    return given !== undefined && paths.isAbsolute(given) ? given : paths.join(userFolder, ...fallback);
  };
  if (platform === "win32") {
    return {
      dataFolder: paths.join(folder("LOCALAPPDATA", "AppData", "Local"), "Parley"),
      configFolder: paths.join(folder("APPDATA", "AppData", "Roaming"), "Parley"),
    };
  }
  if (platform === "darwin") {
    const support = paths.join(userFolder, "Library", "Application Support", "Parley");
    return { dataFolder: support, configFolder: support };
  }
  return {
    dataFolder: paths.join(folder("XDG_DATA_HOME", ".local", "share"), "parley"),
    configFolder: paths.join(folder("XDG_CONFIG_HOME", ".config"), "parley"),
  };
}

/**
 * The registry npm is set to: `npm_config_registry` (npm sets it for its scripts, in any case for people), then the
 * user's npmrc, then the public one. Anything but an http(s) address without credentials is passed over.
 */
export function npmRegistry(env: Environment, npmrc: string | undefined): string {
  const fromEnv = Object.entries(env).find(([name]) => name.toLowerCase() === "npm_config_registry")?.[1];
  const fromFile = npmrc?.match(/^\s*registry\s*=\s*(\S+)\s*$/m)?.[1];
  return [fromEnv, fromFile].find((url) => url !== undefined && isPlainWebUrl(url)) ?? PUBLIC_NPM_REGISTRY;
}

function isPlainWebUrl(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed !== undefined && /^https?:$/.test(parsed.protocol) && parsed.username + parsed.password === "";
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // No npmrc, or none that this user may read: npm itself then goes by its defaults.
    return undefined;
  }
}
