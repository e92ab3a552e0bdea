// Which page shows and changes what belongs to one repository? Who may read it looks; administrators change.

import type { DeployKeyAbout } from '../../../activities/control/deploy-keys.ts';
import type { SshKeyAbout } from '../../../activities/control/project-store.ts';
import type { VariableAbout } from '../../../activities/control/contexts.ts';
import type { Repository } from '../../../config-schema/trigger.ts';
import type { ShownRepository } from '../../control/repository-operations.ts';
import { atLeast, type KnownRepository } from '../access/access.ts';
import { askerOf, nothing, sentence, show, unlessAllowed } from '../env.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { choicesMade } from './choices-section.ts';
import { doneNote, donePath, type Done } from './done.ts';
import { faultOfVariable, mistakeIn, pasted, refusalOf, type Mistake } from './form.ts';
import { lookUp } from './look-up.ts';
import { repositorySettingsPath, repositorySettingsView, type Kept } from './repository-settings-view.ts';
import type { SettingsPorts } from './settings-routes.ts';

type Asked = { operation: string; input: object } | { fault: string };
type Change = {
  /** By what the operation answered. */
  done: Done | ((answer: never) => Done);
  /** The part of the page to which it leads back. */
  part: string;
  /** Fields that may come back with a mistake. */
  kept?: string[];
  of: (form: URLSearchParams) => Asked;
};

const textOf = (form: URLSearchParams, field: string): string => (form.get(field) ?? '').trim();
const plain = (operation: string, input: (form: URLSearchParams) => object = () => ({})): Change['of'] => (form) => ({ operation, input: input(form) });

/** What the page has forms for. Each input gets the repository besides. */
const changes: Readonly<Record<string, Change>> = {
  follow: { done: 'followed', part: 'building', of: plain('repositories.follow') },
  unfollow: { done: 'unfollowed', part: 'building', of: plain('repositories.unfollow') },
  choose: {
    done: 'chosen',
    part: 'choices',
    kept: ['pipelinesAtOnce'],
    of(form) {
      const made = choicesMade(form);
      return typeof made === 'string' ? { fault: made } : { operation: 'repositories.choose', input: made };
    },
  },
  'set-variable': {
    done: 'variable-set',
    part: 'variables',
    kept: ['name'],
    of(form) {
      const [name, value] = [textOf(form, 'name'), pasted(form.get('value'))];
      const fault = faultOfVariable(name, value);
      return fault === null ? { operation: 'variables.set', input: { name, value } } : { fault };
    },
  },
  'unset-variable': { done: 'variable-unset', part: 'variables', of: plain('variables.unset', (form) => ({ name: textOf(form, 'name') })) },
  'add-ssh-key': {
    done: 'key-added',
    part: 'ssh-keys',
    kept: ['host'],
    of(form) {
      const [host, key] = [textOf(form, 'host'), pasted(form.get('key'))];
      if (key.trim() === '') return { fault: 'There was no key. Paste the private one, with its first and last line.' };
      return key.length > 60_000 ? { fault: 'This is too long for a private key. Paste the private one alone, with its first and last line.' } : { operation: 'ssh-keys.add', input: { host: host === '' ? null : host, privateKey: `${key.trim()}\n` } };
    },
  },
  'remove-ssh-key': { done: 'key-removed', part: 'ssh-keys', of: plain('ssh-keys.remove', (form) => ({ fingerprint: textOf(form, 'fingerprint') })) },
  'rotate-deploy-key': { done: 'deploy-key-made', part: 'deploy-key', of: plain('deploy-keys.rotate') },
  'remove-deploy-key': { done: ({ remains }: { remains: string | null }) => (remains === null ? 'deploy-key-removed' : 'deploy-key-remains'), part: 'deploy-key', of: plain('deploy-keys.remove') },
  'make-secret-key': { done: 'secret-key-made', part: 'secret-key', of: plain('secrets.key') },
  'rotate-secret-key': {
    done: 'secret-key-rotated',
    part: 'secret-key',
    kept: ['until'],
    of(form) {
      const until = textOf(form, 'until');
      if (!/^\d{4}-\d\d-\d\d$/.test(until) || !(Date.parse(until) > Date.now())) return { fault: 'Say by a date to come until when the key of now still opens secrets, such as 2030-01-31.' };
      return { operation: 'secrets.rotate', input: { files: {}, opensUntil: new Date(until).toISOString(), newKey: true, scope: {} } };
    },
  },
  'revoke-secret-key': { done: 'secret-key-revoked', part: 'secret-key', of: plain('secrets.revoke', (form) => ({ key: textOf(form, 'key') })) },
};

/** After onlyReaders, which says who may know of the repository at all. */
export function repositorySettingsRoutes(app: PageApp, ports: CommonPorts & SettingsPorts): void {
  app.get('/:owner/:name/-/settings', (c) => showSettings(c, ports, null));

  app.post('/:owner/:name/-/settings/:change', async (c) => {
    const refused = await unlessAllowed(c, 'admin');
    if (refused) return refused;
    const [repository, name, form] = [c.get('repository'), c.req.param('change'), c.get('form')];
    if (!Object.hasOwn(changes, name)) return nothing(c, 'change');
    const change = changes[name]!;
    const asked = change.of(form);
    if ('fault' in asked) return showSettings(c, ports, mistakeIn(name, asked.fault, form, change.kept ?? []));
    // The name may be another repository's by now, on which this person has no rights.
    const now = await lookUp<{ repository: Repository }>(c, ports, 'repositories.find', { repository: fullNameOf(repository) });
    if ('refused' in now || now.repository.id !== repository.id) return sentence(c, 'Not done', 'GitHub knows this repository under another name now, or the GitHub App is not installed on it any more. Nothing was changed.', 409);
    let answer: unknown;
    const fault = await refusalOf(async () => (answer = await ports.ask(asked.operation, { repository: fullNameOf(repository), ...asked.input }, askerOf(c))));
    if (fault !== null) return showSettings(c, ports, mistakeIn(name, fault, form, change.kept ?? []));
    return c.redirect(donePath(repositorySettingsPath(repository), typeof change.done === 'string' ? change.done : change.done(answer as never), change.part), 303);
  });
}

const fullNameOf = ({ owner, name }: KnownRepository): string => `${owner}/${name}`;

async function showSettings(c: PageContext, ports: CommonPorts & SettingsPorts, mistake: Mistake | null): Promise<Response> {
  const [repository, viewer, permission] = [c.get('repository'), c.get('viewer'), c.get('permission')];
  const found = await lookUp<ShownRepository>(c, ports, 'repositories.show', { repository: fullNameOf(repository) });
  const shown = 'refused' in found || found.repository.id !== repository.id ? null : found;
  const kept = shown !== null && atLeast(permission, 'admin') ? await keptFor(c, ports, repository) : null;
  const { publicUrl, settings } = ports.installation;
  const view = repositorySettingsView({ repository, permission, viewer, shown, kept, mistake, done: doneNote(c), publicUrl, branch: (c.req.query('branch') ?? '').slice(0, 255), usesDeployKeys: settings['checkout'] === 'deploy-key', now: Date.now() });
  return show(c, view, mistake === null ? 200 : 422);
}

/** Names and public parts; what is secret is not known to the page. */
async function keptFor(c: PageContext, ports: CommonPorts, repository: KnownRepository): Promise<Kept | null> {
  const input = { repository: fullNameOf(repository) };
  const [variables, keys, deployKeys] = await Promise.all([
    lookUp<{ variables: VariableAbout[] }>(c, ports, 'variables.list', input),
    lookUp<{ keys: SshKeyAbout[] }>(c, ports, 'ssh-keys.list', input),
    lookUp<{ keys: (DeployKeyAbout & { repositoryId: number })[] }>(c, ports, 'deploy-keys.list', {}),
  ]);
  if ('refused' in variables || 'refused' in keys || 'refused' in deployKeys) return null;
  return { variables: variables.variables, sshKeys: keys.keys, deployKey: deployKeys.keys.find(({ repositoryId }) => repositoryId === repository.id) ?? null };
}
