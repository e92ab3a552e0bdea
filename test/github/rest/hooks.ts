// What may an app ask about its webhook, and how does it have a delivery sent again?

import type { Call, Route } from './route.ts';
import { notFound, requireApp } from './route.ts';
import type { App } from '../state.ts';
import type { Delivery } from '../webhooks.ts';

type Json = Record<string, unknown>;

export const hookRoutes: Route[] = [
  { operation: 'GET /app/hook/config', handle: (call) => ({ status: 200, body: configShape(requireApp(call)) }) },
  {
    operation: 'PATCH /app/hook/config',
    handle(call) {
      const app = requireApp(call);
      const body = call.body as { url?: string; secret?: string };
      app.webhookUrl = body.url ?? app.webhookUrl;
      app.webhookSecret = body.secret ?? app.webhookSecret;
      return { status: 200, body: configShape(app) };
    },
  },
  {
    operation: 'GET /app/hook/deliveries',
    handle(call) {
      const app = requireApp(call);
      const newestFirst = call.world.state.deliveries.filter((delivery) => delivery.app === app && delivery.status !== 'pending').reverse();
      const wanted = call.query['status'];
      // By the description: what had no answer at all is neither.
      const [from, to] = wanted === 'success' ? [200, 399] : [400, 599];
      const chosen = newestFirst.filter(({ statusCode }) => wanted === undefined || (statusCode >= from && statusCode <= to));
      const perPage = Math.min(Number(call.query['per_page'] ?? 30), 100);
      const start = typeof call.query['cursor'] === 'string' ? Math.max(chosen.findIndex((delivery) => `v1_${delivery.id}` === call.query['cursor']), 0) : 0;
      const next = chosen[start + perPage];
      const url = new URL(call.url);
      if (next !== undefined) url.searchParams.set('cursor', `v1_${next.id}`);
      return { status: 200, body: chosen.slice(start, start + perPage).map(deliveryShape), headers: next === undefined ? {} : { Link: `<${url.href}>; rel="next"` } };
    },
  },
  {
    operation: 'GET /app/hook/deliveries/{delivery_id}',
    handle(call) {
      const delivery = findDelivery(call);
      return { status: 200, body: { ...deliveryShape(delivery), url: delivery.url, request: delivery.request, response: delivery.response } };
    },
  },
  {
    operation: 'POST /app/hook/deliveries/{delivery_id}/attempts',
    handle(call) {
      const delivery = findDelivery(call);
      call.world.track('redelivering', call.world.webhooks.redeliver(delivery));
      return { status: 202, body: {} };
    },
  },
];

const configShape = (app: App): Json => ({ content_type: 'json', insecure_ssl: '0', ...(app.webhookSecret === null ? {} : { secret: '********' }), ...(app.webhookUrl === null ? {} : { url: app.webhookUrl }) });

function findDelivery(call: Call): Delivery {
  const app = requireApp(call);
  const delivery = call.world.state.deliveries.find((candidate) => candidate.app === app && candidate.id === Number(call.path['delivery_id']));
  if (delivery === undefined) throw notFound();
  return delivery;
}

function deliveryShape(delivery: Delivery): Json {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt,
    redelivery: delivery.redelivery,
    duration: delivery.durationSeconds,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  };
}
