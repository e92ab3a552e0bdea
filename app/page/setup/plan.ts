// Which App shall be made, by what an operator wrote into the form?

import { hostName, url } from '../../../config-schema/setting-kinds.ts';
import { settings as table } from '../../../config-schema/settings-table.ts';
import { longestName } from '../../setup/manifest.ts';
import type { WizardSettings } from './setup-ports.ts';

const settable = ['publicUrl', 'gheHost', 'gheProtocol'] as const;
type Settable = (typeof settable)[number];

/** By setting, the variable of the environment that sets it. */
export type Fixed = Readonly<Partial<Record<Settable, string>>>;

export const fixedBy = (env: NodeJS.ProcessEnv): Fixed =>
  Object.fromEntries(settable.flatMap((key) => (env[table[key].env!] ? [[key, table[key].env!]] : [])));

export type Plan = {
  publicUrl: string;
  /** null: github.com. */
  gheHost: string | null;
  gheProtocol: 'https' | 'http';
  name: string;
  /** null: the App is the person's own. */
  organization: string | null;
  /** null: webhooks come to the public address. */
  webhookUrl: string | null;
};

export type PlanField = keyof Plan;
export const planFields: readonly PlanField[] = ['publicUrl', 'gheHost', 'gheProtocol', 'name', 'organization', 'webhookUrl'];

/** As they stand in the form. */
export type PlanTexts = Record<PlanField, string>;

export const textsOf = (plan: Plan): PlanTexts => ({ ...plan, gheHost: plan.gheHost ?? '', organization: plan.organization ?? '', webhookUrl: plan.webhookUrl ?? '' });

/** Before anybody has written anything. */
export const firstPlan = ({ publicUrl, gheHost, gheProtocol }: WizardSettings, name: string): Plan => ({ publicUrl, gheHost, gheProtocol, name: name.slice(0, longestName), organization: null, webhookUrl: null });

/** What the environment sets is not asked for. Mistakes are sentences, by field. */
export function judgePlan(texts: PlanTexts, before: WizardSettings, fixed: Fixed): { plan: Plan } | { mistakes: Partial<Record<PlanField, string>> } {
  const mistakes: Partial<Record<PlanField, string>> = {};
  const text = (field: PlanField): string => texts[field].trim();

  function address(field: 'publicUrl' | 'webhookUrl', example: string): string {
    const read = url.schema.safeParse(text(field));
    const bad = !read.success || !URL.canParse(read.data) || new URL(read.data).username !== '' || new URL(read.data).hash !== '' || (field === 'publicUrl' && new URL(read.data).search !== '');
    if (bad) mistakes[field] = `This must be an address that begins with https:// or http://, such as ${example}.`;
    return read.data ?? '';
  }

  const publicUrl = fixed.publicUrl === undefined ? address('publicUrl', 'https://ci.example.org') : before.publicUrl;
  const webhookUrl = text('webhookUrl') === '' ? null : address('webhookUrl', 'https://smee.io/AbCdEf123456');
  if (mistakes.publicUrl === undefined && webhookUrl === null && isThisMachine(publicUrl) && text('gheHost') === '') {
    mistakes.webhookUrl = `github.com cannot reach ${new URL(publicUrl).host}, and makes no App for it. Give a public address above, or the address of a webhook proxy here.`;
  }

  let gheHost = before.gheHost;
  if (fixed.gheHost === undefined) {
    gheHost = text('gheHost') === '' ? null : text('gheHost');
    if (gheHost !== null && (!hostName.schema.safeParse(gheHost).success || !URL.canParse(`https://${gheHost}`))) mistakes.gheHost = 'This must be the name of a host, such as github.example.org, without https:// before it.';
    if (gheHost !== null && /^(www\.)?github\.com$/i.test(gheHost)) mistakes.gheHost = 'For github.com, leave this empty.';
  }
  let { gheProtocol } = before;
  if (fixed.gheProtocol === undefined) gheProtocol = text('gheProtocol') === 'http' ? 'http' : 'https';

  if (text('name') === '' || text('name').length > longestName) mistakes.name = `GitHub wants a name of 1 to ${longestName} characters.`;
  const organization = text('organization') === '' ? null : text('organization');
  if (organization !== null && !/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98})$/.test(organization)) mistakes.organization = 'This must be the short name of an organization, as it stands in addresses: acme for https://github.com/acme.';

  return Object.keys(mistakes).length > 0 ? { mistakes } : { plan: { publicUrl, gheHost, gheProtocol, name: text('name'), organization, webhookUrl } };
}

/** The settings that the plan changes, as roundhouse.yml holds them; null takes one out of it. */
export function changesOf(plan: Plan, before: WizardSettings, fixed: Fixed): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const key of settable) if (fixed[key] === undefined && plan[key] !== before[key]) changes[key] = plan[key];
  // Without a host of one's own there is no protocol to it.
  if (plan.gheHost === null && fixed.gheProtocol === undefined && before.gheHost !== null) changes.gheProtocol = null;
  return changes;
}

/** Only this machine itself gets there. */
export function isThisMachine(address: string): boolean {
  const { hostname } = new URL(address);
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\./.test(hostname) || hostname === '0.0.0.0';
}
