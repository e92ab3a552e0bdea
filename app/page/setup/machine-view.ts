// Is there a builder, and is this machine well?

import { html } from 'hono/html';
import type { BuilderSight } from '../../../activities/builder/announcement.ts';
import type { Finding } from '../../../activities/builder/doctor.ts';
import type { Viewer } from '../access/access.ts';
import { time, type Html, type Shown } from '../layout.ts';
import type { DoctorRuns } from './doctor-runs.ts';
import { live, next, pressed, stepPage, stepPath, verdict, type Found } from './steps.ts';

type Last = ReturnType<DoctorRuns['last']>;

export const doctorPath = '/-/doctor';

export function machineView(sights: readonly BuilderSight[], last: Last, viewer: Viewer, found: Found): Shown {
  const connected = sights.filter((sight) => sight.connected);
  return stepPage({
    here: 'machine',
    found,
    hasApp: true,
    open: last.running || connected.length === 0,
    body: html`<p>Builders are the processes that run jobs in sandboxes. <code>roundhouse up</code> starts one on this machine.</p>
${live('builders', html`${
      connected.length > 0
        ? verdict('well', connected.length === 1 ? 'One builder is connected.' : `${connected.length} builders are connected.`)
        : verdict('waiting', sights.length === 0 ? 'No builder was ever seen.' : 'No builder is connected now.', 'Start one, as root: roundhouse up, or roundhouse builder where the app runs by itself. It shows here when it has connected.')
    }
${sights.length === 0 ? '' : builders(sights)}`)}
<h2>This machine</h2>
${doctor(last, viewer, stepPath('machine'))}
${next('repository')}`,
  });
}

const builders = (sights: readonly BuilderSight[]): Html => html`<div class="scrolled" role="region" aria-label="Builders" tabindex="0"><table class="list"><thead><tr><th scope="col">Builder</th><th scope="col">Version</th><th scope="col">Classes</th><th scope="col">State</th></tr></thead>
<tbody>${sights.map(({ id, version, classes, connected, draining, seenAt }) => html`<tr><th scope="row">${id}</th><td>${version}</td><td>${Object.keys(classes).join(', ') || 'none'}</td><td>${connected ? (draining ? 'draining: takes no new work' : 'connected') : html`gone since ${time(seenAt)}`}</td></tr>`)}</tbody></table></div>`;

export const doctorView = (last: Last, viewer: Viewer): Shown => ({
  title: 'Doctor',
  trail: [{ text: 'Doctor' }],
  open: last.running,
  scripts: ['setup.js'],
  body: html`<div class="setup"><h1>Doctor</h1><p>What <code>roundhouse doctor</code> finds on the machine of the app.</p>
${doctor(last, viewer, doctorPath)}</div>`,
});

function doctor({ running, findings, endedAt }: Last, viewer: Viewer, to: string): Html {
  const bad = (findings ?? []).filter(({ ok }) => !ok);
  return html`${live('doctor', html`${
    running
      ? html`<p role="status"><span class="running"><span class="sign" aria-hidden="true">●</span> looking</span> It makes and removes a sandbox, so it takes some seconds.</p>`
      : findings === null
        ? html`<p>Nobody has looked yet since the app started.</p>`
        : verdict(bad.length === 0 ? 'well' : 'bad', bad.length === 0 ? 'All is well.' : bad.length === 1 ? 'One thing needs mending.' : `${bad.length} things need mending.`)
  }
${endedAt === null ? '' : html`<p class="quiet">Looked at ${time(endedAt)}</p>`}
${findings === null ? '' : html`<ul class="findings">${[...bad, ...findings.filter(({ ok }) => ok)].map(finding)}</ul>`}
${pressed(viewer, to, findings === null ? 'Look at this machine' : 'Look again')}`)}`;
}

const finding = ({ check, ok, detail, remedy }: Finding): Html => html`<li><span class="badge ${ok ? 'passed' : 'failed'}"><span class="sign" aria-hidden="true">${ok ? '✓' : '✗'}</span> ${ok ? 'well' : 'problem'}</span> <b>${check}</b>: ${detail}${ok || remedy === undefined ? '' : html`<br><span class="remedy">Mend it: ${remedy}</span>`}</li>`;
