// What can an operator set, where, and what holds when nothing is set?

import { autoCancels, forkPolicies } from './choices.ts';
import { defaultClasses } from './classes.ts';
import * as kinds from './setting-kinds.ts';
import type { Kind } from './setting-kinds.ts';

export type Env = Record<string, string | undefined>;

/** What a pure function cannot know of the machine. */
export type Machine = {
  hostName: string;
  /** The process runs as root. */
  isRoot: boolean;
};

type Scope = 'app' | 'builder' | 'both';

export type Setting<T> = {
  scope: Scope;
  /** The name in the environment; null for what only the file can say. */
  env: string | null;
  kind: Kind<NonNullable<T>>;
  fallback: Fallback<T>;
  meaning: string;
  /** The key in roundhouse.yml where it is not the key here; null for what must be known before the file is found. */
  file?: string | null;
  /** Its value must not be repeated in a message. */
  isSecret?: true;
};

/** `words` stand in the table; `value` may use every setting above its own. */
export type Fallback<T> = { words: string; value: (above: Record<string, unknown>, env: Env, machine: Machine) => T };

type Extra = Pick<Setting<unknown>, 'file' | 'isSecret'>;

const setting = <T>(scope: Scope, env: string | null, kind: Kind<T>, fallback: Fallback<NoInfer<T>>, meaning: string, extra: Extra = {}): Setting<T> => ({
  scope,
  env,
  kind: kind as Kind<NonNullable<T>>,
  fallback,
  meaning,
  ...extra,
});

/** Stands in the table where there is no default. */
export const none = '–';

const optional = <T>(scope: Scope, env: string, kind: Kind<T>, meaning: string, extra: Extra & { words?: string } = {}): Setting<T | null> => ({
  scope,
  env,
  kind: kind as Kind<NonNullable<T>>,
  fallback: { words: extra.words ?? none, value: () => null },
  meaning,
  ...extra,
});

const fixed = <const T>(value: T, words = `\`${String(value)}\``): Fallback<T> => ({ words, value: () => value });
const from = <T>(words: string, value: Fallback<T>['value']): Fallback<T> => ({ words, value });
const inData = (name: string): Fallback<string> => from(`\`${name}\` in the data folder`, ({ data }) => `${data as string}/${name}`);

/** In the order of the printed table. Names that exist already (Probot's, Temporal's) are kept. */
export const settings = {
  data: setting('both', 'ROUNDHOUSE_DATA', kinds.path, from('`/var/lib/roundhouse` for root, else `$XDG_DATA_HOME/roundhouse`', dataOf), 'The data folder: keys, roundhouse.yml, and the store where it is a folder.', { file: null }),
  cache: setting('both', 'ROUNDHOUSE_CACHE', kinds.path, from('`/var/cache/roundhouse` for root, else `$XDG_CACHE_HOME/roundhouse`', cacheOf), 'The cache folder: images, the agent, the Temporal program. All of it can be made again.'),
  logLevel: setting('both', 'LOG_LEVEL', kinds.oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), fixed('info'), "How much the operator's log says."),

  appId: optional('app', 'APP_ID', kinds.text, 'The id of the GitHub App.'),
  privateKey: optional('app', 'PRIVATE_KEY', kinds.secret, 'The private key of the GitHub App, as PEM. It goes before PRIVATE_KEY_PATH.', { isSecret: true }),
  privateKeyPath: optional('app', 'PRIVATE_KEY_PATH', kinds.path, 'The file with the private key of the GitHub App.'),
  webhookSecret: optional('app', 'WEBHOOK_SECRET', kinds.secret, 'The secret with which GitHub signs webhooks.', { isSecret: true }),
  githubClientId: optional('app', 'GITHUB_CLIENT_ID', kinds.text, 'The client id of the GitHub App, by which people sign in to the page. With it goes GITHUB_CLIENT_SECRET.', { words: 'what `setup` wrote to `github-app.json` in the data folder' }),
  githubClientSecret: optional('app', 'GITHUB_CLIENT_SECRET', kinds.secret, 'The client secret of the GitHub App.', { isSecret: true, words: 'what `setup` wrote to `github-app.json` in the data folder' }),
  gheHost: optional('app', 'GHE_HOST', kinds.hostName, 'The host of a GitHub Enterprise Server, with its port if need be; without it, github.com.'),
  gheProtocol: setting('app', 'GHE_PROTOCOL', kinds.oneOf('https', 'http'), fixed('https'), 'How to reach GHE_HOST.'),
  reporting: setting('app', 'ROUNDHOUSE_REPORTING', kinds.oneOf('checks', 'statuses'), fixed('checks'), 'How GitHub is told of jobs: by checks, with a summary, annotations and buttons, or by plain commit statuses, for which the App needs the permission `statuses: write`.'),

  host: setting('app', 'HOST', kinds.hostName, fixed('127.0.0.1'), 'The address on which the page and the webhooks are served.'),
  port: setting('app', 'PORT', kinds.port, fixed(3000), 'The port of the page and the webhooks.'),
  publicUrl: setting('both', 'ROUNDHOUSE_PUBLIC_URL', kinds.url, from('`http://HOST:PORT`', urlOf), 'The address under which users reach the page; checks link to it.'),
  operators: setting('app', 'ROUNDHOUSE_OPERATORS', kinds.people, fixed<string[]>([], 'none'), 'Who may change this installation by the page, besides the owners of the account that the GitHub App belongs to: logins on GitHub, or numeric ids, which nobody can take over.'),
  sessionDays: setting('app', 'ROUNDHOUSE_SESSION_DAYS', kinds.factor, fixed(30), 'How many days somebody who does not come back stays signed in to the page. After three times as long everybody signs in again.'),
  anonymousReads: setting('app', 'ROUNDHOUSE_ANONYMOUS_READS', kinds.flag, fixed(false), 'Whether people who have not signed in may read the pages of public repositories.'),
  metricsToken: optional('app', 'ROUNDHOUSE_METRICS_TOKEN', kinds.secret, 'What `Authorization: Bearer` must say to read /metrics from elsewhere than this machine.', { isSecret: true }),
  sshHost: setting('app', 'ROUNDHOUSE_SSH_HOST', kinds.hostName, fixed('127.0.0.1'), 'The address on which the ssh port listens, for builders and for users.'),
  sshPort: setting('app', 'ROUNDHOUSE_SSH_PORT', kinds.port, fixed(2222), 'The ssh port, for builders and for users.'),

  temporalAddress: setting('both', 'TEMPORAL_ADDRESS', kinds.address, fixed('127.0.0.1:7233'), "Temporal's address."),
  temporalNamespace: setting('both', 'TEMPORAL_NAMESPACE', kinds.text, fixed('default'), "Temporal's namespace."),
  temporalApiKey: optional('both', 'TEMPORAL_API_KEY', kinds.secret, 'The key for Temporal Cloud.', { isSecret: true }),
  temporalTls: optional('both', 'TEMPORAL_TLS', kinds.flag, 'Whether to speak TLS to Temporal.', { words: 'with an API key or any of the paths below' }),
  temporalTlsClientCertPath: optional('both', 'TEMPORAL_TLS_CLIENT_CERT_PATH', kinds.path, 'The certificate that we show to Temporal.'),
  temporalTlsClientKeyPath: optional('both', 'TEMPORAL_TLS_CLIENT_KEY_PATH', kinds.path, 'The key of that certificate.'),
  temporalTlsServerCaCertPath: optional('both', 'TEMPORAL_TLS_SERVER_CA_CERT_PATH', kinds.path, "The authority that signed Temporal's certificate."),
  temporalTlsServerName: optional('both', 'TEMPORAL_TLS_SERVER_NAME', kinds.hostName, "The name in Temporal's certificate, where it is not that of the address."),

  store: setting('both', 'ROUNDHOUSE_STORE', kinds.store, from('`file:` with `store` in the data folder', storeOf), 'Where logs, plans and history lie: `file:FOLDER`, or `s3://BUCKET/PREFIX` at Amazon or any server that speaks S3 and creates conditionally (`If-None-Match`). Credentials are found as the AWS SDK does: `AWS_ACCESS_KEY_ID` and its like, `AWS_PROFILE`, web identity, the role of the machine.'),
  s3Endpoint: {
    ...optional('both', 'AWS_ENDPOINT_URL_S3', kinds.url, 'Where an S3 server of your own answers.'),
    fallback: from<string | null>('`AWS_ENDPOINT_URL`, else Amazon', (_above, env) => env['AWS_ENDPOINT_URL'] || null),
  },
  s3Region: optional('both', 'AWS_REGION', kinds.text, 'The region of the bucket.', { words: "that of the AWS profile; `us-east-1` with an endpoint" }),
  s3PathStyle: setting('both', 'ROUNDHOUSE_S3_PATH_STYLE', kinds.flag, from('`true` with an endpoint', ({ s3Endpoint }) => s3Endpoint !== null), 'Whether the bucket stands in the path of an address (`HOST/BUCKET`) and not in its host name (`BUCKET.HOST`).'),
  caBundle: optional('both', 'AWS_CA_BUNDLE', kinds.path, 'A file of certificates, as PEM, of authorities that may vouch for the S3 server besides the usual ones.'),
  payloadKeyFile: setting('both', 'ROUNDHOUSE_PAYLOAD_KEY_FILE', kinds.path, inData('payload.keys'), 'The keys with which everything in Temporal is encrypted. Made when it is missing.'),

  kekFile: setting('app', 'ROUNDHOUSE_KEK_FILE', kinds.path, inData('kek.keys'), 'The key-encryption key, under which the vault of secrets is encrypted: one `ID BASE64` a line, the first encrypts, all of them decrypt. Made when it is missing; only its owner may read it.'),
  kek: optional('app', 'ROUNDHOUSE_KEK', kinds.secret, 'The same key ring itself, its keys between commas, instead of the file.', { isSecret: true, file: null }),
  kekCommand: optional('app', 'ROUNDHOUSE_KEK_COMMAND', kinds.text, 'A command that prints the same key ring, for instance by asking a key service, instead of the file. It is run by `/bin/sh` and has 30 seconds.', { isSecret: true }),

  follow: setting('app', 'ROUNDHOUSE_FOLLOW', kinds.oneOf('all', 'listed'), fixed('all'), 'Which repositories are built: all that the App is installed on, or those that somebody followed.'),
  configPaths: setting('app', 'ROUNDHOUSE_CONFIG_PATHS', kinds.paths, fixed<string[]>(['.circle.yml', '.circleci/config.yml']), 'Where the config may lie in a repository; the first that exists counts.'),
  checkout: setting('app', 'ROUNDHOUSE_CHECKOUT', kinds.oneOf('token', 'deploy-key'), fixed('token'), 'How builders fetch code: over https by a token for an hour and one repository, or over ssh by a deploy key of the repository, which the App makes.'),
  orbMirror: optional('app', 'ROUNDHOUSE_ORB_MIRROR', kinds.folderOrUrl, 'A mirror of orbs, asked before the registry: a folder, or an address under which it is served. Orbs lie in it as `NAMESPACE/NAME/VERSION.yml`; served, it also needs `NAMESPACE/NAME/versions.txt` with one version a line, for references such as `@5`.'),
  orbRegistry: setting('app', 'ROUNDHOUSE_ORB_REGISTRY', kinds.url, fixed('https://circleci.com/graphql-unstable'), 'The public registry of orbs: where it answers GraphQL.'),
  orbHosts: setting('app', 'ROUNDHOUSE_ORB_HOSTS', kinds.hosts, fixed<string[]>([], 'none'), 'Hosts from which a config may take orbs by https address. Anybody who can push chooses the path there.'),
  airGapped: setting('app', 'ROUNDHOUSE_AIR_GAPPED', kinds.flag, fixed(false), 'Whether there is no way to the internet: the public registry of orbs is never asked.'),
  classes: setting('both', null, kinds.classes, fixed(defaultClasses, 'those of the original'), 'Resource classes: a map of name to cpus, memory, pids, disk, laid over the default table; null takes a class away.'),
  defaultClass: setting('app', 'ROUNDHOUSE_DEFAULT_CLASS', kinds.text, fixed('medium'), 'The class of a job that names none, or one that is not in the table.'),
  queueTimeoutSeconds: setting('app', 'ROUNDHOUSE_QUEUE_TIMEOUT', kinds.duration, fixed(1800, '`30m`'), 'How long a job waits for a builder before it is broken.', { file: 'queueTimeout' }),
  pipelinesAtOnce: setting('app', 'ROUNDHOUSE_PIPELINES_AT_ONCE', kinds.count, fixed(50), 'How many pipelines of one repository run at once; more wait for their turn. 0: any number. A repository may have its own: `roundhouse settings`.'),
  autoCancel: setting('app', 'ROUNDHOUSE_AUTO_CANCEL', kinds.oneOf(...autoCancels), fixed('branches'), 'Which open pipelines a push cancels: none (`off`), the older ones of its branch but never of the default branch (`branches`), or of any branch (`all`). A repository may have its own.'),
  forks: setting('app', 'ROUNDHOUSE_FORKS', kinds.oneOf(...forkPolicies), fixed('never'), 'Whether pull requests of forks are built: not at all (`never`), each commit when a maintainer allows it (`approve`), or as any other (`always`). A repository may have its own.'),
  sweepSeconds: setting('app', 'ROUNDHOUSE_SWEEP_SECONDS', kinds.seconds, fixed(300), 'How often the app looks for webhooks that failed to arrive and has GitHub send them again (for each, the wait doubles), and for branches that moved without one.'),
  builderLostSeconds: setting('app', 'ROUNDHOUSE_BUILDER_LOST_SECONDS', kinds.seconds, fixed(60), 'How long a builder may take nothing from its own queue before its slices run elsewhere.'),

  builderName: setting('builder', 'ROUNDHOUSE_BUILDER_NAME', kinds.name, from('the host name', nameOf), 'The name of this builder: stable, and unique among all builders.'),
  builderState: setting('builder', 'ROUNDHOUSE_BUILDER_STATE', kinds.path, inData('builder'), "This builder's own folder: sandboxes, mirrors, its key."),
  appSsh: setting('builder', 'ROUNDHOUSE_APP_SSH', kinds.address, fixed('127.0.0.1:2222'), "The address of the app's ssh port, as this builder reaches it."),
  cpuOvercommit: setting('builder', 'ROUNDHOUSE_CPU_OVERCOMMIT', kinds.factor, fixed(2), 'How often the cores of this builder are given away. Memory is given away once.'),
  leaseSeconds: setting('app', 'ROUNDHOUSE_LEASE_SECONDS', kinds.seconds, fixed(30), 'How long a new sandbox waits to be claimed before it destroys itself.'),
  pool: setting('builder', 'ROUNDHOUSE_POOL', kinds.oneOf('folder', 'btrfs'), fixed('folder'), 'What the disks of sandboxes lie on: ordinary folders without limits, or a btrfs that holds each to its limit.'),
  poolGigabytes: setting('builder', 'ROUNDHOUSE_POOL_GIGABYTES', kinds.factor, fixed(100), 'How large the btrfs may grow that a builder makes in its state folder. It takes only what is used.'),
  diskWatermarkPercent: setting('builder', 'ROUNDHOUSE_DISK_WATERMARK_PERCENT', kinds.factor, fixed(95), 'How full the disk of the sandboxes may be before this builder takes no more work.'),
  imageMap: setting('builder', null, kinds.imageMap, fixed<kinds.ImageRule[]>([], 'none'), 'Images to use instead of others: a map such as `cimg/*: registry.example.org/cimg/*`. The first pattern that fits counts; a tag stays where the image names none.'),
  registryMirrors: setting('builder', null, kinds.registryMirrors, fixed<Record<string, string>>({}, 'none'), 'Registries that are asked before others: a map such as `docker.io: mirror.example.org`. What a mirror lacks comes from the registry itself.'),
  insecureRegistries: setting('builder', 'ROUNDHOUSE_INSECURE_REGISTRIES', kinds.registries, fixed<string[]>([], 'none'), 'Registries that may speak plain http or show a certificate that nobody vouches for.'),
  registryLogins: setting('builder', null, kinds.registryLogins, fixed<kinds.RegistryLogins>({}, 'none'), 'What to sign in to registries with, for every job that brings no login of its own: a map of the registry to username and password.', { isSecret: true }),
  registryAuthFile: optional('builder', 'ROUNDHOUSE_REGISTRY_AUTH_FILE', kinds.path, 'The same as a file that `docker login` or `skopeo login` wrote (`config.json`, `auth.json`), with its credential helpers. registryLogins go before it.'),
  imageDiskGigabytes: setting('builder', 'ROUNDHOUSE_IMAGE_DISK_GIGABYTES', kinds.factor, fixed(50), 'How much disk images of registries may take in the cache folder. Beyond it, those go that were not used for the longest time.'),
  imageMaxGigabytes: setting('builder', 'ROUNDHOUSE_IMAGE_MAX_GIGABYTES', kinds.factor, fixed(20), 'How large one image may be, packed or unpacked.'),
  mirrorDays: setting('builder', 'ROUNDHOUSE_MIRROR_DAYS', kinds.factor, fixed(30), 'How many days a builder keeps its mirror of a repository, and commits in it, that no job asks for.'),
  workspaceMaxGigabytes: setting('builder', 'ROUNDHOUSE_WORKSPACE_MAX_GIGABYTES', kinds.factor, fixed(10), 'How much one step may persist to the workspace, not compressed.'),
  artifactMaxGigabytes: setting('builder', 'ROUNDHOUSE_ARTIFACT_MAX_GIGABYTES', kinds.factor, fixed(10), 'How much one slice of a job may store as artifacts.'),
  artifactDays: setting('app', 'ROUNDHOUSE_ARTIFACT_DAYS', kinds.factor, fixed(30), 'How many days artifacts are kept.'),
  workspaceDays: setting('app', 'ROUNDHOUSE_WORKSPACE_DAYS', kinds.factor, fixed(15), 'How many days workspaces are kept.'),
  cacheMaxGigabytes: setting('builder', 'ROUNDHOUSE_CACHE_MAX_GIGABYTES', kinds.factor, fixed(10), 'How large one cache of a job may be, unpacked. A larger one is not saved.'),
  cacheDiskGigabytes: setting('builder', 'ROUNDHOUSE_CACHE_DISK_GIGABYTES', kinds.factor, fixed(20), "How much of this builder's disk caches of jobs may take, packed and unpacked. Beyond it, those go that were not used for the longest time."),
  cacheStallSeconds: setting('builder', 'ROUNDHOUSE_CACHE_STALL_SECONDS', kinds.seconds, fixed(600), 'How long nothing may move while a cache is saved or restored. Then the build goes on without.'),
  cacheDays: setting('builder', 'ROUNDHOUSE_CACHE_DAYS', kinds.factor, fixed(15), 'How many days a cache is kept after it was saved, where its job does not say so (`retention`).'),
  cacheRepositoryGigabytes: setting('builder', 'ROUNDHOUSE_CACHE_REPOSITORY_GIGABYTES', kinds.factor, fixed(50), 'How much the caches of one repository may take in the object store, packed. Beyond it, the oldest ones go.'),
  allowPrivate: setting('builder', 'ROUNDHOUSE_ALLOW_PRIVATE', kinds.networks, fixed<string[]>([], 'none'), 'Private networks that sandboxes may reach.'),
};

/** Every setting, each with its value or its default; null where there is neither. */
export type Settings = { [K in keyof typeof settings]: (typeof settings)[K] extends Setting<infer T> ? T : never };

export class NoHome extends Error {}

export function dataOf(_above: Record<string, unknown>, env: Env, machine: Machine): string {
  return folderOf(env, machine, '/var/lib', 'XDG_DATA_HOME', '.local/share');
}

function cacheOf(_above: Record<string, unknown>, env: Env, machine: Machine): string {
  return folderOf(env, machine, '/var/cache', 'XDG_CACHE_HOME', '.cache');
}

/** Where the XDG base directory specification puts it; a relative path in XDG_… is to be ignored, it says. */
function folderOf(env: Env, { isRoot }: Machine, ofRoot: string, variable: string, inHome: string): string {
  if (isRoot) return `${ofRoot}/roundhouse`;
  const base = env[variable];
  if (base?.startsWith('/')) return `${base.replace(/\/+$/, '')}/roundhouse`;
  if (!env['HOME']) throw new NoHome();
  return `${env['HOME'].replace(/\/+$/, '')}/${inHome}/roundhouse`;
}

function urlOf({ host, port }: Record<string, unknown>): string {
  const name = String(host).includes(':') ? `[${String(host)}]` : String(host);
  return `http://${name}:${String(port)}`;
}

function storeOf({ data }: Record<string, unknown>): kinds.Store {
  return { kind: 'file', folder: `${data as string}/store` };
}

function nameOf(_above: Record<string, unknown>, _env: Env, { hostName }: Machine): string {
  return hostName.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 100);
}
