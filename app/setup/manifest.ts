// What does GitHub need to hear to make the App of this installation?

import { isMap, isScalar, isSeq, parse, parseDocument, type Scalar } from 'yaml';
import { z } from 'zod';

/** GitHub's parameters of an App manifest ("Registering a GitHub App from a manifest"). */
export type Manifest = {
  name: string;
  url: string;
  hook_attributes: { url: string; active: boolean };
  redirect_url: string;
  callback_urls: string[];
  public: boolean;
  default_permissions: Record<string, string>;
  default_events: string[];
};

/** Where GitHub sends a person back who has logged in to the page by it. */
export const loginCallbackPath = '/login/callback';

export type Installation = {
  /** Where people and GitHub reach Roundhouse. */
  publicUrl: string;
  webhookPath: string;
  /** Names of Apps are unique on the whole of a GitHub. */
  name: string;
  redirectUrl: string;
  /** Where GitHub sends webhooks, if not under the public address: a proxy passes them on. */
  webhookUrl?: string;
};

/** `appYml`: the text of app.yml. */
export function manifestOf(appYml: string, { publicUrl, webhookPath, name, redirectUrl, webhookUrl }: Installation): Manifest {
  const asked = schema.parse(parse(appYml));
  const at = (path: string): string => publicUrl.replace(/\/+$/, '') + path;
  return {
    ...asked,
    name: name.slice(0, longestName),
    url: at(''),
    hook_attributes: { url: webhookUrl ?? at(webhookPath), active: true },
    redirect_url: redirectUrl,
    callback_urls: [at(loginCallbackPath)],
  };
}

export const longestName = 34;

/** `name` is GitHub's word, `access` is null for an event. `why` stands above it in app.yml. */
export type Wish = { name: string; access: string | null; why: string };

/** What the App asks for, each with its reason. */
export function wishesOf(appYml: string): { permissions: Wish[]; events: Wish[] } {
  const { contents } = parseDocument(appYml);
  const asked = (key: string): unknown => (isMap(contents) ? contents.get(key, true) : undefined);
  const [permissions, events] = [asked('default_permissions'), asked('default_events')];
  const reason = (...comments: (string | null | undefined)[]): string => (comments.find((comment) => comment) ?? '').split('\n').map((line) => line.trim()).join(' ');
  return {
    // The comment above the first of them belongs to the list.
    permissions: isMap<Scalar, Scalar>(permissions) ? permissions.items.map(({ key, value }, i) => ({ name: String(key.value), access: String(value?.value), why: reason(key.commentBefore, i === 0 ? permissions.commentBefore : null) })) : [],
    events: isSeq(events) ? events.items.filter(isScalar).map((item, i) => ({ name: String(item.value), access: null, why: reason(item.commentBefore, i === 0 ? events.commentBefore : null) })) : [],
  };
}

const schema = z.object({
  public: z.boolean(),
  default_permissions: z.record(z.string(), z.string()),
  default_events: z.array(z.string()),
});
