// The setup of a page that has its App: for tests of everything else.

import type { Wizard } from '../../../app/page/setup/setup-ports.ts';

const notHere = (): Promise<never> => Promise.reject(new Error('nothing is set up here'));

export const settledSetup: Wizard = {
  settings: notHere,
  fixed: {},
  appYml: '',
  webhookPath: '/api/github/webhooks',
  name: 'roundhouse',
  github: { app: notHere, installations: notHere, deliveries: notHere, redeliver: notHere, webhookUrl: notHere, setWebhookUrl: notHere, contents: notHere },
  lastWebhookAt: () => null,
  doctor: () => Promise.resolve([]),
  newestPipeline: () => Promise.resolve(null),
  note: () => Promise.resolve(),
  restart: () => {},
};
