// How does a Roundhouse run beside a local GitHub, on ports of its own?

import { freePorts } from './free-ports.ts';

type GitHub = { host: string; app: { id: number; privateKey: string | null } };

/** The settings of all its processes, over those of this one, and the port where webhooks are to be sent. */
export async function besideGitHub(github: GitHub, place: { data: string; builder: string; webhookSecret: string }): Promise<{ env: NodeJS.ProcessEnv; port: number }> {
  const [port, sshPort, temporalPort] = (await freePorts(3)) as [number, number, number];
  const env: NodeJS.ProcessEnv = {
    LOG_LEVEL: 'warn',
    ...process.env,
    ROUNDHOUSE_DATA: place.data,
    ROUNDHOUSE_BUILDER_NAME: place.builder,
    PORT: String(port),
    ROUNDHOUSE_SSH_PORT: String(sshPort),
    ROUNDHOUSE_APP_SSH: `127.0.0.1:${sshPort}`,
    TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
    ROUNDHOUSE_EMBEDDED_TEMPORAL: '1',
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKey!,
    WEBHOOK_SECRET: place.webhookSecret,
    GHE_HOST: github.host,
    GHE_PROTOCOL: 'http',
  };
  return { env, port };
}
