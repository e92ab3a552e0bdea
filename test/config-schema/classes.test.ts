import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { clampClass, defaultClasses } from '../../config-schema/classes.ts';

suite('the class of a job', () => {
  const names = 'small, medium, medium+, large, xlarge, 2xlarge, 2xlarge+';
  const all = Object.keys(defaultClasses);
  const rows: [string, string | null, string, string[], string, string | null][] = [
    ['that names one is that one', 'large', 'medium', all, 'large', null],
    ['that names one which nobody offers waits for it', '2xlarge', 'medium', ['small'], '2xlarge', null],
    ['that names none is the default', null, 'medium', all, 'medium', null],
    ['that names one which is not in the table is the default', 'gpu.nvidia.large', 'medium', all, 'medium', `resource_class: there is no class gpu.nvidia.large here; the job runs as medium. Classes are ${names}.`],
    ['called constructor is not in the table', 'constructor', 'medium', all, 'medium', `resource_class: there is no class constructor here; the job runs as medium. Classes are ${names}.`],
    ['is clamped to the largest that fits', null, 'xlarge', ['small', 'large', 'medium'], 'large', `resource_class: no builder offers the default class xlarge; the job runs as large. Classes are ${names}.`],
    ['is clamped to the smallest where none fits', 'huge', 'small', ['xlarge', 'large'], 'large', `resource_class: there is no class huge here; the job runs as large. Classes are ${names}.`],
    ['is not clamped while there is no builder', null, 'medium', [], 'medium', null],
    ['is not clamped to what the table lacks', null, 'medium', ['arm.medium'], 'medium', null],
  ];
  for (const [name, named, standard, offered, expected, line] of rows)
    test(name, () => assert.deepEqual(clampClass(named, defaultClasses, standard, offered), { class: expected, limits: defaultClasses[expected], line }));

  test('cannot be chosen without a default', () => assert.throws(() => clampClass(null, defaultClasses, 'nope', []), /default class nope is not in the table/));
});

test("the original's sizes", () => {
  const GiB = 1024 ** 3;
  assert.deepEqual(
    Object.entries(defaultClasses).map(([name, { cpus, memoryBytes }]) => [name, cpus, memoryBytes / GiB]),
    [['small', 1, 2], ['medium', 2, 4], ['medium+', 3, 6], ['large', 4, 8], ['xlarge', 8, 16], ['2xlarge', 16, 32], ['2xlarge+', 20, 40]],
  );
});
