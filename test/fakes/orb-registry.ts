// A registry of orbs on this machine: speaks the public registry's published query, and serves the same folder as a mirror.

import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildSchema, graphql } from 'graphql';

/** The part of the published schema that answers `orbVersion`. */
const schema = buildSchema(`
  scalar Date
  type Query { orbVersion(orbVersionRef: String): OrbVersion }
  type OrbVersion { id: ID! version: String! orb: Orb! source: String! createdAt: Date! }
  type Orb { id: ID! name: String! }
`);

export type OrbRegistryServer = {
  /** Takes the query. */
  graphql: string;
  /** The folder, as any web server would serve it. */
  mirror: string;
  /** What was asked: references, and paths of the mirror. */
  asked: string[];
  /** How often somebody asked since it behaves as it does. */
  calls(): number;
  /** From now on. */
  behave(how: 'well' | 'down' | 'silent' | 'rubbish'): void;
  close(): Promise<void>;
};

/** The folder holds NAMESPACE/NAME/VERSION.yml. */
export async function startOrbRegistry(folder: string): Promise<OrbRegistryServer> {
  const asked: string[] = [];
  let calls = 0;
  let how: Parameters<OrbRegistryServer['behave']>[0] = 'well';
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://here');
    const body = await textOf(request);
    calls++;
    if (how === 'silent') return;
    if (how === 'down') return void response.writeHead(503).end();
    if (how === 'rubbish') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Please sign in to the hotel network</title>');
    if (pathname === '/graphql-unstable' && request.method === 'POST') {
      const { query, variables } = JSON.parse(body) as { query: string; variables: Record<string, unknown> };
      const rootValue = {
        orbVersion: ({ orbVersionRef }: { orbVersionRef: string }) => {
          asked.push(orbVersionRef);
          return orbVersion(folder, orbVersionRef);
        },
      };
      const result = await graphql({ schema, source: query, rootValue, variableValues: variables });
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
    }
    if (!pathname.startsWith('/mirror/')) return void response.writeHead(404).end();
    const path = pathname.slice('/mirror/'.length);
    asked.push(path);
    const [namespace = '', name = '', file = ''] = path.split('/').map(decodeURIComponent);
    const text = file === 'versions.txt' ? (await filesOf(folder, namespace, name)).join('\n') : await read(folder, namespace, name, file);
    response.writeHead(text ? 200 : 404).end(text || undefined);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    graphql: `${base}/graphql-unstable`,
    mirror: `${base}/mirror`,
    asked,
    calls: () => calls,
    behave(next) {
      how = next;
      calls = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** As the public registry reads a reference: 1, 1.2 and volatile are the newest release of that kind. */
async function orbVersion(folder: string, reference: string): Promise<object | null> {
  const [, namespace = '', name = '', wanted = ''] = /^(.+)\/(.+)@(.+)$/.exec(reference) ?? [];
  const files = await filesOf(folder, namespace, name);
  const releases = files.flatMap((file) => /^(\d+)[.](\d+)[.](\d+)[.]yml$/.exec(file)?.slice(1).map(Number) ?? []);
  const triples = Array.from({ length: releases.length / 3 }, (_, i) => releases.slice(i * 3, i * 3 + 3)).sort((a, b) => b[0]! - a[0]! || b[1]! - a[1]! || b[2]! - a[2]!);
  const version = /^dev:/.test(wanted) ? wanted : triples.map((triple) => triple.join('.')).find((each) => wanted === 'volatile' || each === wanted || each.startsWith(`${wanted}.`));
  const source = version === undefined ? undefined : await read(folder, namespace, name, `${version.replace('dev:', 'dev-')}.yml`);
  return source === undefined ? null : { id: `id-${version}`, version, source, createdAt: '2026-01-01T00:00:00Z', orb: { id: `id-${name}`, name: `${namespace}/${name}` } };
}

const filesOf = (folder: string, namespace: string, name: string): Promise<string[]> => readdir(join(folder, namespace, name)).catch(() => []);
const read = (folder: string, namespace: string, name: string, file: string): Promise<string | undefined> => readFile(join(folder, namespace, name, file), 'utf8').catch(() => undefined);
