/** The schema, and what a valid configuration is. */
export { OTHER_ENVIRONMENT } from "./schema.ts";
export type { Config, SettingKey } from "./schema.ts";
export type { DefaultFacts, SettingValue } from "./setting.ts";
/** Where clients come in. */
export { clientAccessOf } from "./access-lists.ts";
export type { ClientAccess } from "./access-lists.ts";
export { isHostName, isOwnMachine, plainAddress } from "./access-schema.ts";
/** Where a peer is, as a person writes it. */
export { readPeerAddress } from "./peer-address.ts";
export type { PeerAddress } from "./peer-address.ts";
/** What the settings of the cluster say. */
export { joinListOf, rolesOf, wakeWordsOf } from "./cluster-lists.ts";
export type { Role } from "./cluster-schema.ts";
export type { WakeInput, WakeWordSetting } from "./ears-schema.ts";
export { hotWordsOf } from "./hot-words.ts";
export { givenJoinSecret } from "./join-secret.ts";
/** The settings as a list. */
export { SECTIONS, SETTINGS, findSetting, flagName, toToml } from "./settings.ts";
export type { Section, Setting } from "./settings.ts";
/** Where values come from. */
export { placeText } from "./places.ts";
export type { ConfigProblem, Origin, Origins, Place } from "./places.ts";
/** Loading: pure, and from this machine. */
export { loadConfig } from "./load.ts";
export type { ConfigSources, FlagValues, LoadResult, LoadedConfig } from "./load.ts";
export { CONFIG_FILE_NAME, configFileFor, readConfig } from "./read.ts";
export type { ConfigRequest, ReadConfig } from "./read.ts";
export type { ConfigValues } from "./values.ts";
export { hostFacts } from "./host-facts.ts";
export type { HostFacts } from "./host-facts.ts";
/** What lives under home. */
export { homePaths, prepareHome } from "./paths.ts";
export { lockHome } from "./home-lock.ts";
export type { HomeLock } from "./home-lock.ts";
export type { HomePaths } from "./paths.ts";
/** The settings as a commented file and as a reference page. */
export { renderReference, renderTemplate } from "./render.ts";
