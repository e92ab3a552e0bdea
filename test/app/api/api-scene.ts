// The API over HTTP behind the real door, with people of the local GitHub and pipelines made by hand. Every answer must be as the description says.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { uuidOf } from '../../../activities/uuid.ts';
import { createApi, type ApiPorts } from '../../../app/api/api.ts';
import { openapi } from '../../../app/api/openapi.ts';
import type { RoutePorts } from '../../../app/api/ports.ts';
import { routes } from '../../../app/api/routes.ts';
import { Refused } from '../../../app/control/operation.ts';
import { runOperation } from '../../../app/control/run-operation.ts';
import { whyOperations, type WhyPorts } from '../../../app/control/why-operations.ts';
import type { TokenKind } from '../../../app/page/access/tokens.ts';
import { buildLine, type PipelineView } from '../../../config-schema/view.ts';
import { behindTheDoor } from '../page/door-scene.ts';

export type Answer = { status: number; body: any; headers: Headers };
export type Program = {
  token: string;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
};

export const description = openapi(routes({} as RoutePorts)) as any;
const ajv = new Ajv2020({ strict: false });
(addFormats as unknown as (to: Ajv2020) => void)(ajv);
ajv.addSchema({ ...description, $id: 'api' });

const pointer = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');

function checkAnswer(method: string, path: string, status: number, body: unknown): void {
  const [plain] = path.split('?', 1);
  const found = Object.keys(description.paths).filter((each) => new RegExp(`^${each.replace(/\{\w+\}/g, '[^/]+')}$`).test(plain!) && description.paths[each][method]);
  const template = found.find((each) => !each.includes('{id}')) ?? found[0];
  const schema = template === undefined || status >= 400 ? 'api#/components/schemas/Message' : `api#/paths/${pointer(template)}/${method}/responses/${status}/content/application~1json/schema`;
  const validate = ajv.getSchema(schema);
  assert.ok(validate, `the description lacks ${status} of ${method} ${template}`);
  assert.ok(validate(body), `${method} ${path}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(body)}`);
}

/** acme/rocket is private; ada may write there, rae may read it, eve may not see it. `views` are its pipelines. */
export async function apiOf(t: TestContext, views: PipelineView[], more: Pick<ApiPorts, 'mostPerMinute'> = {}) {
  const scene = await behindTheDoor(t);
  scene.github.createUser('rae');
  scene.github.addCollaborator('acme/rocket', 'rae', 'read');
  const { store } = scene.page;
  const done: unknown[] = [];
  const errors: unknown[] = [];
  const pipelineById = (repositoryId: number, number: number): Promise<PipelineView | null> => Promise.resolve(views.find((view) => view.repository.id === repositoryId && view.number === number) ?? null);
  const readPipeline = (owner: string, name: string, number: number): Promise<PipelineView | null> => pipelineById(owner === 'acme' && name === 'rocket' ? 42 : 0, number);
  const lists: RoutePorts['lists'] = {
    async pipelines({ branch }, { limit, before, readable }) {
      const allowed = await readable([scene.repository]);
      const lines = allowed.has(42) ? views.map(buildLine).filter(({ ref }) => branch === undefined || ref === `refs/heads/${branch}`) : [];
      const from = Number(before ?? 0);
      return { lines: lines.slice(from, from + limit), next: from + limit < lines.length ? String(from + limit) : null, complete: true, temporalAway: false, open: { running: 0, waiting: 0 }, filtersLookAt: null };
    },
    reload: () => Promise.resolve(),
  };
  const why = whyOperations({ readPipeline, lists, store } as Partial<WhyPorts> as WhyPorts);
  const handler = createApi({
    access: scene.door.access,
    viewerOfToken: scene.door.viewerOfToken,
    repository: (owner, name) => Promise.resolve(owner === 'acme' && name === 'rocket' ? scene.repository : null),
    pipelineById,
    openViews: () => Promise.resolve(views.filter(({ state }) => state !== 'ended')),
    store,
    lists,
    uuidOf,
    host: 'github.example',
    publicUrl: 'https://ci.example.org',
    ask: async <T>(operation: string, input: unknown, asker: Parameters<RoutePorts['ask']>[2]) => (await runOperation(why[operation]!, input, asker)) as T,
    trigger: (asked, by, asker) => {
      if (asked.branch === 'gone') return Promise.reject(new Refused('acme/rocket has no branch gone. Correct the name, or push it first.'));
      done.push({ trigger: asked, by: by.by.login, event: by.event, from: asker.from.split(' ')[0] });
      return Promise.resolve(8);
    },
    rerun: (view, what, by) => (done.push({ rerun: view.number, what, by: by?.login }), Promise.resolve(view.state === 'ended' ? 8 : view.number)),
    cancel: (view, part, asker) => (done.push({ cancel: view.number, ...part, who: asker.who.replace(/\d+/, 'N') }), Promise.resolve()),
    approve: (view, job) => (done.push({ approve: view.number, ...job }), Promise.resolve()),
    allow: (view) => (done.push({ allow: view.number }), Promise.resolve()),
    handIn: (slice, attempt, { configuration, parameters }) => (done.push({ handIn: slice, attempt, configuration, parameters }), Promise.resolve(configuration === 'again' ? 'A pipeline goes on once, and job setup has handed in a config before.' : null)),
    log: { error: (fields) => void errors.push(fields) },
    now: () => scene.clock.now,
    ...more,
  });
  // As in the app: what is not for the API is for the page.
  const server = createServer((req, res) => {
    void handler(req, res).then((taken) => {
      if (taken) return;
      req.pipe(request({ port: scene.page.port, method: req.method, path: req.url, headers: req.headers }, (answer) => void answer.pipe(res.writeHead(answer.statusCode!, answer.headers))));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function send(method: 'get' | 'post', path: string, headers: Record<string, string>, body?: unknown): Promise<Answer> {
    const answer = await fetch(`${url}/api/v2${path}`, { method: method.toUpperCase(), headers, ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }) });
    const text = await answer.text();
    const read: unknown = JSON.parse(text);
    if (path !== '/openapi.json') checkAnswer(method, path, answer.status, read);
    return { status: answer.status, body: read, headers: answer.headers };
  }
  const programWith = (token: string, by: Record<string, string> = { authorization: `Bearer ${token}` }): Program => ({
    token,
    get: (path, headers = {}) => send('get', path, { ...by, ...headers }),
    post: (path, body, headers = {}) => send('post', path, { ...by, ...headers }, body),
  });
  return {
    ...scene,
    store,
    url,
    /** What was asked of the rest of the app. */
    done,
    errors,
    anybody: programWith('', {}),
    programWith,
    /** A program of the person's. */
    async program(login: string, kind: TokenKind, repository = null as typeof scene.repository | null): Promise<Program> {
      const { id } = (await (await fetch(`http://${scene.github.host}/api/v3/users/${login}`)).json()) as { id: number };
      return programWith(await scene.door.tokens.make({ person: { id, login }, name: 'test', kind, repository, days: 1 }));
    },
  };
}
