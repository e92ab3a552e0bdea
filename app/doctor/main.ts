// The process `roundhouse doctor`: is this machine ready, and if not, which command mends it?

import { styleText } from 'node:util';
import { factsOf } from '../../activities/adapters/machine.ts';
import { openStore, tryStore } from '../../activities/adapters/store.ts';
import { connectClient } from '../../activities/adapters/temporal.ts';
import { runDoctor, type Check } from '../../activities/builder/doctor.ts';
import { machineChecks } from '../../activities/builder/machine-checks.ts';
import { readGitHubApp } from '../github-app.ts';
import { endOnTrouble } from '../process.ts';
import { readSettings } from '../read-settings.ts';
import { findTemporal } from '../up/all.ts';
import type { Settings } from '../../config-schema/settings.ts';

await endOnTrouble(async () => {
  const { json } = JSON.parse(process.argv[2] ?? '{}') as { json?: true };
  const settings = await readSettings();
  const checks = [...machineChecks(await factsOf(settings, () => findTemporal(settings.cache))), storeCheck(settings), temporalCheck(settings), githubCheck(settings)];
  const findings = await runDoctor(checks);
  for (const finding of findings) {
    if (json) process.stdout.write(`${JSON.stringify(finding)}\n`);
    else process.stdout.write(`${finding.ok ? styleText('green', 'ok     ') : styleText('red', 'problem')} ${finding.check}: ${finding.detail}${finding.ok || finding.remedy === undefined ? '' : `\n        mend it: ${finding.remedy}`}\n`);
  }
  return findings.every(({ ok }) => ok) ? 0 : 1;
});

function storeCheck(settings: Settings): Check {
  const { store } = settings;
  return {
    name: 'store',
    async look() {
      await tryStore(openStore(settings));
      return { ok: true, detail: store.kind === 'file' ? `a folder, ${store.folder}` : `s3://${store.bucket}/${store.prefix} at ${settings.s3Endpoint ?? 'Amazon S3'}` };
    },
  };
}

function temporalCheck(settings: Settings): Check {
  return {
    name: 'Temporal server',
    async look() {
      const { temporalAddress } = settings;
      const answers = await connectClient(settings).then(
        (client) => client.connection.close().then(() => true),
        () => false,
      );
      if (answers) return { ok: true, detail: `answers at ${temporalAddress}` };
      // Unless the operator set an address, `up` starts the embedded one.
      if (process.env.TEMPORAL_ADDRESS === undefined) return { ok: true, detail: `not running now; roundhouse up starts it at ${temporalAddress}` };
      return { ok: false, detail: `does not answer at ${temporalAddress}`, remedy: 'start it, or correct TEMPORAL_ADDRESS' };
    },
  };
}

function githubCheck(settings: Settings): Check {
  return {
    name: 'GitHub App',
    async look() {
      const app = await readGitHubApp(settings);
      // What works without an App, `run` and `demo`, works; what is missing is said by `up`, too.
      if (!app) return { ok: true, detail: 'none is configured, so no push arrives; make one: roundhouse setup' };
      return { ok: true, detail: `App ${app.appId} on ${app.host ?? 'github.com'}` };
    },
  };
}
