// How do our processes reach the Temporal server?

import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type TLSConfig } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection, bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { payloadCodec, readKeyRing } from './payload-codec.ts';

export type TemporalSettings = {
  address: string;
  namespace: string;
  apiKey?: string;
  tls?: { certFile?: string; keyFile?: string; caFile?: string };
  payloadKeyFile: string;
};

const workflowsFolder = fileURLToPath(new URL('../../workflows', import.meta.url));

export async function dataConverter(payloadKeyFile: string): Promise<DataConverter> {
  return {
    payloadCodecs: [payloadCodec(await readKeyRing(payloadKeyFile))],
    failureConverterPath: join(workflowsFolder, 'failure-converter.ts'),
  };
}

export async function connectClient(settings: TemporalSettings): Promise<Client> {
  const connection = await Connection.connect(await connectionOptions(settings));
  return new Client({ connection, namespace: settings.namespace, dataConverter: await dataConverter(settings.payloadKeyFile) });
}

export async function connectWorkers(settings: TemporalSettings): Promise<NativeConnection> {
  return NativeConnection.connect(await connectionOptions(settings));
}

async function connectionOptions({ address, apiKey, tls }: TemporalSettings): Promise<{ address: string; apiKey?: string; tls?: TLSConfig | boolean }> {
  const files = tls && {
    ...(tls.caFile !== undefined && { serverRootCACertificate: await readFile(tls.caFile) }),
    ...(tls.certFile !== undefined && tls.keyFile !== undefined && { clientCertPair: { crt: await readFile(tls.certFile), key: await readFile(tls.keyFile) } }),
  };
  return { address, ...(apiKey !== undefined && { apiKey, tls: true }), ...(files && Object.keys(files).length > 0 && { tls: files }) };
}

/** The bundled temporal workflows; bundling takes seconds, so the cache folder keeps it by its content. */
export async function workflowBundle(cacheFolder: string): Promise<WorkflowBundleWithSourceMap> {
  const file = join(cacheFolder, 'workflows', `${await hashOfSources()}.js`);
  try {
    return { code: await readFile(file, 'utf8'), sourceMap: '' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const bundle = await bundleWorkflowCode({
    workflowsPath: join(workflowsFolder, 'index.ts'),
    failureConverterPath: join(workflowsFolder, 'failure-converter.ts'),
    logger: { log: () => undefined, trace: () => undefined, debug: () => undefined, info: () => undefined, warn: () => undefined, error: (message) => process.stderr.write(`${message}\n`) },
  });
  await mkdir(join(cacheFolder, 'workflows'), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, bundle.code);
  await rename(temporary, file);
  return bundle;
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const root = join(workflowsFolder, '..');
  const sdk = JSON.parse(await readFile(join(root, 'node_modules/@temporalio/workflow/package.json'), 'utf8')) as { version: string };
  hash.update(sdk.version);
  for (const folder of ['workflows', 'config-schema']) {
    for (const name of (await readdir(join(root, folder))).sort()) {
      if (name.endsWith('.ts')) hash.update(name).update(await readFile(join(root, folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 20);
}
