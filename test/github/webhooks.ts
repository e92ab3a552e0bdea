// How does an app hear of what happened?

import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { World } from './world.ts';
import type { App, Installation, Repository } from './state.ts';
import { quickly, sentences } from './openapi.ts';

export type Delivery = {
  id: number;
  guid: string;
  app: App;
  event: string;
  action: string | null;
  installationId: number | null;
  repositoryId: number | null;
  redelivery: boolean;
  deliveredAt: string;
  durationSeconds: number;
  /** `pending` until the answer is here; then GitHub's words: `OK`, `Invalid HTTP Response: 500`, `timed out`, `failed to connect to host`. */
  status: string;
  /** 0 where there was no answer. */
  statusCode: number;
  url: string;
  request: { headers: Record<string, string>; payload: Record<string, unknown> };
  response: { headers: Record<string, string>; payload: string };
};

export type Webhooks = {
  /** Sends to the app if it listens to the event. Never redelivers by itself. */
  send(app: App, event: string, payload: Record<string, unknown>, about: { installation: Installation | null; repository: Repository | null }): void;
  /** Sends the same payload under the same GUID again. */
  redeliver(delivery: Delivery): Promise<Delivery>;
};

/** These reach the app whatever it subscribes to. */
const unasked = new Set(['installation', 'installation_repositories', 'installation_target', 'github_app_authorization', 'ping', 'check_suite.requested', 'check_suite.rerequested', 'check_run.rerequested', 'check_run.requested_action']);

const largestPayloadBytes = 25 * 1024 * 1024;

export function webhooks(world: () => World, options: { timeoutSeconds: number }): Webhooks {
  const validate = payloadValidator();
  return {
    send(app, event, payload, about) {
      const action = typeof payload['action'] === 'string' ? payload['action'] : null;
      if (app.webhookUrl === null) return;
      if (!unasked.has(event) && !unasked.has(`${event}.${action}`) && !app.events.includes(event)) return;
      for (const error of validate(event, action, payload)) world().fault(`webhook ${event}${action === null ? '' : `.${action}`} does not fit its schema: ${error}`);
      const delivery = prepare(world(), app, event, action, randomUUID(), payload, about.installation?.id ?? null, about.repository?.id ?? null, false);
      world().track(`delivering ${event}`, deliver(world(), delivery, options.timeoutSeconds));
    },
    async redeliver(first) {
      const again = prepare(world(), first.app, first.event, first.action, first.guid, first.request.payload, first.installationId, first.repositoryId, true);
      const task = deliver(world(), again, options.timeoutSeconds);
      world().track(`redelivering ${first.event}`, task);
      await task;
      return again;
    },
  };
}

function prepare(world: World, app: App, event: string, action: string | null, guid: string, payload: Record<string, unknown>, installationId: number | null, repositoryId: number | null, redelivery: boolean): Delivery {
  const body = JSON.stringify(payload);
  const sign = (algorithm: string): string => createHmac(algorithm, app.webhookSecret ?? '').update(body).digest('hex');
  const delivery: Delivery = {
    id: world.state.nextId('delivery'),
    guid,
    app,
    event,
    action,
    installationId,
    repositoryId,
    redelivery,
    deliveredAt: world.now().toISOString(),
    durationSeconds: 0,
    status: 'pending',
    statusCode: 0,
    url: app.webhookUrl ?? '',
    request: {
      headers: {
        Accept: '*/*',
        'Content-Type': 'application/json',
        'User-Agent': 'GitHub-Hookshot/044aadd',
        'X-GitHub-Delivery': guid,
        'X-GitHub-Event': event,
        'X-GitHub-Hook-ID': String(app.hookId),
        'X-GitHub-Hook-Installation-Target-ID': String(app.id),
        'X-GitHub-Hook-Installation-Target-Type': 'integration',
        ...(app.webhookSecret === null ? {} : { 'X-Hub-Signature': `sha1=${sign('sha1')}`, 'X-Hub-Signature-256': `sha256=${sign('sha256')}` }),
      },
      payload,
    },
    response: { headers: {}, payload: '' },
  };
  world.state.deliveries.push(delivery);
  return delivery;
}

async function deliver(world: World, delivery: Delivery, timeoutSeconds: number): Promise<void> {
  const body = Buffer.from(JSON.stringify(delivery.request.payload));
  const began = performance.now();
  if (body.length > largestPayloadBytes) {
    delivery.status = 'payload too large';
    return;
  }
  try {
    const answer = await post(delivery.url, delivery.request.headers, body, AbortSignal.any([AbortSignal.timeout(timeoutSeconds * 1000), world.stopping]));
    delivery.statusCode = answer.status;
    delivery.status = answer.status >= 200 && answer.status < 300 ? 'OK' : `Invalid HTTP Response: ${answer.status}`;
    delivery.response = { headers: answer.headers, payload: answer.body };
  } catch (error) {
    delivery.status = (error as Error).name === 'AbortError' || (error as Error).name === 'TimeoutError' ? 'timed out' : 'failed to connect to host';
  }
  delivery.durationSeconds = Math.round((performance.now() - began) / 10) / 100;
  delivery.deliveredAt = world.now().toISOString();
}

/** One connection per delivery: a kept-alive one would hold the receiver's server open. */
function post(url: string, headers: Record<string, string>, body: Buffer, signal: AbortSignal): Promise<{ status: number; headers: Record<string, string>; body: string }> {
  return new Promise((resolve, reject) => {
    const make = url.startsWith('https:') ? httpsRequest : httpRequest;
    const outgoing = make(url, { method: 'POST', agent: false, signal, headers: { ...headers, 'Content-Length': body.length, Connection: 'close' } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const answered = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
        resolve({ status: incoming.statusCode ?? 0, headers: answered, body: Buffer.concat(chunks).toString('utf8').slice(0, 65_536) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Against @octokit/webhooks-schemas, each event's schema compiled at its first use. */
function payloadValidator(): (event: string, action: string | null, payload: unknown) => string[] {
  let ajv: Ajv | undefined;
  const compiled = new Map<string, ValidateFunction>();
  return (event, action, payload) => {
    if (ajv === undefined) {
      ajv = new Ajv({ strict: false, logger: false, validateSchema: false, ...quickly });
      (formats as unknown as (instance: Ajv) => void)(ajv);
      ajv.addFormat('uri-template', /^[^\s"<>\\^`]*$/);
      ajv.addSchema(JSON.parse(readFileSync(createRequire(import.meta.url).resolve('@octokit/webhooks-schemas/schema.json'), 'utf8')) as Record<string, unknown>, 'webhooks');
    }
    const name = `${event}$${action ?? 'event'}`;
    let validate = compiled.get(name);
    if (validate === undefined) {
      validate = ajv.getSchema(`webhooks#/definitions/${name}`);
      if (validate === undefined) return [`there is no schema ${name}`];
      compiled.set(name, validate);
    }
    return validate(payload) ? [] : sentences(validate);
  };
}
