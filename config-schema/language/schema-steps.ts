// What may a step of a job or a command be?

import { z } from 'zod';
import { didYouMean } from '../nearest.ts';
import { condition } from './schema-conditions.ts';
import * as words from './schema-words.ts';
import { ignoresOthers, isMap, maybeEmpty, must, sentence, shown, text, texts, withRule } from './schema-words.ts';

const statuses = ['on_success', 'always', 'on_fail'] as const;

const when = z
  .enum(statuses, sentence((input) => `Invalid when condition: expected ${statuses.join(', ')}; got ${typeof input === 'string' ? input : shown(input)}. Write one of them.`))
  .describe('Whether the step runs after one has failed: on_success (the default), always, on_fail.');

const name = maybeEmpty.describe('What the page calls the step.');
const base = { name: name.optional() };
const withWhen = { ...base, when: when.optional() };

const command = z
  .union([z.string().regex(/\S/, { error: 'required key [command] is empty. Write the command, or remove the step.' }), z.number()], sentence(must('a text', 'Write the command; put quotes around a boolean.')))
  .describe('The script that the shell runs.');

const delaySentence = (input: unknown): string => `auto_rerun_delay must be seconds or up to ten minutes such as 30s or 5m, at most 10m, is ${shown(input)}. Write the number and its unit.`;
const delayPattern = /^(([1-9]|10)m|[1-9][0-9]*s)$/;
const autoRerunDelay = z
  .string(sentence(delaySentence))
  .regex(delayPattern, sentence(delaySentence))
  .refine((written) => !/^\d+s$/.test(written) || Number(written.slice(0, -1)) <= 600, sentence(delaySentence))
  .describe('How long to wait before the step runs again.');

const runMap = withRule(
  z.strictObject({
    command,
    name: name.optional(),
    environment: words.environment.optional(),
    when: when.optional(),
    no_output_timeout: words.durationOrSeconds.optional().describe('End the step when it prints nothing for so long; 10m by default.'),
    background: words.flag('background').optional().describe('Go on with the next step at once.'),
    working_directory: words.workingDirectory.optional(),
    shell: words.shell.optional(),
    max_auto_reruns: words.maxAutoReruns.optional().describe('Run a failed step again, so many times at most.'),
    auto_rerun_delay: autoRerunDelay.optional(),
    secrets: words.secrets.optional(),
  }),
  (map, fault) => {
    const [reruns] = ['max_auto_reruns', 'auto_rerun_delay'].filter((key) => map[key] !== undefined);
    if (reruns === 'auto_rerun_delay') fault(reruns, 'auto_rerun_delay needs max_auto_reruns. Add it, or remove the delay.', { atKey: true });
    if (reruns !== undefined && map['background'] === true) fault(reruns, `${reruns} cannot be used with background: true. Remove one of the two.`, { atKey: true });
  },
).meta({ dependencies: { auto_rerun_delay: ['max_auto_reruns'] } });

const run = z.union([command, runMap]).meta({ id: 'run', description: 'Run a command in a shell of its own.' });

const methods = ['blobless', 'shallow', 'full'] as const;
const depthSentence = (input: unknown): string => `depth must be a positive integer, is ${shown(input)}. Write how many commits to fetch.`;

const checkout = withRule(
  z.strictObject({
    ...withWhen,
    path: text.optional().describe("Where to; the job's working directory by default."),
    method: z
      .enum(methods, sentence((input) => `Unsupported checkout method, allowed methods are "blobless", "shallow", and "full", is ${shown(input)}. Write one of them.`))
      .optional()
      .describe('How much to fetch; blobless by default.'),
    depth: z.int(sentence(depthSentence)).min(1, sentence(depthSentence)).optional().describe('How many commits a shallow checkout fetches.'),
    repositories: z
      .array(z.string().regex(/^[^\s/]+\/[^\s/]+$/, sentence((input) => `a repository is written OWNER/NAME, this is ${shown(input)}. Correct it.`)))
      .optional()
      .describe('Further repositories, such as those of submodules, that the checkout may read. An extension of Roundhouse.'),
  }),
  ({ method, depth }, fault) => {
    if (method === 'shallow' && depth === undefined) fault('depth', 'required key [depth] not found. A shallow checkout needs it; add for example `depth: 1`.');
    if (depth !== undefined && (method === undefined || method === 'full' || method === 'blobless')) fault('depth', 'depth is for `method: shallow` alone. Remove it, or write that method.', { atKey: true });
  },
).meta({ id: 'checkout', description: 'Check out the commit of the pipeline.', if: { properties: { method: { const: 'shallow' } }, required: ['method'] }, then: { required: ['depth'] }, ...ignoresOthers });

const remoteDocker = z
  .strictObject({
    ...withWhen,
    version: text.optional().describe('The version of Docker.'),
    docker_layer_caching: words.flag('docker_layer_caching').optional().describe('Keep layers for the next build.'),
    prefer_same_region: words.flag('prefer_same_region').optional(),
  })
  .meta({ id: 'setup_remote_docker', description: 'Give the job a Docker of its own.', ...ignoresOthers });

/** The original takes one text for a list of it. */
const oneOrMore = z.union([text, texts]);

const cacheKey = z
  .union([z.string().min(1).max(900, sentence((input) => `the key of a cache has at most 900 characters, this has ${String(input).length}. Shorten it.`)), z.number()])
  .describe('May hold {{ checksum "FILE" }}, {{ .Branch }}, {{ .Revision }}, {{ .Environment.NAME }}, {{ arch }}, {{ epoch }}.');
const cacheMount = words.flag('cache_mount').optional().describe('false: copy the cache instead of mounting it. An extension of Roundhouse.');

const saveCache = z
  .strictObject({ ...withWhen, key: cacheKey, paths: oneOrMore.describe('Files and folders to keep; no wildcards.'), cache_mount: cacheMount })
  .meta({ id: 'save_cache', description: 'Keep files for later pipelines, under a key that does not exist yet.', ...ignoresOthers });

const keysNeeded = ['key', 'keys'];
const restoreCache = withRule(z.strictObject({ ...withWhen, key: cacheKey.optional(), keys: z.union([cacheKey, z.array(cacheKey).min(1)]).optional().describe('Keys to try in order; each stands for all that begin with it.'), cache_mount: cacheMount }), (map, fault) => {
  if (!keysNeeded.some((key) => map[key] !== undefined)) fault('key', 'required key [key] or [keys] not found. Add it.');
}).meta({ id: 'restore_cache', description: 'Bring back the newest cache of the first key that has one.', anyOf: keysNeeded.map((key) => ({ required: [key] })), ...ignoresOthers });

const storeArtifacts = z
  .strictObject({ ...withWhen, path: text.describe('A file or a folder.'), destination: maybeEmpty.optional().describe('Its name among the artifacts.') })
  .meta({ id: 'store_artifacts', description: 'Keep files with the job, to be looked at later.', ...ignoresOthers });

const storeTestResults = z
  .strictObject({ ...withWhen, path: text.describe('A JUnit XML file, or a folder of them.') })
  .meta({ id: 'store_test_results', description: 'Show what the tests reported, and split later runs by it.', ...ignoresOthers });

const pathsNeeded = ['paths', 'path'];
const persistToWorkspace = withRule(z.strictObject({ ...withWhen, root: text.describe('The folder that paths are relative to.'), paths: oneOrMore.optional().describe('Paths or globs below the root.'), path: text.optional().describe('The only one of them.') }), (map, fault) => {
  if (!pathsNeeded.some((key) => map[key] !== undefined)) fault('paths', 'required key [paths] not found. Add it.');
}).meta({ id: 'persist_to_workspace', description: 'Hand files to the jobs that require this one.', anyOf: pathsNeeded.map((key) => ({ required: [key] })), ...ignoresOthers });

const attachWorkspace = z
  .strictObject({ ...withWhen, at: text.describe('Where to put them.') })
  .meta({ id: 'attach_workspace', description: 'Fetch what the required jobs handed on.', ...ignoresOthers });

const addSshKeys = z
  .strictObject({ ...withWhen, fingerprints: z.union([text, z.array(text)]).optional().describe("Which of the project's keys; all by default.") })
  .meta({ id: 'add_ssh_keys', description: 'Give the job ssh keys of the project.', ...ignoresOthers });

const installSigningBundle = z.looseObject({}).describe('Only on macOS.');

/** Steps that are neither commands nor conditions. */
const runnable = {
  run,
  checkout,
  setup_remote_docker: remoteDocker,
  save_cache: saveCache,
  restore_cache: restoreCache,
  store_artifacts: storeArtifacts,
  store_test_results: storeTestResults,
  persist_to_workspace: persistToWorkspace,
  attach_workspace: attachWorkspace,
  add_ssh_keys: addSshKeys,
  deploy: run.describe('As run; on parallel jobs once, after all slices have reached it. Deprecated.'),
  install_signing_bundle: installSigningBundle,
};

/** The original takes a map of one step for a list of it. */
const branch = (steps: z.ZodType): z.ZodType =>
  z.strictObject({ ...base, condition, steps }).describe('Steps that are there only when the condition holds (when), or does not (unless), decided before anything runs.');

/** Names of steps that need no definition, and are left when everything is expanded. */
export const builtIns: ReadonlySet<string> = new Set(Object.keys(runnable));

/** Those that cannot stand alone, with the first key that is missing then. */
const bodyNeeded = new Map([
  ['run', 'command'],
  ['deploy', 'command'],
  ['save_cache', 'key'],
  ['restore_cache', 'key'],
  ['store_artifacts', 'path'],
  ['store_test_results', 'path'],
  ['persist_to_workspace', 'root'],
  ['attach_workspace', 'at'],
]);

/** Steps whose unknown keys are passed over, as the original does and real configs need it. Of a command that is run a slip is an error: what was meant would be lost. */
export const ignoredIn: ReadonlySet<string> = new Set([...builtIns].filter((step) => step !== 'run' && step !== 'deploy'));

/** Whether a built-in step needs no body: it may be a bare name, or have a colon and nothing behind it. */
export const standsAlone = (step: string): boolean => builtIns.has(step) && !bodyNeeded.has(step);

type Kind = {
  /** Any other name may be a command's; its body holds arguments. */
  commands: boolean;
  /** A name without a body is a bare call; otherwise only of a built-in step that can stand alone. */
  bodyless: boolean;
  id: string;
};

function stepsOf({ commands, bodyless, id }: Kind): z.ZodType {
  const inner: z.ZodType = z.lazy(() => steps);
  const innerSteps = z.union([inner, z.lazy((): z.ZodType => single)]);
  const expanded = { when: branch(innerSteps), unless: branch(innerSteps), steps: inner.describe('A parameter of the type steps: `- steps: << parameters.NAME >>`.') };
  const shapes = Object.entries({ ...runnable, ...(commands && expanded) }).map(([key, schema]: [string, z.ZodType]) => [key, (bodyless || standsAlone(key) ? schema.nullable() : schema).optional()] as const);
  const known = new Set(shapes.map(([key]) => key));

  const argument = z.unknown().refine((body) => bodyless || body !== null, { error: ({ input }) => `must be a map of arguments, is ${shown(input)}. Write them, or remove the colon.` }).meta(bodyless ? {} : { not: { type: 'null' } });
  const single: z.ZodType = withRule(z.object(Object.fromEntries(shapes)).catchall(commands ? argument : z.unknown()), (step, fault) => {
    const [first, second] = Object.keys(step);
    if (first === undefined) fault(null, notStep(step));
    else if (second !== undefined) fault(null, 'a step has exactly one key, this has more. Indent the keys of the step deeper than its name.', { atSecondKey: true });
    else if (!commands && !known.has(first)) fault(null, noCommand(first));
  }).meta({ id: `${id}-step`, minProperties: 1, maxProperties: 1 });

  const error = ({ input }: { input?: unknown }): string | undefined => (isMap(input) ? undefined : typeof input === 'string' ? bareSentence(input, commands) : notStep(input));
  const bare = commands
    ? z.string().refine((name) => name !== '' && !bodyNeeded.has(name), { error }).meta({ minLength: 1, not: { enum: [...bodyNeeded.keys()] } })
    : z.enum(Object.keys(runnable).filter((key) => !bodyNeeded.has(key)), { error });
  const steps = z.array(z.union([bare, single], { error })).meta({ id });
  return steps;
}

const notStep = (input: unknown): string => `a step must be a name or a map, is ${shown(input)}. Write for example \`- run: COMMAND\`.`;

function bareSentence(name: string, commands: boolean): string {
  const missing = bodyNeeded.get(name);
  if (missing !== undefined) return `required key [${missing}] not found. Write ${name === 'run' ? '`- run: COMMAND`' : `\`- ${name}:\` with it`}.`;
  return commands ? notStep(name) : noCommand(name);
}

const noCommand = (step: string): string =>
  `Cannot find a definition for command named ${step}.${didYouMean(step, Object.keys(runnable))} Steps are ${Object.keys(runnable).join(', ')}.`;

/** Of version 2, and of a job when everything is expanded: nothing but what runs. */
export const plainSteps = stepsOf({ commands: false, bodyless: false, id: 'runnable' });

/** Of a job or a command in version 2.1. */
export const steps = stepsOf({ commands: true, bodyless: false, id: 'steps' });

/** Of an invocation, and of a parameter's default. */
export const looseSteps = stepsOf({ commands: true, bodyless: true, id: 'invocation-steps' });
