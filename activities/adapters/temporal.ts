// How do our processes reach the Temporal server?

import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions, type TLSConfig } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import Long from 'long';
import { DefaultLogger, NativeConnection, Runtime, bundleWorkflowCode, makeTelemetryFilterString, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { failureTypes } from '../../config-schema/queues.ts';
import type { Settings } from '../../config-schema/settings.ts';
import { payloadCodec, readKeyRing } from './payload-codec.ts';

export type TemporalSettings = Pick<
  Settings,
  | 'temporalAddress'
  | 'temporalNamespace'
  | 'temporalApiKey'
  | 'temporalTls'
  | 'temporalTlsClientCertPath'
  | 'temporalTlsClientKeyPath'
  | 'temporalTlsServerCaCertPath'
  | 'temporalTlsServerName'
  | 'payloadKeyFile'
>;

const workflowsFolder = fileURLToPath(new URL('../../workflows', import.meta.url));

/** Call once, before anything else: what the SDK says goes to the operator's log from warnings on, and signals are ours to hear. */
export function installRuntime(log: { warn: (fields: object, message: string) => void; error: (fields: object, message: string) => void }): void {
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    // That a builder is full is said by the ledger, and no failure.
    if (/^No workflows registered/.test(message) || (meta?.error as { type?: string } | undefined)?.type === failureTypes.builderFull) return;
    log[level === 'ERROR' ? 'error' : 'warn']({ temporal: meta ?? {} }, message);
  });
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } } });
}

export async function dataConverter(payloadKeyFile: string): Promise<DataConverter> {
  return {
    payloadCodecs: [payloadCodec(await readKeyRing(payloadKeyFile))],
    failureConverterPath: join(workflowsFolder, 'failure-converter.ts'),
  };
}

/** Told of every call to the server, also of those that are then tried again. `code` is gRPC's; 0 is well. */
export type CallWatch = (operation: string, code: number, ms: number) => void;

export async function connectClient(settings: TemporalSettings, watch?: CallWatch): Promise<Client> {
  const connection = await Connection.connect({ ...(await connectionOptions(settings)), ...(watch && { interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), watching(watch)] }) });
  return new Client({ connection, namespace: settings.temporalNamespace, dataConverter: await dataConverter(settings.payloadKeyFile) });
}

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

function watching(watch: CallWatch): Interceptor {
  return (options, nextCall) => {
    const call = nextCall(options);
    const start = call.start.bind(call);
    call.start = (metadata, listener) => {
      const began = performance.now();
      start(metadata, {
        onReceiveMetadata: (received) => listener?.onReceiveMetadata?.(received),
        onReceiveMessage: (message) => listener?.onReceiveMessage?.(message),
        onReceiveStatus: (status) => {
          watch(options.method_definition.path.split('/').at(-1)!, status.code, performance.now() - began);
          listener?.onReceiveStatus?.(status);
        },
      });
    };
    // It wants its own class, and takes whatever can be called like one.
    return call as ReturnType<Interceptor>;
  };
}

export async function connectWorkers(settings: TemporalSettings): Promise<NativeConnection> {
  return NativeConnection.connect(await connectionOptions(settings));
}

/** All that a worker of temporal workflows needs. */
export async function workflowSide(settings: TemporalSettings & Pick<Settings, 'cache'>): Promise<{ connection: NativeConnection; namespace: string; dataConverter: DataConverter; workflowBundle: WorkflowBundleWithSourceMap }> {
  return {
    connection: await connectWorkers(settings),
    namespace: settings.temporalNamespace,
    dataConverter: await dataConverter(settings.payloadKeyFile),
    workflowBundle: await workflowBundle(settings.cache),
  };
}

/** The server may start after us. */
export async function untilItAnswers<T>(connect: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let delayMs = 100; ; delayMs = Math.min(delayMs * 1.5, 5000)) {
    try {
      return await connect();
    } catch (error) {
      if (signal.aborted) throw error;
      await sleep(delayMs, undefined, { signal });
    }
  }
}

/** Ended workflows answer for repeated deliveries and pages: for as long as GitHub redelivers, and some days more. */
const secondsKept = 7 * 24 * 60 * 60;

/** The development server forgets ended workflows after a day. What keeps them longer is left as it is; where we may not change it, the operator decides. */
export async function keepHistory({ workflowService }: Client, namespace: string): Promise<void> {
  const { config } = await workflowService.describeNamespace({ namespace });
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  if (seconds >= secondsKept) return;
  await workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: { seconds: Long.fromNumber(secondsKept) } } }).catch(() => undefined);
}

async function connectionOptions(settings: TemporalSettings): Promise<{ address: string; apiKey?: string; tls: TLSConfig | boolean }> {
  const { temporalAddress: address, temporalApiKey: apiKey, temporalTls, temporalTlsServerName: serverName } = settings;
  const read = async (path: string | null): Promise<Buffer | null> => (path === null ? null : readFile(path));
  const [cert, key, ca] = await Promise.all([settings.temporalTlsClientCertPath, settings.temporalTlsClientKeyPath, settings.temporalTlsServerCaCertPath].map(read));
  const tls: TLSConfig = {
    ...(ca && { serverRootCACertificate: ca }),
    ...(cert && key && { clientCertPair: { crt: cert, key } }),
    ...(serverName !== null && { serverNameOverride: serverName }),
  };
  const speaksTls = temporalTls ?? (apiKey !== null || Object.keys(tls).length > 0);
  return { address, ...(apiKey !== null && { apiKey }), tls: speaksTls && tls };
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
