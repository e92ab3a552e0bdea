import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { checkId, parseCheckId, type CheckId } from '../../config-schema/check-id.ts';

suite('a check says by its external id what it stands for', () => {
  const of = { repositoryId: 7, pipeline: 12 };
  const cases: [title: string, CheckId, string][] = [
    ['a job', { ...of, kind: 'job', workflow: 'all', job: 'test' }, '7/12/all/test'],
    ['a job with a space and a slash in its name', { ...of, kind: 'job', workflow: 'on push', job: 'a/b' }, '7/12/on%20push/a%2Fb'],
    ['a job of a workflow that is called config', { ...of, kind: 'job', workflow: 'config', job: 'fork' }, '7/12/config/fork'],
    ['the config', { ...of, kind: 'config' }, '7/12/config'],
    ['the code of a fork', { ...of, kind: 'fork' }, '7/12/fork'],
  ];
  for (const [title, id, text] of cases) {
    test(title, () => {
      assert.equal(checkId(id), text);
      assert.deepEqual(parseCheckId(text), id);
    });
  }
});

suite('what is no external id of ours is none', () => {
  for (const text of ['', 'x', '7', '7/12', '7/12/other', '0/12/config', '7/12/a/b/c', '7/x/config', '7/12/%/b', '7/12//b', '7/12/config\n']) {
    test(JSON.stringify(text), () => assert.equal(parseCheckId(text), null));
  }
});
