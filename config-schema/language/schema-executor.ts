// Where may a job run, and how is that written?

import { z } from 'zod';
import * as words from './schema-words.ts';
import { keysOf, maybeEmpty, must, sentence, shown, text } from './schema-words.ts';
import type { Fault } from './schema-words.ts';

const program = z.union([maybeEmpty, z.array(maybeEmpty)], sentence(must('a text or a list', 'Write a program and its arguments.')));

const auth = z.strictObject({ username: maybeEmpty, password: maybeEmpty }).describe('To pull the image; $VARIABLES are expanded here.');

const awsAuth = z
  .strictObject({ aws_access_key_id: maybeEmpty.optional(), aws_secret_access_key: maybeEmpty.optional(), oidc_role_arn: maybeEmpty.optional() })
  .describe('To pull the image from ECR: an access key, or a role.');

const gcpAuth = z
  .strictObject({ oidc_service_account: maybeEmpty.optional(), workload_identity_pool: maybeEmpty.optional(), workload_identity_provider: maybeEmpty.optional() })
  .describe('To pull the image from Google.');

const container = z
  .strictObject({
    image: text.describe('The image, such as `debian:bookworm`.'),
    name: text.optional().describe('A host name for the container.'),
    entrypoint: program.nullish(),
    command: program.nullish(),
    user: text.optional().describe('Who runs its program.'),
    environment: words.environment.optional(),
    auth: auth.optional(),
    aws_auth: awsAuth.optional(),
    gcp_auth: gcpAuth.optional(),
  })
  .meta({ id: 'container' });

const docker = z.array(container).min(1).meta({ id: 'docker', description: 'Containers: steps run in the first, the others are services beside it.' });

const machine = z
  .union(
    [
      z.boolean(),
      text,
      z.strictObject({
        image: text.optional(),
        enabled: z.boolean().optional(),
        docker_layer_caching: words.flag('docker_layer_caching').optional().describe('Keep layers for the next build.'),
        resource_class: words.resourceClass.optional(),
        shell: words.shell.optional(),
        code_signing: z.array(text).optional().describe('Only on macOS.'),
      }),
    ],
    sentence(must('true, the name of an image or a map', 'Write for example `machine: true`.')),
  )
  .meta({ id: 'machine', description: 'A virtual machine with Docker: true, an image, or a map.' });

const macos = z
  .strictObject({
    xcode: text.optional().describe('The version of Xcode.'),
    code_signing: z.array(text).optional(),
    resource_class: words.resourceClass.optional(),
    shell: words.shell.optional(),
  })
  .meta({ id: 'macos', description: 'A Mac.' });

export const kinds = ['docker', 'machine', 'macos'] as const;

/** The keys that a job and an executor share. */
export const place = {
  docker: docker.optional(),
  machine: machine.optional(),
  macos: macos.optional(),
  environment: words.environment.optional(),
  working_directory: words.workingDirectory.optional(),
  shell: words.shell.optional(),
  resource_class: words.resourceClass.optional(),
};

/** One kind at most; the sentence goes to the second. */
export function checkKinds(map: Record<string, unknown>, fault: Fault): void {
  const there = keysOf(map, kinds);
  if (there.length > 1) fault(there[1]!, `only one of ${kinds.join(', ')} may be there, this has ${there.join(' and ')}. Remove one.`, { atKey: true });
}

/** A class with a namespace names machines of somebody's own, which have the image that they have. */
export function checkRunner({ machine: asked, resource_class: beside }: Record<string, unknown>, fault: Fault): void {
  const { image, resource_class: inside } = words.isMap(asked) ? asked : { image: asked, resource_class: undefined };
  const runner = [beside, inside].find((name) => typeof name === 'string' && name.includes('/'));
  if (typeof image === 'string' && runner !== undefined) fault('machine', `Extraneous image ${shown(image)} for self-hosted runner ${shown(runner)}. Remove one of them.`);
}

/** What the machine says, and the map around it too. */
export const saidTwice = (map: Record<string, unknown>): string[] => keysOf(map['machine'], ['resource_class', 'shell']).filter((key) => keysOf(map, [key]).length > 0);

export const twiceSentence = (key: string): string => `${key} is there inside machine and beside it. Remove one.`;

/** A name, or a map of name and arguments. */
export const executorName = z
  .union([text, z.object({ name: text }).catchall(z.unknown())], sentence(must('the name of an executor, or a map with `name` and its arguments', 'Correct it.')))
  .meta({ id: 'executor-name', description: 'The name of an executor, or a map of its name and arguments.' });

export const maxOneKind = { not: { anyOf: [['docker', 'machine'], ['docker', 'macos'], ['machine', 'macos']].map((required) => ({ required })) } };
