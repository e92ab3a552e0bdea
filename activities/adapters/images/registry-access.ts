// What must skopeo know about registries for one call: mirrors, which of them are insecure, and what to sign in with?

import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../../config-schema/settings.ts';
import type { RegistryLogin } from '../../builder/image-store.ts';
import { runFolder } from '../lxc/ranges.ts';

export type RegistrySettings = Pick<Settings, 'registryMirrors' | 'insecureRegistries' | 'registryLogins' | 'registryAuthFile'>;

/**
 * Calls `action` with descriptors of two files without a name: a job's credentials are in no argument, no environment, and gone with
 * the processes that hold them open, however those end.
 */
export async function withRegistryFiles<T>(settings: RegistrySettings, host: string, login: RegistryLogin | null, action: (files: { registries: number; auth: number }) => Promise<T>): Promise<T> {
  const given = settings.registryAuthFile === null ? {} : readAuthFile(settings.registryAuthFile);
  const registries = namelessFile(registriesConf(settings));
  const auth = namelessFile(JSON.stringify(authJson(given, settings, host, login)));
  try {
    return await action({ registries, auth });
  } finally {
    closeSync(registries);
    closeSync(auth);
  }
}

/** As in containers-registries.conf(5). */
export function registriesConf({ registryMirrors, insecureRegistries }: Pick<RegistrySettings, 'registryMirrors' | 'insecureRegistries'>): string {
  const insecure = (location: string): boolean => insecureRegistries.includes(location.split('/')[0]!.toLowerCase());
  const place = (location: string): string => `location = ${JSON.stringify(location)}\ninsecure = ${insecure(location)}\n`;
  return [...new Set([...insecureRegistries, ...Object.keys(registryMirrors)])]
    .map((host) => `[[registry]]\n${place(host)}${Object.hasOwn(registryMirrors, host) ? `[[registry.mirror]]\n${place(registryMirrors[host]!)}` : ''}`)
    .join('\n');
}

/** As in containers-auth.json(5), which Docker's config.json is, too. */
export type AuthFile = { auths?: Record<string, object>; credHelpers?: Record<string, string>; credsStore?: string };

export function authJson(given: AuthFile, { registryLogins }: Pick<RegistrySettings, 'registryLogins'>, host: string, login: RegistryLogin | null): AuthFile {
  const logins = { ...registryLogins, ...(login ? { [host]: login } : {}) };
  // Where we know a login, nothing else of the operator's may take its place: neither a helper nor a narrower entry such as HOST/NAME.
  const isOurs = (key: string): boolean => Object.hasOwn(logins, hostOfKey(key));
  const others = <T>(entries: Record<string, T> | undefined): Record<string, T> => Object.fromEntries(Object.entries(entries ?? {}).filter(([key]) => !isOurs(key)));
  const ours = Object.entries(logins).map(([key, { username, password }]) => [key, { auth: Buffer.from(`${username}:${password}`).toString('base64') }]);
  return { auths: { ...others(given.auths), ...Object.fromEntries(ours) }, credHelpers: others(given.credHelpers), ...(given.credsStore && !login ? { credsStore: given.credsStore } : {}) };
}

/** Docker writes `https://index.docker.io/v1/` for its own. */
function hostOfKey(key: string): string {
  const host = key.replace(/^https?:\/\//, '').split('/')[0]!.toLowerCase();
  return host === 'index.docker.io' ? 'docker.io' : host;
}

function readAuthFile(file: string): AuthFile {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as AuthFile;
  } catch (error) {
    // The parser's own words would quote the file.
    throw new Error(`ROUNDHOUSE_REGISTRY_AUTH_FILE: ${file} cannot be read as JSON${(error as NodeJS.ErrnoException).code === undefined ? '' : ` (${(error as NodeJS.ErrnoException).code})`}. Correct it, or remove the setting.`);
  }
}

function namelessFile(content: string): number {
  mkdirSync(runFolder, { recursive: true });
  const folder = mkdtempSync(join(runFolder, 'call-'));
  try {
    const file = openSync(join(folder, 'file'), 'wx+', 0o600);
    // Its name goes before its content comes.
    rmSync(folder, { recursive: true });
    writeSync(file, content);
    return file;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
