// How much do we ask of GitHub?

import type { Bench } from './bench.ts';
import type { Instance } from './instance.ts';
import { image } from './one-job.ts';

const jobs = 20;

/** The app's own rounds, which it makes when it starts and every few minutes. */
const ofNoPipeline = /^GET \/(app|installation)\//;

/** Everything that one pipeline asks, from its webhook to its last check: tokens, the config, the checks. */
export async function benchScale(bench: Bench, { github, repository }: Instance): Promise<void> {
  const names = Array.from({ length: jobs }, (_, i) => `job${i}`);
  const config = `version: 2.1
jobs:
${names.map((name) => `  ${name}: {docker: [{image: "${image}"}], steps: [checkout, {run: "true"}]}`).join('\n')}
workflows: {all: {jobs: [${names.join(', ')}]}}
`;
  const push = await (await repository('scale', { '.circle.yml': config })).commit();
  bench.say(`scale: one push of ${jobs} jobs …`);
  const before = github.requests().length;
  await push.send();
  const { outcome } = await push.ended();
  if (outcome !== 'passed') throw new Error(`the pipeline ended as ${outcome}`);
  const asked: Record<string, number> = {};
  for (const { operation, method, path } of github.requests().slice(before)) {
    const what = operation ?? `${method} ${path}`;
    if (!ofNoPipeline.test(what)) asked[what] = (asked[what] ?? 0) + 1;
  }
  bench.print({ figure: 'github-requests-per-pipeline', value: Object.values(asked).reduce((sum, each) => sum + each, 0), unit: 'requests', n: 1, jobs, asked });
}
