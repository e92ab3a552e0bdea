// The process `roundhouse up`: all of Roundhouse on this machine.

import { readGitHubApp } from '../github-app.ts';
import { aborted, endOnTrouble, whenAsked } from '../process.ts';
import { readSettings } from '../read-settings.ts';
import { allMembers } from './all.ts';
import { startFamily } from './family.ts';
import { untilReady } from './ready.ts';

await endOnTrouble(async () => {
  const settings = await readSettings();
  const asked = whenAsked();
  const say = (line: string): void => void process.stderr.write(`roundhouse: ${line}\n`);
  const github = await readGitHubApp(settings);
  if (!github) say('no GitHub App is configured yet, so no push arrives. Make one: roundhouse setup');

  const family = startFamily(await allMembers(settings, process.env), say);
  await untilReady(settings, asked).then(
    () => say(`ready. The page: ${settings.publicUrl}  Builders dial: ${settings.sshHost}:${settings.sshPort}  Data: ${settings.data}`),
    () => undefined,
  );
  await aborted(asked);
  say('ending; sandboxes and pipelines go on at the next start');
  await family.end();
});
