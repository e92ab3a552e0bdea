// What holds, of all that an operator has set?

import { nearest } from './nearest.ts';
import { dataOf, NoHome, none, settings } from './settings-table.ts';
import type { Env, Machine, Setting, Settings } from './settings-table.ts';

export type { Env, Machine, Settings } from './settings-table.ts';

/** Settings from the environment, else from the parsed roundhouse.yml (null when there is none), else by default; or every fault as a sentence. */
export function resolveSettings(env: Env, file: unknown, machine: Machine): { settings: Settings } | { errors: string[] } {
  const errors: string[] = [];
  const given = readFile(file, errors);
  const resolved: Record<string, unknown> = {};
  for (const [key, setting] of allSettings) {
    try {
      resolved[key] = resolve(key, setting, env, given, errors) ?? setting.fallback.value(resolved, env, machine);
    } catch (error) {
      if (!(error instanceof NoHome)) throw error;
      errors.push(`${setting.env}: HOME is not set, so there is no place for it. Set ${setting.env} to an absolute path.`);
    }
  }
  if (errors.length === 0) errors.push(...contradictions(resolved as Settings));
  return errors.length > 0 ? { errors } : { settings: resolved as Settings };
}

/** The data folder alone, to find roundhouse.yml in it. Undefined where there is no home: resolveSettings has the sentence. */
export function dataFolder(env: Env, machine: Machine): string | undefined {
  try {
    return env['ROUNDHOUSE_DATA'] || dataOf({}, env, machine);
  } catch (error) {
    if (error instanceof NoHome) return undefined;
    throw error;
  }
}

const allSettings = Object.entries(settings) as [string, Setting<unknown>][];

const fileKey = (key: string, setting: Setting<unknown>): string | null => (setting.file === undefined ? key : setting.file);

function readFile(file: unknown, errors: string[]): Record<string, unknown> {
  if (file === null || file === undefined) return {};
  if (typeof file !== 'object' || Array.isArray(file)) {
    errors.push('roundhouse.yml: must be a map of settings. Write for example `port: 3000`.');
    return {};
  }
  const known = allSettings.flatMap(([key, setting]) => fileKey(key, setting) ?? []);
  for (const key of Object.keys(file)) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    errors.push(`roundhouse.yml ${key}: there is no such setting.${meant === undefined ? '' : ` Did you mean ${meant}?`} Remove it, or see the table of settings.`);
  }
  return file as Record<string, unknown>;
}

/** An empty variable is one that is not set, as is a key without a value. */
function resolve(key: string, setting: Setting<unknown>, env: Env, file: Record<string, unknown>, errors: string[]): unknown {
  const inFile = fileKey(key, setting);
  const fromEnv = setting.env === null ? undefined : env[setting.env] || undefined;
  const fromFile = inFile === null || !Object.hasOwn(file, inFile) ? undefined : (file[inFile] ?? undefined);
  const value = fromEnv ?? fromFile;
  if (value === undefined) return undefined;
  const result = setting.kind.schema.safeParse(value);
  if (result.success) return result.data;
  const where = fromEnv === undefined ? `roundhouse.yml ${inFile}` : setting.env;
  const part = result.error.issues[0]?.path.join('.');
  const is = setting.isSecret || typeof value === 'object' ? '' : `, is ${JSON.stringify(value)}`;
  const remedy = setting.fallback.words === none ? 'Correct it, or remove it.' : `Correct it, or remove it for the default: ${setting.fallback.words.replaceAll('`', '')}.`;
  errors.push(`${where}${part ? ` (${part})` : ''}: must be ${setting.kind.words}${is}. ${remedy}`);
  return undefined;
}

function contradictions({ classes, defaultClass, temporalTls, ...rest }: Settings): string[] {
  const { temporalTlsClientCertPath: cert, temporalTlsClientKeyPath: key } = rest;
  return [
    !Object.hasOwn(classes, defaultClass) && `ROUNDHOUSE_DEFAULT_CLASS: there is no class ${defaultClass}. Name one of ${Object.keys(classes).join(', ')}, or add it to classes in roundhouse.yml.`,
    (cert === null) !== (key === null) && `${cert === null ? 'TEMPORAL_TLS_CLIENT_CERT_PATH' : 'TEMPORAL_TLS_CLIENT_KEY_PATH'}: is missing; certificate and key belong together. Set both, or neither.`,
    rest.kek !== null && rest.kekCommand !== null && 'ROUNDHOUSE_KEK: is set, and so is ROUNDHOUSE_KEK_COMMAND; the key-encryption key comes from one place. Remove one of the two.',
    temporalTls === false && cert !== null && 'TEMPORAL_TLS: is false, but there is a client certificate. Remove one of the two.',
  ].filter((sentence) => sentence !== false);
}

/** An environment for processes that have no use for the secrets of the app. */
export const withoutAppSecrets = (env: Env): Env => {
  const names = new Set(allSettings.flatMap(([, { scope, isSecret, env: name }]) => (scope === 'app' && isSecret && name !== null ? [name] : [])));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name)));
};

/** What may be written down of the settings of a process: no secret, and nothing that is not set. */
export const shownSettings = (resolved: Settings): Record<string, unknown> =>
  Object.fromEntries(allSettings.flatMap(([key, { isSecret }]) => (isSecret || resolved[key as keyof Settings] === null ? [] : [[key, resolved[key as keyof Settings]]])));

/** The table of the documentation, as Markdown. */
export function settingsTable(): string {
  const code = (name: string | null): string => (name === null ? '–' : `\`${name}\``);
  const cells = ([key, setting]: [string, Setting<unknown>]): string[] => [code(setting.env), code(fileKey(key, setting)), setting.scope, setting.fallback.words, setting.meaning];
  const rows = allSettings.map((entry) => `| ${cells(entry).map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return ['| environment | roundhouse.yml | scope | default | meaning |', '|---|---|---|---|---|', ...rows, ''].join('\n');
}
