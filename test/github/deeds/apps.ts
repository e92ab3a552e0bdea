// How are apps made, installed, and asked to do something again?

import { createPublicKey } from 'node:crypto';
import { isoSeconds, type World } from '../world.ts';
import { createApp, install, makeAppKeys, sendInstallation } from '../apps.ts';
import { sendRun, sendSuite } from '../checks.ts';
import type { Account, App, Permissions } from '../state.ts';
import type { AppOptions, GitHub } from '../contract.ts';
import { type Lookup, missing } from './lookup.ts';

type Deeds = Pick<GitHub, 'createApp' | 'installApp' | 'transferApp' | 'uninstallApp' | 'suspendApp' | 'unsuspendApp' | 'setWebhook' | 'setCallback' | 'requestCheckRerun' | 'requestSuiteRerun' | 'requestCheckAction'>;

const defaultPermissions: Permissions = { checks: 'write', contents: 'read', metadata: 'read', pull_requests: 'read', issues: 'read', merge_queues: 'read', statuses: 'write', members: 'read', administration: 'read' };
const defaultEvents = ['check_run', 'check_suite', 'create', 'delete', 'issue_comment', 'merge_group', 'pull_request', 'push', 'repository'];

export function appDeeds(world: World, find: Lookup, first: App): Deeds {
  const { state } = world;
  return {
    async createApp(wanted) {
      const made = await addApp(world, wanted, first.owner);
      return { id: made.app.id, slug: made.app.slug, privateKey: made.privateKey };
    },
    installApp(owner, repositories = 'all', { appId } = {}) {
      const target = find.account(owner);
      const chosen = repositories === 'all' ? ('all' as const) : repositories.map((name) => find.repository(name.includes('/') ? name : `${owner}/${name}`));
      return { id: install(world, appId === undefined ? first : find.app(appId), target, chosen, find.person(target)).id };
    },
    transferApp: (owner) => void (first.owner = find.account(owner)),
    uninstallApp(owner) {
      const installation = find.installation(owner);
      sendInstallation(world, installation, 'deleted', find.person(installation.account));
      state.installations.delete(installation.id);
    },
    suspendApp(owner) {
      const installation = find.installation(owner);
      installation.suspendedAt = isoSeconds(world.now());
      sendInstallation(world, installation, 'suspend', find.person(installation.account));
    },
    unsuspendApp(owner) {
      const installation = find.installation(owner);
      installation.suspendedAt = null;
      sendInstallation(world, installation, 'unsuspend', find.person(installation.account));
    },
    setWebhook(url, secret) {
      first.webhookUrl = url;
      first.webhookSecret = secret ?? first.webhookSecret;
    },
    setCallback(url) {
      first.callbackUrls = [url];
    },
    requestCheckRerun: (id, by) => sendRun(world, find.run(id), 'rerequested', find.account(by)),
    async requestSuiteRerun(repository, sha, by) {
      const suites = [...state.suites.values()].filter((suite) => suite.repository === find.repository(repository) && suite.sha === sha);
      for (const suite of suites) await sendSuite(world, suite, 'rerequested', find.account(by));
    },
    requestCheckAction(id, identifier, by) {
      const run = find.run(id);
      if (!run.actions.some((action) => action.identifier === identifier)) missing(`action ${identifier} on check run ${id}`);
      sendRun(world, run, 'requested_action', find.account(by), identifier);
    },
  };
}

/** With the key that was given, or one of its own. */
export async function addApp(world: World, { key, name, ...wanted }: AppOptions, owner: Account): Promise<{ app: App; privateKey: string | null }> {
  const keys = key === undefined ? await makeAppKeys() : { publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(), privateKey: key.includes('PRIVATE KEY') ? key : null };
  const app = createApp(world, { permissions: defaultPermissions, events: defaultEvents, webhookSecret: 'development', ...wanted, name: name ?? 'Local CI', owner, publicKeys: [keys.publicKey] });
  return { app, privateKey: keys.privateKey };
}
