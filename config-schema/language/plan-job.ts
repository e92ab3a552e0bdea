// What does a processed job become in the plan?

import { durationSeconds } from '../durations.ts';
import { readEnvironment } from './environment.ts';
import { flagOf, numberOf, secondsOf, textOf, textsOf } from './fields.ts';
import { childOf, itemsOf, unbound } from './node.ts';
import type { MapNode, Node } from './node.ts';
import { toPlanStep } from './plan-steps.ts';
import type { Problems } from './problems.ts';
import type { DockerExecutor, MachineExecutor, MacosExecutor, PlanExecutor, PlanImage, PlanJob, RegistryAuth } from '../plan.ts';
import { wordsOf } from './words.ts';

const defaults = { workingDirectory: '~/project', timeoutSeconds: durationSeconds('5h') };

export function toPlanJob(name: string, body: MapNode, problems: Problems): PlanJob {
  const executor = toExecutor(body, problems);
  const resourceClass = textOf(body, 'resource_class') ?? textOf(childOf(body, executor.kind), 'resource_class');
  const shell = wordsOf(childOf(body, 'shell') ?? childOf(childOf(body, executor.kind), 'shell'), problems);
  return {
    name,
    unsupported: unsupportedBecause(executor, resourceClass),
    executor,
    environment: readEnvironment(childOf(body, 'environment')),
    workingDirectory: textOf(body, 'working_directory') || defaults.workingDirectory,
    parallelism: numberOf(body, 'parallelism') ?? 1,
    resourceClass,
    timeoutSeconds: secondsOf(body, 'timeout') ?? defaults.timeoutSeconds,
    cacheRetentionDays: daysOf(textOf(childOf(body, 'retention'), 'caches')),
    ipRanges: flagOf(body, 'circleci_ip_ranges') ?? false,
    secrets: textsOf(body, 'secrets') ?? [],
    noRetry: flagOf(body, 'no_retry') ?? false,
    egress: textsOf(body, 'egress'),
    steps: itemsOf(childOf(body, 'steps')).flatMap((step) => toPlanStep(step, shell, problems) ?? []),
  };
}

const daysOf = (text: string | null): number | null => (text !== null && /^\d+d$/.test(text) ? Number.parseInt(text, 10) : null);

function toExecutor(body: MapNode, problems: Problems): PlanExecutor {
  const macos = childOf(body, 'macos');
  if (macos) return { kind: 'macos', xcode: textOf(macos, 'xcode') ?? '', signingBundles: textsOf(macos, 'code_signing') ?? [] } satisfies MacosExecutor;
  const machine = childOf(body, 'machine');
  if (machine) return toMachine(unbound(machine), textOf(body, 'resource_class') ?? textOf(machine, 'resource_class'));
  const [primary, ...sidecars] = itemsOf(childOf(body, 'docker')).map((image) => toImage(image, problems));
  return { kind: 'docker', ...(primary ?? toImage(undefined, problems)), sidecars } satisfies DockerExecutor;
}

function toMachine(machine: Node, resourceClass: string | null): MachineExecutor {
  return {
    kind: 'machine',
    image: machine.kind === 'scalar' ? (typeof machine.value === 'string' ? machine.value : null) : textOf(machine, 'image'),
    dockerLayerCaching: flagOf(machine, 'docker_layer_caching') ?? false,
    selfHosted: resourceClass?.includes('/') ?? false,
  };
}

function toImage(node: Node | undefined, problems: Problems): PlanImage {
  return {
    image: textOf(node, 'image') ?? '',
    name: textOf(node, 'name'),
    entrypoint: wordsOf(childOf(node, 'entrypoint'), problems),
    command: wordsOf(childOf(node, 'command'), problems),
    user: textOf(node, 'user'),
    environment: readEnvironment(childOf(node, 'environment')),
    auth: toAuth(node),
  };
}

function toAuth(image: Node | undefined): RegistryAuth | null {
  const [password, aws, gcp] = [childOf(image, 'auth'), childOf(image, 'aws_auth'), childOf(image, 'gcp_auth')];
  if (password) return { kind: 'password', username: textOf(password, 'username') ?? '', password: textOf(password, 'password') ?? '' };
  if (aws) return { kind: 'aws', accessKeyId: textOf(aws, 'aws_access_key_id'), secretAccessKey: textOf(aws, 'aws_secret_access_key'), roleArn: textOf(aws, 'oidc_role_arn') };
  if (gcp)
    return {
      kind: 'gcp',
      serviceAccount: textOf(gcp, 'oidc_service_account') ?? '',
      workloadIdentityPool: textOf(gcp, 'workload_identity_pool') ?? '',
      workloadIdentityProvider: textOf(gcp, 'workload_identity_provider') ?? '',
    };
  return null;
}

/** What our machines are not. By the names of the original's classes and images. */
function unsupportedBecause(executor: PlanExecutor, resourceClass: string | null): string | null {
  const image = executor.kind === 'machine' ? (executor.image ?? '') : '';
  const needs = [
    (executor.kind === 'macos' || /^(macos\.|m\d+pro\.|mac\.)/.test(resourceClass ?? '')) && 'macOS',
    (/^windows\./.test(resourceClass ?? '') || /^windows-/.test(image)) && 'Windows',
    /^gpu\./.test(resourceClass ?? '') && 'a GPU',
    /^arm\./.test(resourceClass ?? '') && 'an Arm machine',
  ].find((need) => need !== false);
  return needs === undefined ? null : `the job needs ${needs}, and Roundhouse runs Linux on x86-64 without GPUs. Give it a docker image and a class of this installation, or leave it to another service.`;
}
