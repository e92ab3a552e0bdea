import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { defaultClasses } from '../../config-schema/classes.ts';
import { dataFolder, resolveSettings, settingsTable } from '../../config-schema/settings.ts';
import type { Settings } from '../../config-schema/settings.ts';
import { settings as rows } from '../../config-schema/settings-table.ts';

const root = { hostName: 'builder-1', isRoot: true };
const user = { hostName: 'My laptop', isRoot: false };

function settingsOf(env: Record<string, string | undefined>, file: unknown = null, machine = root): Settings {
  const resolved = resolveSettings(env, file, machine);
  if ('errors' in resolved) assert.fail(resolved.errors.join('\n'));
  return resolved.settings;
}

function errorsOf(env: Record<string, string | undefined>, file: unknown = null, machine = root): string[] {
  const resolved = resolveSettings(env, file, machine);
  return 'errors' in resolved ? resolved.errors : [];
}

test('with nothing set, everything has its default', () => {
  assert.partialDeepStrictEqual(settingsOf({}), {
    data: '/var/lib/roundhouse',
    cache: '/var/cache/roundhouse',
    logLevel: 'info',
    appId: null,
    privateKey: null,
    privateKeyPath: null,
    webhookSecret: null,
    githubClientId: null,
    githubClientSecret: null,
    gheHost: null,
    gheProtocol: 'https',
    host: '127.0.0.1',
    port: 3000,
    publicUrl: 'http://127.0.0.1:3000',
    operators: [],
    sessionDays: 30,
    anonymousReads: false,
    metricsToken: null,
    sshHost: '127.0.0.1',
    sshPort: 2222,
    temporalAddress: '127.0.0.1:7233',
    temporalNamespace: 'default',
    temporalApiKey: null,
    temporalTls: null,
    temporalTlsClientCertPath: null,
    temporalTlsClientKeyPath: null,
    temporalTlsServerCaCertPath: null,
    temporalTlsServerName: null,
    store: { kind: 'file', folder: '/var/lib/roundhouse/store' },
    s3Endpoint: null,
    s3Region: null,
    s3PathStyle: false,
    caBundle: null,
    payloadKeyFile: '/var/lib/roundhouse/payload.keys',
    kekFile: '/var/lib/roundhouse/kek.keys',
    kek: null,
    kekCommand: null,
    follow: 'all',
    configPaths: ['.circle.yml', '.circleci/config.yml'],
    classes: defaultClasses,
    defaultClass: 'medium',
    queueTimeoutSeconds: 1800,
    builderLostSeconds: 60,
    builderName: 'builder-1',
    builderState: '/var/lib/roundhouse/builder',
    appSsh: '127.0.0.1:2222',
    cpuOvercommit: 2,
    leaseSeconds: 30,
    allowPrivate: [],
  } satisfies Partial<Settings>);
  assert.deepEqual(Object.entries(settingsOf({})).filter(([, value]) => value === undefined), []);
});

test('a user who is not root keeps data and cache where XDG says', () => {
  const plain = settingsOf({ HOME: '/home/me' }, null, user);
  assert.deepEqual([plain.data, plain.cache, plain.store], ['/home/me/.local/share/roundhouse', '/home/me/.cache/roundhouse', { kind: 'file', folder: '/home/me/.local/share/roundhouse/store' }]);
  assert.equal(plain.builderName, 'My-laptop');
  const xdg = settingsOf({ HOME: '/home/me', XDG_DATA_HOME: '/data/', XDG_CACHE_HOME: 'relative' }, null, user);
  assert.deepEqual([xdg.data, xdg.cache], ['/data/roundhouse', '/home/me/.cache/roundhouse']);
  assert.deepEqual(errorsOf({ ROUNDHOUSE_CACHE: '/c' }, null, user), ['ROUNDHOUSE_DATA: HOME is not set, so there is no place for it. Set ROUNDHOUSE_DATA to an absolute path.']);
});

test('the data folder is found before its roundhouse.yml is read', () => {
  assert.equal(dataFolder({}, root), '/var/lib/roundhouse');
  assert.equal(dataFolder({ ROUNDHOUSE_DATA: '/x', HOME: '/h' }, user), '/x');
  assert.equal(dataFolder({ HOME: '/h' }, user), '/h/.local/share/roundhouse');
  assert.equal(dataFolder({}, user), undefined);
  for (const env of [{}, { ROUNDHOUSE_DATA: '/x' }]) assert.equal(dataFolder(env, root), settingsOf(env).data);
});

suite('a value', () => {
  type Row = [keyof Settings, Record<string, string>, Record<string, unknown>, unknown];
  const table: Row[] = [
    ['data', { ROUNDHOUSE_DATA: '/d' }, {}, '/d'],
    ['payloadKeyFile', { ROUNDHOUSE_DATA: '/d' }, {}, '/d/payload.keys'],
    ['kek', { ROUNDHOUSE_KEK: 'k1 AAAA' }, {}, 'k1 AAAA'],
    ['kekCommand', {}, { kekCommand: 'ask-kms ci' }, 'ask-kms ci'],
    ['port', { PORT: '8080' }, { port: 9090 }, 8080],
    ['port', { PORT: '' }, { port: 9090 }, 9090],
    ['port', {}, { port: '9090' }, 9090],
    ['port', {}, { port: null }, 3000],
    ['port', { PORT: '0' }, {}, 0],
    ['publicUrl', { HOST: '::1', PORT: '80' }, {}, 'http://[::1]:80'],
    ['publicUrl', { HOST: 'x', PORT: '80' }, { publicUrl: 'https://ci.example.org/' }, 'https://ci.example.org'],
    ['appId', {}, { appId: 12345 }, '12345'],
    ['appId', { APP_ID: 'Iv1.abc' }, {}, 'Iv1.abc'],
    ['privateKey', { PRIVATE_KEY: '-----BEGIN\nx\n-----END\n' }, {}, '-----BEGIN\nx\n-----END\n'],
    ['gheHost', { GHE_HOST: 'github.example.org:8443' }, {}, 'github.example.org:8443'],
    ['logLevel', {}, { logLevel: 'debug' }, 'debug'],
    ['temporalTls', { TEMPORAL_TLS: 'true' }, {}, true],
    ['temporalTls', {}, { temporalTls: false }, false],
    ['temporalAddress', { TEMPORAL_ADDRESS: '[::1]:7233' }, {}, '[::1]:7233'],
    ['store', { ROUNDHOUSE_STORE: 'file:/srv/store' }, {}, { kind: 'file', folder: '/srv/store' }],
    ['store', { ROUNDHOUSE_STORE: 's3://builds' }, {}, { kind: 's3', bucket: 'builds', prefix: '' }],
    ['store', {}, { store: 's3://builds.example/team/ci/' }, { kind: 's3', bucket: 'builds.example', prefix: 'team/ci/' }],
    ['s3Endpoint', { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_S3: 'http://b/' }, {}, 'http://b'],
    ['s3Endpoint', { AWS_ENDPOINT_URL: 'http://a' }, {}, 'http://a'],
    ['s3PathStyle', { AWS_ENDPOINT_URL: 'http://a' }, {}, true],
    ['s3PathStyle', { AWS_ENDPOINT_URL: 'http://a', ROUNDHOUSE_S3_PATH_STYLE: 'false' }, {}, false],
    ['queueTimeoutSeconds', { ROUNDHOUSE_QUEUE_TIMEOUT: '90s' }, { queueTimeout: '1h' }, 90],
    ['queueTimeoutSeconds', {}, { queueTimeout: '1.5h' }, 5400],
    ['allowPrivate', { ROUNDHOUSE_ALLOW_PRIVATE: '10.0.0.0/8, fd00::/8,' }, {}, ['10.0.0.0/8', 'fd00::/8']],
    ['allowPrivate', {}, { allowPrivate: ['192.168.1.0/24'] }, ['192.168.1.0/24']],
    ['configPaths', {}, { configPaths: ['ci.yml'] }, ['ci.yml']],
    ['cpuOvercommit', { ROUNDHOUSE_CPU_OVERCOMMIT: '1.5' }, {}, 1.5],
    ['leaseSeconds', {}, { leaseSeconds: 5 }, 5],
    ['builderName', { ROUNDHOUSE_BUILDER_NAME: 'b.1_x-y' }, {}, 'b.1_x-y'],
  ];
  for (const [key, env, file, expected] of table)
    test(`${key} from ${JSON.stringify(env)} and ${JSON.stringify(file)}`, () => assert.deepEqual(settingsOf(env, file)[key], expected));

  test('of classes is laid over the table that there is', () => {
    const GiB = 1024 ** 3;
    const { classes, defaultClass } = settingsOf({ ROUNDHOUSE_DEFAULT_CLASS: 'tiny' }, { classes: { medium: { memory: '8gb' }, tiny: { cpus: 0.5, memory: 536870912, pids: 100, disk: '1.5 GiB' }, '2xlarge+': null } });
    assert.deepEqual(classes['medium'], { ...defaultClasses['medium'], memoryBytes: 8 * GiB });
    assert.deepEqual(classes['tiny'], { cpus: 0.5, memoryBytes: GiB / 2, pids: 100, diskBytes: 1.5 * GiB });
    assert.equal('2xlarge+' in classes, false);
    assert.deepEqual(classes['large'], defaultClasses['large']);
    assert.equal(defaultClass, 'tiny');
  });
});

suite('a fault is a sentence', () => {
  const table: [Record<string, string>, unknown, string[]][] = [
    [{ PORT: 'x' }, null, ['PORT: must be a port from 1 to 65535, or 0 for any free one, is "x". Correct it, or remove it for the default: 3000.']],
    [{ PORT: '65536' }, null, ['PORT: must be a port from 1 to 65535, or 0 for any free one, is "65536". Correct it, or remove it for the default: 3000.']],
    [{}, { sshPort: 1.5 }, ['roundhouse.yml sshPort: must be a port from 1 to 65535, or 0 for any free one, is 1.5. Correct it, or remove it for the default: 2222.']],
    [{ TEMPORAL_ADDRESS: 'localhost' }, null, ['TEMPORAL_ADDRESS: must be HOST:PORT, is "localhost". Correct it, or remove it for the default: 127.0.0.1:7233.']],
    ...['s3:bucket', 's3://b', 's3://Bucket', 's3://bucket//a', 's3://bucket/a b', `s3://bucket/${'x'.repeat(121)}`, 'file:'].map((words): [Record<string, string>, unknown, string[]] => [{ ROUNDHOUSE_STORE: words }, null, [`ROUNDHOUSE_STORE: must be \`file:\` and a folder, or \`s3://BUCKET\` with a prefix perhaps, such as s3://builds/roundhouse, is "${words}". Correct it, or remove it for the default: file: with store in the data folder.`]]),
    [{ ROUNDHOUSE_POOL: 'zfs' }, null, ['ROUNDHOUSE_POOL: must be one of folder, btrfs, is "zfs". Correct it, or remove it for the default: folder.']],
    [{ ROUNDHOUSE_ALLOW_PRIVATE: '10.0.0.0/8,10.x' }, null, ['ROUNDHOUSE_ALLOW_PRIVATE (1): must be a list of networks such as 10.1.0.0/16, is "10.0.0.0/8,10.x". Correct it, or remove it for the default: none.']],
    [{ GHE_HOST: 'https://x' }, null, ['GHE_HOST: must be a host name or an address, is "https://x". Correct it, or remove it.']],
    [{}, { webhookSecret: ['hunter2'], privateKey: 12345 }, ['roundhouse.yml privateKey: must be a text. Correct it, or remove it.', 'roundhouse.yml webhookSecret: must be a text. Correct it, or remove it.']],
    [{}, { classes: { big: { cpus: 'many' } } }, ['roundhouse.yml classes (big.cpus): must be a map of classes, each with cpus, memory (such as 4gb), pids and disk. Correct it, or remove it for the default: those of the original.']],
    [{}, { classes: { medium: null } }, ['ROUNDHOUSE_DEFAULT_CLASS: there is no class medium. Name one of small, medium+, large, xlarge, 2xlarge, 2xlarge+, or add it to classes in roundhouse.yml.']],
    [{ ROUNDHOUSE_DEFAULT_CLASS: 'constructor' }, null, ['ROUNDHOUSE_DEFAULT_CLASS: there is no class constructor. Name one of small, medium, medium+, large, xlarge, 2xlarge, 2xlarge+, or add it to classes in roundhouse.yml.']],
    [{}, { prot: 1, ROUNDHOUSE_DATA: 1, data: '/x' }, [
      'roundhouse.yml prot: there is no such setting. Did you mean port? Remove it, or see the table of settings.',
      'roundhouse.yml ROUNDHOUSE_DATA: there is no such setting. Remove it, or see the table of settings.',
      'roundhouse.yml data: there is no such setting. Remove it, or see the table of settings.',
    ]],
    [{}, { kek: 'k1 AAAA' }, ['roundhouse.yml kek: there is no such setting. Remove it, or see the table of settings.']],
    [{}, ['port'], ['roundhouse.yml: must be a map of settings. Write for example `port: 3000`.']],
    [{ TEMPORAL_TLS_CLIENT_CERT_PATH: '/c' }, null, ['TEMPORAL_TLS_CLIENT_KEY_PATH: is missing; certificate and key belong together. Set both, or neither.']],
    [{ ROUNDHOUSE_KEK: `k1 ${'A'.repeat(43)}=`, ROUNDHOUSE_KEK_COMMAND: 'print-it' }, null, ['ROUNDHOUSE_KEK: is set, and so is ROUNDHOUSE_KEK_COMMAND; the key-encryption key comes from one place. Remove one of the two.']],
    [{ TEMPORAL_TLS: 'false', TEMPORAL_TLS_CLIENT_CERT_PATH: '/c', TEMPORAL_TLS_CLIENT_KEY_PATH: '/k' }, null, ['TEMPORAL_TLS: is false, but there is a client certificate. Remove one of the two.']],
    [{ ROUNDHOUSE_CONFIG_PATHS: '../x' }, null, ['ROUNDHOUSE_CONFIG_PATHS (0): must be a list of paths inside the repository, without `..`, is "../x". Correct it, or remove it for the default: .circle.yml,.circleci/config.yml.']],
    [{ ROUNDHOUSE_OPERATORS: 'ada, -eve' }, null, ['ROUNDHOUSE_OPERATORS (1): must be a list of logins on GitHub, or of numeric ids, is "ada, -eve". Correct it, or remove it for the default: none.']],
    [{ PORT: 'x', HOST: 'a b' }, null, ['HOST: must be a host name or an address, is "a b". Correct it, or remove it for the default: 127.0.0.1.', 'PORT: must be a port from 1 to 65535, or 0 for any free one, is "x". Correct it, or remove it for the default: 3000.']],
  ];
  for (const [env, file, expected] of table) test(`${JSON.stringify(env)} ${JSON.stringify(file)}`, () => assert.deepEqual(errorsOf(env, file), expected));

  test('that never tells a secret', () => {
    const secrets = Object.entries(rows).filter(([, row]) => 'isSecret' in row && row.isSecret);
    assert.deepEqual(secrets.map(([key]) => key), ['privateKey', 'webhookSecret', 'githubClientSecret', 'metricsToken', 'temporalApiKey', 'kek', 'kekCommand', 'registryLogins']);
    for (const [key] of secrets) assert.doesNotMatch(errorsOf({}, { [key]: 8675309 }).join(''), /8675309/);
  });
});

test('the table has a row for each setting, and names nothing twice', () => {
  const lines = settingsTable().trim().split('\n');
  assert.equal(lines.length, Object.keys(rows).length + 2);
  assert.deepEqual(new Set(lines.map((line) => line.split(/(?<!\\)\|/).length)), new Set([7]));
  assert.ok(lines.includes('| `PORT` | `port` | app | `3000` | The port of the page and the webhooks. |'));
  assert.ok(lines.includes('| `ROUNDHOUSE_QUEUE_TIMEOUT` | `queueTimeout` | app | `30m` | How long a job waits for a builder before it is broken. |'));
  const names = Object.values(rows).flatMap(({ env }) => env ?? []);
  assert.equal(new Set(names).size, names.length);
  const fallbacks = Object.entries(rows).filter(([, { kind, fallback }]) => {
    const value = fallback.value({ data: '/d', host: 'h', port: 1 }, {}, root) as unknown;
    // What a user may write as it stands in the table must be understood.
    const words = fallback.words.match(/^`([^`]*)`$/)?.[1];
    const read = words === undefined || words.startsWith('http') ? undefined : kind.schema.safeParse(words);
    return read !== undefined && (!read.success || JSON.stringify(read.data) !== JSON.stringify(value));
  });
  assert.deepEqual(fallbacks.map(([key]) => key), []);
});
