// What does a processed step become in the plan?

import { durationSeconds } from '../durations.ts';
import { faultOfCacheKey } from './cache-key.ts';
import { readEnvironment } from './environment.ts';
import { flagOf, numberOf, secondsOf, textOf, textsOf } from './fields.ts';
import { childOf, entriesOf, stringOf, unbound } from './node.ts';
import type { Node } from './node.ts';
import type { Problems } from './problems.ts';
import type { CheckoutMethod, CheckoutStep, PlanStep, RestoreCacheStep, RunStep, SaveCacheStep, When } from '../plan.ts';
import { wordsOf } from './words.ts';

const defaults = { noOutputTimeoutSeconds: durationSeconds('10m'), autoRerunDelaySeconds: 0 };

/** `shell` is the job's. Undefined for what is no step of ours: it was reported before. */
export function toPlanStep(node: Node, shell: string[] | null, problems: Problems): PlanStep | undefined {
  const step = unbound(node);
  const [kind, fields] = stringOf(step) === undefined ? ([...entriesOf(step)].map(([key, { value }]) => [key, unbound(value)] as const)[0] ?? []) : [stringOf(step)!, undefined];
  const named = <K extends PlanStep['kind']>(of: K, name: string, when: When = 'on_success'): { kind: K; name: string; when: When } => ({
    kind: of,
    name: textOf(fields, 'name') || name,
    when: (textOf(fields, 'when') as When | null) ?? when,
  });
  switch (kind) {
    case 'run':
    case 'deploy':
      return toRun(fields, kind === 'deploy', shell, problems);
    case 'checkout':
      return { ...named(kind, 'Checkout code'), ...checkoutFields(fields) };
    case 'setup_remote_docker':
      return {
        ...named(kind, 'Setup a remote Docker engine'),
        version: textOf(fields, 'version') ?? 'default',
        dockerLayerCaching: flagOf(fields, 'docker_layer_caching') ?? false,
        preferSameRegion: flagOf(fields, 'prefer_same_region') ?? false,
      };
    case 'save_cache':
      warnOfKeys(fields, problems);
      return { ...named(kind, 'Saving cache'), ...saveCacheFields(fields) };
    case 'restore_cache':
      warnOfKeys(fields, problems);
      return { ...named(kind, 'Restoring cache'), ...restoreCacheFields(fields) };
    case 'store_artifacts':
      return { ...named(kind, 'Uploading artifacts', 'always'), path: textOf(fields, 'path') ?? '', destination: textOf(fields, 'destination') };
    case 'store_test_results':
      return { ...named(kind, 'Uploading test results', 'always'), path: textOf(fields, 'path') ?? '' };
    case 'persist_to_workspace':
      return { ...named(kind, 'Persisting to workspace'), root: textOf(fields, 'root') ?? '.', paths: textsOf(fields, 'paths') ?? textsOf(fields, 'path') ?? [] };
    case 'attach_workspace':
      return { ...named(kind, 'Attaching workspace'), at: textOf(fields, 'at') ?? '.' };
    case 'add_ssh_keys':
      return { ...named(kind, 'Installing additional SSH keys'), fingerprints: textsOf(fields, 'fingerprints') };
    case 'install_signing_bundle':
      return named(kind, 'Installing signing bundle');
    default:
      return undefined;
  }
}

function toRun(node: Node | undefined, deploy: boolean, shell: string[] | null, problems: Problems): RunStep {
  const command = (node?.kind === 'scalar' ? node.text : textOf(node, 'command')) ?? '';
  return {
    kind: 'run',
    name: textOf(node, 'name') || nameOf(command),
    when: (textOf(node, 'when') as When | null) ?? 'on_success',
    command,
    shell: wordsOf(childOf(node, 'shell'), problems) ?? shell,
    environment: readEnvironment(childOf(node, 'environment')),
    workingDirectory: textOf(node, 'working_directory') || '.',
    background: flagOf(node, 'background') ?? false,
    noOutputTimeoutSeconds: secondsOf(node, 'no_output_timeout') ?? defaults.noOutputTimeoutSeconds,
    maxAutoReruns: numberOf(node, 'max_auto_reruns') ?? 0,
    autoRerunDelaySeconds: secondsOf(node, 'auto_rerun_delay') ?? defaults.autoRerunDelaySeconds,
    secrets: textsOf(node, 'secrets') ?? [],
    deploy,
  };
}

/** A step without a name is called by its command: the first line of it, because names travel with every graph. */
function nameOf(command: string): string {
  const line = command.trim().split('\n')[0]!.trim();
  return line.length > 100 ? `${line.slice(0, 99).toWellFormed()}…` : line;
}

const checkoutFields = (node: Node | undefined): Pick<CheckoutStep, 'path' | 'method' | 'depth' | 'repositories'> => ({
  path: textOf(node, 'path') ?? '.',
  // The manual's default; the language server's notes say `full`.
  method: (textOf(node, 'method') as CheckoutMethod | null) ?? 'blobless',
  depth: numberOf(node, 'depth'),
  repositories: textsOf(node, 'repositories') ?? [],
});

/** The original compiles a key that its runtime cannot fill in. */
function warnOfKeys(node: Node | undefined, problems: Problems): void {
  for (const key of ['key', 'keys'].map((name) => childOf(node, name)).flatMap((value) => (value?.kind === 'list' ? value.items : (value ?? [])))) {
    const fault = faultOfCacheKey(stringOf(key) ?? '');
    if (fault) problems.warn(key.place, fault);
  }
}

const saveCacheFields = (node: Node | undefined): Pick<SaveCacheStep, 'key' | 'paths' | 'mount'> => ({
  key: textOf(node, 'key') ?? '',
  paths: textsOf(node, 'paths') ?? [],
  mount: flagOf(node, 'cache_mount') ?? true,
});

/** `key` is tried before `keys`. */
const restoreCacheFields = (node: Node | undefined): Pick<RestoreCacheStep, 'keys' | 'mount'> => ({
  keys: [...(textsOf(node, 'key') ?? []), ...(textsOf(node, 'keys') ?? [])],
  mount: flagOf(node, 'cache_mount') ?? true,
});
