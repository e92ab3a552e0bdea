// `roundhouse setup`: make the GitHub App.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { readSettings } from '../read-settings.ts';
import { webhookPath } from '../server.ts';
import { runSetup } from '../setup/setup.ts';

export async function setUp({ organization, url, replace }: { organization?: string; url?: string; replace?: true }): Promise<void> {
  const settings = await readSettings();
  const { name, installUrl } = await runSetup({
    settings: { ...settings, publicUrl: url ?? settings.publicUrl },
    appYml: await readFile(new URL('../../app.yml', import.meta.url), 'utf8'),
    webhookPath,
    organization: organization ?? null,
    name: `roundhouse-${hostname()}`.slice(0, 34),
    ...(replace && { replace }),
    // A machine without a browser has its address on the terminal.
    open: (address) => execFile('xdg-open', [address], () => undefined),
    stdout: process.stderr,
  });
  process.stderr.write(`The GitHub App ${name} is yours. Install it on the repositories that Roundhouse shall build: ${installUrl}\nThen start Roundhouse: roundhouse up. Its page has the rest, step by step: roundhouse page prints an address for it, /-/setup there goes on.\n`);
}
