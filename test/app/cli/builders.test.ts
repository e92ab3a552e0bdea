// What does the command line say of builders?

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { Command } from 'commander';
import { builderCommands } from '../../../app/cli/builder-commands.ts';
import type { Ask } from '../../../app/control/ask.ts';

const builder = { id: 'b1', version: '0.1.0', classes: { small: {}, large: {} }, capacity: { cpus: 8, memoryBytes: 16e9 }, used: { cpus: 2, memoryBytes: 4e9 }, draining: false, connected: true, seenAt: '2026-05-01T12:00:00.000Z', sandboxes: [{}, {}] };

async function run(t: TestContext, args: string[], answer: unknown): Promise<{ out: string; err: string; asked: unknown[] }> {
  const said = { out: '', err: '', asked: [] as unknown[] };
  const ask = ((operation: string, input: unknown) => {
    said.asked.push([operation, input]);
    return Promise.resolve(answer);
  }) as Ask;
  const program = new Command().exitOverride();
  builderCommands(program, () => Promise.resolve(ask));
  const writes = [t.mock.method(process.stdout, 'write', (text: string) => Boolean((said.out += text))), t.mock.method(process.stderr, 'write', (text: string) => Boolean((said.err += text)))];
  try {
    await program.parseAsync(['node', 'roundhouse', ...args]);
  } finally {
    for (const write of writes) write.mock.restore();
  }
  return { ...said, out: stripVTControlCharacters(said.out) };
}

test('a line for each, or an object', async (t) => {
  const builders = [builder, { ...builder, id: 'b\u001b[31m2', draining: true, sandboxes: [{}] }, { ...builder, id: 'b3', connected: false }];
  const { out } = await run(t, ['builders'], { builders });
  assert.deepEqual(out.split('\n').map((line) => line.split('  ').slice(0, 5)), [
    ['b1', 'takes work', '2 of 8 CPUs', '4.0 of 16.0 GB', '2 sandboxes'],
    ['b [31m2', 'draining', '2 of 8 CPUs', '4.0 of 16.0 GB', '1 sandbox'],
    ['b3', 'gone since 2026-05-01 12:00 UTC', '2 of 8 CPUs', '4.0 of 16.0 GB', '2 sandboxes'],
    [''],
  ]);
  const json = await run(t, ['builders', '--json'], { builders });
  assert.deepEqual(json.out.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown), builders);
});

test('where there is none, how to get one', async (t) => {
  const { out, err } = await run(t, ['builders'], { builders: [] });
  assert.deepEqual([out, err], ['', 'No builder was ever seen. Start one: roundhouse builder\n']);
});

test('drain and resume name the builder, and say what comes next', async (t) => {
  const drained = await run(t, ['drain', 'b1'], { sandboxes: 1 });
  assert.deepEqual([drained.asked, drained.err], [[['builders.drain', { builder: 'b1' }]], 'Builder b1 takes no new work. It still runs 1 sandbox. Back to work: roundhouse resume b1\n']);
  const resumed = await run(t, ['resume', 'b1'], {});
  assert.deepEqual([resumed.asked, resumed.err], [[['builders.resume', { builder: 'b1' }]], 'Builder b1 takes work.\n']);
});
