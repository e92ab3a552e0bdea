// The import table of ARCHITECTURE.md is kept by lint: planted violations are found, and what the table allows is let pass.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const root = new URL('..', import.meta.url).pathname;

const clean: Record<string, string> = {
  'config-schema/words.ts': 'export type Word = string;\nexport const word = 1;\n',
  'sandbox-agent/inner.ts': 'export const x = 1;\n',
  'sandbox-agent/protocol.ts': "import { word } from '../config-schema/words.ts';\nexport const protocol = word;\n",
  'activities/activities.ts': "import { protocol } from '../sandbox-agent/protocol.ts';\nexport type Do = { it(): number };\nexport const doIt = protocol;\n",
  'activities/adapters/disk.ts': "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n",
  'workflows/activities.ts': "import type { Do } from '../activities/activities.ts';\nexport type { Do };\n",
  'workflows/decide.ts': "import type { Do } from './activities.ts';\nimport { word } from '../config-schema/words.ts';\nexport const decide = (it: Do): number => it.it() + word;\n",
  'workflows/client.ts': "import { word } from '../config-schema/words.ts';\nexport const client = word;\n",
  'app/page.ts': "import type { Do } from '../activities/activities.ts';\nimport { client } from '../workflows/client.ts';\nexport const page = (it: Do): number => it.it() + client;\n",
  'app/main.ts': "import { read } from '../activities/adapters/disk.ts';\nimport { page } from './page.ts';\nconsole.log(read, page);\n",
  'test/page.test.ts': "import { page } from '../app/page.ts';\nimport { read } from '../activities/adapters/disk.ts';\nconsole.log(page, read);\n",
};

/** Sentences of the lint over the clean tree with these files beside it. */
async function lint(more: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rh-lint-'));
  try {
    for (const [path, content] of Object.entries({ ...clean, ...more })) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) await copyFile(join(root, name), join(folder, name));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const passes = [
      { PASS: 'edges', folders: ['app', 'workflows', 'activities', 'sandbox-agent', 'config-schema', 'test'] },
      { PASS: 'reach', folders: ['workflows'] },
    ];
    const said = await Promise.all(
      passes.map(({ PASS, folders }) =>
        promisify(execFile)(process.execPath, [join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...folders], { cwd: folder, env: { ...process.env, PASS } }).then(
          () => '',
          (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
        ),
      ),
    );
    return said.join('');
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('what the table allows passes', async () => assert.equal(await lint(), ''));

const violations: [string, string, string, string][] = [
  ['config-schema imports nobody', 'config-schema/bad.ts', "import { page } from '../app/page.ts';\nexport const x = page;\n", 'config-schema-is-a-leaf'],
  ['the agent imports no activities', 'sandbox-agent/bad.ts', "import { doIt } from '../activities/activities.ts';\nexport const x = doIt;\n", 'agent-knows-the-words'],
  ['activities do not contain the agent', 'activities/bad.ts', "import { x } from '../sandbox-agent/inner.ts';\nexport const y = x;\n", 'activities-know-words-and-agent-protocol'],
  ['workflows import no activity as a value', 'workflows/bad-value.ts', "import { doIt } from '../activities/activities.ts';\nexport const x = doIt;\n", 'workflows-know-values-of-words-only'],
  ['workflows see activity types through one door', 'workflows/bad-type.ts', "import type { Do } from '../activities/activities.ts';\nexport type X = Do;\n", 'workflows-see-activity-types-through-one-door'],
  ['workflows reach no IO', 'workflows/bad-reach.ts', "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n", 'workflows-cannot-reach-io'],
  ['the app imports no workflow code', 'app/bad-workflow.ts', "import { decide } from '../workflows/decide.ts';\nexport const x = decide;\n", 'app-knows-words-and-the-client'],
  ['the app gets adapters handed in', 'app/bad-adapter.ts', "import { read } from '../activities/adapters/disk.ts';\nexport const x = read;\n", 'adapters-are-wired-in-main'],
  ['nothing imports a main.ts', 'app/bad-main.ts', "import './main.ts';\n", 'nothing-imports-a-main'],
  ['nothing imports a test', 'app/bad-test.ts', "import '../test/page.test.ts';\n", 'nothing-imports-tests'],
];

// Each look at a tree takes seconds: all are planted in one.
test('what it forbids is found, each by its rule', async (t) => {
  const said = await lint(Object.fromEntries(violations.map(([, file, text]) => [file, text])));
  for (const [title, file, , rule] of violations) await t.test(title, () => assert.match(said, new RegExp(`error ${rule}: ${file.replaceAll('.', '[.]')}`)));
});
