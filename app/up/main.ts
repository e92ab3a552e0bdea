// The process `roundhouse up`: all of Roundhouse on this machine.

import { readGitHubApp } from '../github-app.ts';
import { askControl } from '../control/ask.ts';
import { aborted, endOnTrouble, whenAsked } from '../process.ts';
import { readSettings } from '../read-settings.ts';
import type { Settings } from '../../config-schema/settings.ts';
import { allMembers } from './all.ts';
import { untilAnswering } from './answering.ts';
import { startFamily } from './family.ts';
import { invitation } from './invite.ts';
import { untilReady } from './ready.ts';

await endOnTrouble(async () => {
  const settings = await readSettings();
  const asked = whenAsked();
  const say = (line: string): void => void process.stderr.write(`roundhouse: ${line}\n`);
  const github = await readGitHubApp(settings);
  const family = startFamily(await allMembers(settings, process.env), say);
  if (!github) await invite(settings, asked, say);
  await untilReady(settings, asked).then(
    () => say(`ready. The page: ${settings.publicUrl}  Builders dial: ${settings.sshHost}:${settings.sshPort}  Data: ${settings.data}`),
    () => undefined,
  );
  await aborted(asked);
  say('ending; sandboxes and pipelines go on at the next start');
  await family.end();
});

/** Without a GitHub App there is one thing to do. */
async function invite(settings: Settings, asked: AbortSignal, say: (line: string) => void): Promise<void> {
  const address = await untilAnswering(settings, asked).then(() => invitation(askControl(settings.data)), () => null);
  if (asked.aborted) return;
  say(`no GitHub App is set up yet, so no push arrives; ${address ?? 'make one: roundhouse setup'}`);
}
