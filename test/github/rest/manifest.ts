// How does a code of the manifest flow become an app's credentials?

import type { Route } from './route.ts';
import { notFound } from './route.ts';
import type { AppSettings } from '../settings/pages.ts';
import { appShape } from '../shapes.ts';

export const manifestRoutes = (settings: AppSettings): Route[] => [
  {
    operation: 'POST /app-manifests/{code}/conversions',
    handle(call) {
      const converted = settings.convert(call.path['code'] ?? '');
      if (converted === null) throw notFound();
      const { app, privateKey } = converted;
      return { status: 201, body: { ...appShape(call.world, app), client_id: app.clientId, client_secret: app.clientSecret, webhook_secret: app.webhookSecret, pem: privateKey } };
    },
  },
];
