// What does a page say after a change? The address carries the sentence's id only, never a text of somebody's.

import { html } from 'hono/html';
import type { PageContext } from '../env.ts';
import type { Html } from '../layout.ts';

const sentences = {
  followed: 'The repository is followed: its next push is built.',
  unfollowed: 'The repository is not followed any more: pushes to it start nothing. What runs goes on.',
  chosen: 'This holds for pipelines that start from now on.',
  'variable-set': 'The variable is set. Jobs that start from now on have it.',
  'variable-unset': 'The variable is gone. Jobs that start from now on do not have it.',
  'key-added': 'The ssh key is kept. Its fingerprint, for add_ssh_keys, stands in the list.',
  'key-removed': 'The ssh key is forgotten here. Remove its public part where it still opens something.',
  'deploy-key-made': 'The repository has a new deploy key, and the one before is off GitHub.',
  'deploy-key-removed': 'The deploy key is forgotten here and off GitHub.',
  'deploy-key-remains': 'The deploy key is forgotten here, but GitHub did not let it be removed there: remove it in the settings of the repository on GitHub.',
  'secret-key-made': 'The repository has a key for committed secrets.',
  'secret-key-rotated': 'The repository has a new key for committed secrets. Encrypt them anew before the old key opens nothing any more: roundhouse secrets rotate does it, or set each anew.',
  'secret-key-revoked': 'The key is revoked: what was encrypted for it opens nowhere any more.',
  'context-set': 'The variable of the context is set.',
  'context-unset': 'The variable is not in the context any more.',
  'context-restricted': 'The context is for those jobs only from now on.',
  'context-removed': 'The context is removed. Jobs that name it are not allowed to run.',
} as const;

export type Done = keyof typeof sentences;

/** Of the page that a change led back to; null: none did. */
export function doneNote(c: PageContext): Html | null {
  const id = c.req.query('done') ?? '';
  return Object.hasOwn(sentences, id) ? html`<p class="done-note" role="status">${sentences[id as Done]}</p>` : null;
}

/** `part`: where on the page it can be seen. */
export const donePath = (page: string, done: Done, part?: string): string => `${page}?done=${done}${part === undefined ? '' : `#${part}`}`;
