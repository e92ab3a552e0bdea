import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite, test } from 'node:test';
import { compileConfig } from '../../../config-schema/compile.ts';
import { toPlain } from '../../../config-schema/language/node.ts';
import { collectProblems } from '../../../config-schema/language/problems.ts';
import { readYaml } from '../../../config-schema/language/yaml.ts';

// Config files of public repositories lie beside the project where it is developed; they are not ours to carry.
const folder = join(import.meta.dirname, '../../../../shared/configs');
const absent = !existsSync(folder) && 'there is no ../shared/configs beside the project';

suite('configs of public repositories', { skip: absent }, () => {
  for (const file of globSync(join(folder, '*/*.yml')).sort())
    test(basename(file), () => {
      const text = readFileSync(file, 'utf8');
      const lines = text.split('\n');
      const problems = collectProblems({ path: file, text });
      const node = readYaml(text, problems);
      // configs/v1 holds texts with errors that the original's more lenient parser let pass; the others are YAML without doubt.
      if (file.includes('/real/')) assert.ok(node && toPlain(node), problems.diagnostics().map(({ message }) => message).join('\n'));

      const compiled = compileConfig(text, { path: '.circleci/config.yml' });
      const found = 'errors' in compiled ? compiled.errors : compiled.plan.warnings;
      if ('errors' in compiled) assert.ok(found.some(({ severity }) => severity === 'error'));
      else assert.ok(compiled.plan.workflows.length > 0);
      for (const { line, column, endLine, message } of found) {
        assert.ok(line >= 1 && line <= lines.length && column >= 1 && column <= lines[line - 1]!.length + 1, `${line}:${column} ${message}`);
        assert.ok(endLine === undefined || (endLine > line && endLine <= lines.length), message);
        assert.match(message, /^\S.*: .+[.!]$/s, 'says where, what, remedy');
      }
    });

  test('what is within the first cut compiles', () => {
    const compiled = compileConfig(readFileSync(join(folder, 'real/angular__angular-cli.yml'), 'utf8'), { path: 'x' });
    assert.ok('plan' in compiled);
  });

  test('once the features of tomorrow are set aside, the real ones that compile with the original hold no mistake for us', () => {
    // memberlist has neither a workflow nor a job called build.
    const mistakes = globSync(join(folder, 'real/*.yml')).flatMap((file) => {
      const compiled = compileConfig(readFileSync(file, 'utf8'), { path: 'x' });
      const errors = 'errors' in compiled ? compiled.errors : [];
      return errors.filter(({ severity, message }) => severity === 'error' && !/not supported yet|take no arguments yet/.test(message)).map(({ message }) => `${basename(file)} ${message}`);
    });
    assert.deepEqual(mistakes, ['hashicorp__memberlist.yml x: There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.']);
  });
});
