// What holds of every plan, tried on the configs of other people?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig } from '../../../config-schema/compile.ts';
import { sampleValues } from '../../../config-schema/pipeline-values.ts';
import { graphOf, type Plan } from '../../../config-schema/plan.ts';
import { absent, orbsFor, sharedFiles, sharedOrbs, sharedText } from './shared.ts';

suite('plans of real configs', { skip: absent }, () => {
  const orbs = absent ? new Map() : sharedOrbs();
  const refs = [{ branch: 'main' }, { branch: 'feature/x' }, { tag: 'v1.2.3' }];
  let plans = 0;

  for (const path of sharedFiles('configs/{real,extra}/*.yml')) {
    const text = sharedText(path);
    const known = orbsFor(text, path, orbs);
    test(path, () => {
      for (const ref of refs) {
        const compiled = compileConfig(text, { path, orbs: known, values: sampleValues(ref) });
        // Whether it must compile is asked elsewhere.
        if ('errors' in compiled) continue;
        plans++;
        check(compiled.plan);
        assert.doesNotThrow(() => graphOf(compiled.plan));
        const lines = text.split('\n').length;
        for (const { line, message } of compiled.notYet) assert.ok(line >= 1 && line <= lines && message.includes('not supported yet'), message);
      }
    });
  }

  test('most of them compile', () => assert.ok(plans > 200, `${plans} plans`));
});

function check({ workflows, jobs }: Plan): void {
  for (const workflow of workflows) {
    const names = workflow.jobs.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length, `${workflow.name}: names are unique`);
    assert.ok(workflow.jobs.some(({ requires }) => requires.length === 0), `${workflow.name}: something can start`);
    for (const { name, type, job, requires } of workflow.jobs) {
      assert.equal(type === 'build', Object.hasOwn(jobs, job), `${name}: a build, and only a build, has a job`);
      for (const required of requires) assert.ok(names.includes(required.job) && required.statuses.length > 0, `${name} requires ${required.job}`);
    }
  }
  for (const { name, steps, executor } of Object.values(jobs)) {
    assert.ok(steps.length > 0, `${name}: has steps`);
    if (executor.kind === 'docker') assert.notEqual(executor.image, '', `${name}: has an image`);
    for (const step of steps) {
      assert.notEqual(step.name, '', `${name}: each step has a name`);
      if (step.kind === 'run') assert.ok(step.command.trim() !== '' && step.noOutputTimeoutSeconds > 0, `${name}: ${step.name}`);
      if (step.kind === 'restore_cache') assert.ok(step.keys.length > 0, `${name}: ${step.name}`);
    }
  }
}
