// Where is the machine looked at: in the setup, and at any time later?

import type { PageApp } from '../env.ts';
import { show } from '../env.ts';
import { doctorRuns } from './doctor-runs.ts';
import { doctorPath, doctorView, machineView } from './machine-view.ts';
import type { Setup } from './setup-routes.ts';
import { stepPath } from './steps.ts';

export function machineRoutes(app: PageApp, { setup, found, sights }: Setup): void {
  const doctor = doctorRuns(() => setup.doctor());

  app.get(stepPath('machine'), async (c) => {
    const seen = await sights();
    const { findings } = doctor.last();
    found.set('machine', seen.some(({ connected }) => connected) && (findings ?? []).every(({ ok }) => ok));
    return show(c, machineView(seen, doctor.last(), c.get('viewer'), found));
  });
  app.get(doctorPath, (c) => show(c, doctorView(doctor.last(), c.get('viewer'))));

  for (const path of [stepPath('machine'), doctorPath]) {
    app.post(path, (c) => {
      doctor.look();
      return c.redirect(path, 303);
    });
  }
}
