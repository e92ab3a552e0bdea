// Does what compiles with the original compile with us? Configs of public repositories, with the orbs that they use.
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { suite, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { compileConfig, printConfig, processConfig } from '../../../config-schema/compile.ts';
import type { Plan } from '../../../config-schema/plan.ts';
import { printNode } from '../../../config-schema/language/print.ts';
import { collectProblems } from '../../../config-schema/language/problems.ts';
import { readYaml } from '../../../config-schema/language/yaml.ts';
import { arePlaced } from './judging.ts';
import { absent, orbsFor, sharedFiles, sharedOrbs, sharedText } from './shared.ts';

/** What is wrong with the few that are invalid, or use an orb that nobody has. */
const faults: Record<string, RegExp> = {
  'configs/real/hashicorp__memberlist.yml': /There are no workflows or build jobs in the config/,
  'configs/real/CircleCI-Public__cimg-node.yml': /Cannot find circleci\/cimg@0\.6\.2 in the orb registry/,
  'configs/real/filecoin-project__specs-actors.yml': /Cannot find gotest\/tools@0\.0\.9 in the orb registry/,
  // These two are continued into by a setup config that brings the orb under test.
  'configs/extra/CircleCI-Public__python-orb__test-deploy.yml': /Cannot find circleci\/python@dev:\w+ in the orb registry/,
  'configs/extra/cypress-io__circleci-orb__test-deploy.yml': /Cannot find a definition for (?:executor|command|job) named cypress\//,
  'fixtures/inferconfig/expected/circleci-demo-python-django.yml': /Cannot find circleci\/python@2 in the orb registry/,
  'fixtures/inferconfig/expected/circleci-demo-python-flask.yml': /Cannot find circleci\/python@2 in the orb registry/,
  'fixtures/inferconfig/expected/circleci-demo-ruby-rails.yml': /Cannot find circleci\/ruby@2\.0\.1 in the orb registry/,
  'fixtures/inferconfig/expected/sample-php-laravel.yml': /Cannot find circleci\/php@1 in the orb registry/,
};

suite('configs of public repositories', { skip: absent }, () => {
  const all = absent ? new Map() : sharedOrbs();
  const count = { compiled: 0, refused: 0 };

  for (const file of sharedFiles('{configs/real,configs/extra,fixtures/inferconfig/expected}/*.yml'))
    test(file, () => {
      const text = sharedText(file);
      const orbs = orbsFor(text, file, all);
      const compiled = compileConfig(text, { path: file, orbs });
      const errors = 'errors' in compiled ? compiled.errors.filter(({ severity }) => severity === 'error') : [];
      const said = errors.map(({ line, column, message }) => `${line}:${column} ${message}`);
      const fault = faults[file];
      arePlaced('errors' in compiled ? compiled.errors : [...compiled.plan.warnings, ...compiled.notYet], text);
      if (fault) {
        assert.ok(said.length > 0 && said.every((each) => fault.test(each)), said.join('\n') || 'it compiles');
        count.refused++;
        return;
      }
      assert.deepEqual(said, []);
      assert.ok('plan' in compiled);
      count.compiled++;

      // As `config pack` prints a config that is one file.
      const source = { path: file, text };
      const again = compileConfig(printNode(readYaml(source, collectProblems(source))!), { path: file, orbs });
      assert.ok('plan' in again && isDeepStrictEqual(withoutPlaces(again.plan), withoutPlaces(compiled.plan)), 'printed anew it means the same');

      const printed = printOf(text, file, orbs);
      assert.ok(isDeepStrictEqual(parsed(printOf(printed, file, new Map())), parsed(printed)), 'the processed config is a config, and the same again');
    });

  for (const file of sharedFiles('configs/v1/*.yml'))
    test(`${file}: is told apart, and never thrown at`, () => {
      const text = sharedText(file);
      const compiled = compileConfig(text, { path: file, orbs: orbsFor(text, file, all) });
      if (!('errors' in compiled)) return assert.match(text, /^(?:version|jobs|workflows):/m);
      arePlaced(compiled.errors, text);
      assert.ok(compiled.errors.some(({ severity }) => severity === 'error'));
    });

  test('how many', (t) => {
    t.diagnostic(`${count.compiled} configs compile, ${count.refused} are refused for the known reason, of ${sharedFiles('configs/real/*.yml').map((file) => basename(file)).length} real and ${sharedFiles('configs/extra/*.yml').length} further ones`);
    assert.equal(count.refused, Object.keys(faults).length);
    assert.ok(count.compiled >= 80);
  });
});

/** Sentences name lines. */
const withoutPlaces = ({ filtered = [], off = [], ...plan }: Plan): object => ({ ...plan, warnings: [], filtered: filtered.map(({ workflow, name }) => `${workflow}/${name}`), off: off.map(({ workflow }) => workflow) });

function printOf(text: string, path: string, orbs: ReturnType<typeof sharedOrbs>): string {
  const done = processConfig(text, { path, orbs });
  if ('errors' in done) assert.fail(done.errors.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return printConfig(done.processed);
}

/** In version 2 there are no setup configs. */
function parsed(printed: string): object {
  const { setup: _, ...rest } = parse(printed, { maxAliasCount: -1 }) as { setup?: true };
  return rest;
}
