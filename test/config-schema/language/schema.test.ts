import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { z } from 'zod';
import { toPlain } from '../../../config-schema/language/node.ts';
import { collectProblems } from '../../../config-schema/language/problems.ts';
import { file21 } from '../../../config-schema/language/schema.ts';
import { readYaml } from '../../../config-schema/language/yaml.ts';
import { jobWith } from './compiling.ts';

test('the schema can be printed for editors, and judges as the compiler does', () => {
  const schema = z.toJSONSchema(file21, { target: 'draft-7', io: 'input' });
  const validate = new Ajv({ strict: false, allowUnionTypes: true }).compile(schema);
  const judge = (text: string): boolean => validate(toPlain(readYaml(text, collectProblems({ path: 'x', text }))!));

  assert.equal(judge(`x: 1\n${jobWith('environment: [A=1]\nparallelism: 2\nsteps:\n  - checkout\n  - run: x\n  - run: {command: x, when: always, shell: [sh]}')}workflows: {version: 2, w: {jobs: [build, build: {requires: [a: [failed]]}]}}`), true);
  const wrong = ['stpes: []\nsteps: [checkout]', 'steps: []', 'steps: [rum]', 'steps: [run: {comand: x}]', 'steps: [checkout]\nparallelism: "2"', 'steps: [run: {command: x, when: never}]'];
  for (const lines of wrong) assert.equal(judge(jobWith(lines)), false, lines);
});
