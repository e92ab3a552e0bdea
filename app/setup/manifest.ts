// What does GitHub need to hear to make the App of this installation?

import { parse } from 'yaml';
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
};

/** `appYml`: the text of app.yml. */
export function manifestOf(appYml: string, { publicUrl, webhookPath, name, redirectUrl }: Installation): Manifest {
  const asked = schema.parse(parse(appYml));
  const at = (path: string): string => publicUrl.replace(/\/+$/, '') + path;
  return {
    ...asked,
    name: name.slice(0, longestName),
    url: at(''),
    hook_attributes: { url: at(webhookPath), active: true },
    redirect_url: redirectUrl,
    callback_urls: [at(loginCallbackPath)],
  };
}

const longestName = 34;

const schema = z.object({
  public: z.boolean(),
  default_permissions: z.record(z.string(), z.string()),
  default_events: z.array(z.string()),
});
