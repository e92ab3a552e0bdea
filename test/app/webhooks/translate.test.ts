// Payloads are GitHub's own published examples, changed where a story needs it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import examples from '@octokit/webhooks-examples' with { type: 'json' };
import { translate, type Translation } from '../../../app/webhooks/translate.ts';
import { isFork, noCommit, trustLevel } from '../../../config-schema/trigger.ts';

const ours = 29310;
const sha = 'a'.repeat(40);
const other = 'b'.repeat(40);

type Json = any;

/** A copy of GitHub's example of this event, changed by `change`. */
function payload(name: string, which: (example: Json) => boolean, change: (payload: Json) => void = () => {}): Json {
  const example = (examples as unknown as Json[]).find((event) => event.name === name).examples.find(which);
  assert.ok(example, `no example of ${name}`);
  const copy = structuredClone(example);
  change(copy);
  return copy;
}

const read = (name: string, body: Json): Translation => translate({ name, deliveryId: 'd-1', receivedAt: '2026-01-02T03:04:05.000Z', payload: body }, ours);

function triggerOf(name: string, body: Json) {
  const read1 = read(name, body);
  assert.equal(read1.kind, 'trigger', JSON.stringify(read1));
  return (read1 as Extract<Translation, { kind: 'trigger' }>).trigger;
}

function reasonOf(name: string, body: Json, kind: 'ignored' | 'unreadable' = 'ignored'): string {
  const read1 = read(name, body);
  assert.equal(read1.kind, kind, JSON.stringify(read1));
  return (read1 as { reason: string }).reason;
}

function commandOf(name: string, body: Json) {
  const read1 = read(name, body);
  assert.equal(read1.kind, 'command', JSON.stringify(read1));
  return (read1 as Extract<Translation, { kind: 'command' }>).command;
}

const branchPush = (change?: (payload: Json) => void): Json => payload('push', (p) => p.ref === 'refs/heads/master' && p.installation, change);
const tagPush = (change?: (payload: Json) => void): Json => payload('push', (p) => p.ref === 'refs/tags/simple-tag' && !p.deleted, change);
const opened = (change?: (payload: Json) => void): Json => payload('pull_request', (p) => p.action === 'opened', change);
const forkOpened = (change: (payload: Json) => void = () => {}): Json =>
  opened((p) => {
    p.pull_request.head.repo = { ...p.pull_request.head.repo, id: 777, name: 'copy', owner: { ...p.pull_request.head.repo.owner, id: 778, login: 'stranger' } };
    p.pull_request.head.sha = sha;
    change(p);
  });
const rerunRun = (change: (payload: Json) => void = () => {}): Json =>
  payload('check_run', (p) => p.action === 'rerequested', (p) => {
    p.check_run.app.id = ours;
    change(p);
  });
const rerunSuite = (change: (payload: Json) => void = () => {}): Json =>
  payload('check_suite', (p) => p.action === 'rerequested', (p) => {
    p.check_suite.app.id = ours;
    change(p);
  });

test('a push to a branch is a trigger in our own words', () => {
  assert.deepEqual(triggerOf('push', branchPush()), {
    event: 'push',
    deliveryId: 'd-1',
    receivedAt: '2026-01-02T03:04:05.000Z',
    happenedAt: '2019-05-15T15:20:57.000Z',
    repository: { id: 186853002, owner: 'Codertocat', name: 'Hello-World', private: false, defaultBranch: 'master', installationId: 1 },
    ref: 'refs/heads/master',
    before: noCommit,
    sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
    sender: { id: 21031067, login: 'Codertocat' },
    commit: { subject: 'Initial commit', authorLogin: 'Codertocat' },
    pullRequest: null,
  });
});

test('pushes', async (t) => {
  await t.test('a forced push goes on from the commit it replaced', () => {
    const { before, sha: built } = triggerOf('push', branchPush((p) => Object.assign(p, { before: other, after: sha, forced: true })));
    assert.deepEqual([before, built], [other, sha]);
  });
  await t.test('a lightweight tag builds the commit', () => {
    const trigger = triggerOf('push', tagPush());
    assert.deepEqual([trigger.ref, trigger.sha], ['refs/tags/simple-tag', '6113728f27ae82c7b1a177c8d03f9e96e0adf246']);
  });
  await t.test('an annotated tag builds the commit that it names, not the tag object', () => {
    assert.equal(triggerOf('push', tagPush((p) => Object.assign(p, { after: other }))).sha, '6113728f27ae82c7b1a177c8d03f9e96e0adf246');
  });
  await t.test('a branch builds `after`, whatever else the payload says', () => {
    assert.equal(triggerOf('push', branchPush((p) => Object.assign(p, { after: sha }))).sha, sha);
  });
  await t.test('a sha-256 repository', () => {
    assert.equal(triggerOf('push', branchPush((p) => Object.assign(p, { before: '0'.repeat(64), after: 'c'.repeat(64) }))).sha, 'c'.repeat(64));
  });
  await t.test('a deploy key pushes without a sender', () => {
    assert.deepEqual(triggerOf('push', branchPush((p) => delete p.sender)).sender, { id: 0, login: 'Codertocat' });
  });
  await t.test('only the first line of a message is kept, and not without end', () => {
    assert.equal(triggerOf('push', branchPush((p) => (p.head_commit.message = 'one\ntwo'))).commit.subject, 'one');
    assert.equal(triggerOf('push', branchPush((p) => (p.head_commit.message = 'x'.repeat(5000)))).commit.subject.length, 256);
  });
  await t.test('deletions start nothing', () => {
    assert.match(reasonOf('push', payload('push', (p) => p.deleted)), /was deleted/);
    assert.match(reasonOf('push', branchPush((p) => Object.assign(p, { after: noCommit }))), /was deleted/);
  });
  await t.test('neither branch nor tag', () => {
    assert.match(reasonOf('push', branchPush((p) => (p.ref = 'refs/notes/commits'))), /neither a branch nor a tag/);
  });
});

test('names that would be dangerous in a shell stay literal text', () => {
  const ref = 'refs/heads/$(touch${IFS}/tmp/p)';
  assert.equal(triggerOf('push', branchPush((p) => (p.ref = ref))).ref, ref);
});

test('a commit id that git could not have made is refused', async (t) => {
  for (const bad of ['--upload-pack=x', 'HEAD', 'A'.repeat(40), 'a'.repeat(39), `${sha}\n`, '../../x', 7, null]) {
    await t.test(JSON.stringify(bad), () => {
      assert.match(reasonOf('push', branchPush((p) => (p.after = bad)), 'unreadable'), /after/);
      assert.match(reasonOf('pull_request', forkOpened((p) => (p.pull_request.head.sha = bad)), 'unreadable'), /head\.sha/);
      assert.match(reasonOf('check_run', rerunRun((p) => (p.check_run.head_sha = bad)), 'unreadable'), /head_sha/);
    });
  }
});

test('pull requests', async (t) => {
  await t.test('from a fork: a pipeline of its own, T0', () => {
    const trigger = triggerOf('pull_request', forkOpened());
    assert.deepEqual(
      [trigger.event, trigger.ref, trigger.sha, trigger.before, trigger.pullRequest],
      ['pull_request', 'refs/pull/2/head', sha, noCommit, { number: 2, url: 'https://github.com/Codertocat/Hello-World/pull/2', headRepositoryId: 777, headOwner: 'stranger', headName: 'copy', baseRef: 'master', baseSha: 'f95f852bd8fca8fcc58a9a2d6c842781e32a215e', authorId: 21031067 }],
    );
    assert.equal(trustLevel(trigger, true), 'T0');
  });
  await t.test('a fork that has taken the repository’s name and owner login is a fork by its id', () => {
    const trigger = triggerOf('pull_request', forkOpened((p) => (p.pull_request.head.repo.owner.login = 'Codertocat') && (p.pull_request.head.repo.name = 'Hello-World')));
    assert.equal(isFork(trigger), true);
  });
  await t.test('new commits on a fork’s pull request', () => {
    const trigger = triggerOf('pull_request', forkOpened((p) => Object.assign(p, { action: 'synchronize', before: other, after: sha })));
    assert.deepEqual([trigger.before, trigger.sha], [other, sha]);
  });
  await t.test('reopened, or no draft any more', () => {
    for (const action of ['reopened', 'ready_for_review']) assert.equal(triggerOf('pull_request', forkOpened((p) => (p.action = action))).event, 'pull_request');
  });
  await t.test('closed: what is asked about a fork’s commit need not be asked any more, also when the fork is gone', () => {
    for (const repo of [{ id: 777, name: 'copy', owner: { id: 778, login: 'stranger' } }, null]) {
      const { deed, of } = commandOf('pull_request', forkOpened((p) => Object.assign(p, { action: 'closed' }) && Object.assign(p.pull_request.head, { repo })));
      assert.deepEqual([deed, of], [{ kind: 'withdraw', pull: 2 }, { kind: 'commit', sha }]);
    }
    assert.match(reasonOf('pull_request', opened((p) => (p.action = 'closed'))), /was closed/);
  });
  await t.test('from the same repository: its push has the pipeline', () => assert.match(reasonOf('pull_request', opened()), /shares the pipeline of its push/));
  await t.test('neither a label that is taken off nor a draft changes a commit', () => {
    for (const action of ['unlabeled', 'converted_to_draft']) assert.match(reasonOf('pull_request', forkOpened((p) => Object.assign(p, { action, label: { name: 'ok-to-test' } }))), /commits are the same/);
  });
  await t.test('the fork is gone', () => assert.match(reasonOf('pull_request', forkOpened((p) => (p.pull_request.head.repo = null))), /is gone/));
});

test('reruns', async (t) => {
  await t.test('of one check', () => {
    const trigger = triggerOf('check_run', rerunRun());
    assert.deepEqual([trigger.event, trigger.ref, trigger.sha, trigger.before, trigger.pullRequest], ['rerun', 'refs/heads/master', 'd6fde92930d4715a2b49857d24b940956b26d2d3', noCommit, null]);
  });
  await t.test('of all checks of a commit', () => {
    const trigger = triggerOf('check_suite', rerunSuite());
    assert.deepEqual([trigger.event, trigger.ref, trigger.commit.subject], ['rerun', 'refs/heads/changes', 'Update README.md']);
  });
  await t.test('a fork’s pull request stays T0, also when its branch is called like our default branch', () => {
    const trigger = triggerOf('check_suite', rerunSuite((p) => {
      p.check_suite.head_branch = 'master';
      p.check_suite.pull_requests = [
        { number: 9, url: '', id: 1, head: { ref: 'master', sha: p.check_suite.head_sha, repo: { id: 777, name: 'copy', url: 'https://api.github.com/repos/stranger/copy' } }, base: { ref: 'master', sha: other, repo: { id: p.repository.id, name: 'Hello-World', url: '' } } },
      ];
    }));
    assert.deepEqual([trigger.ref, trigger.pullRequest?.headOwner, trigger.pullRequest?.headName, trustLevel(trigger, true)], ['refs/pull/9/head', 'stranger', 'copy', 'T0']);
  });
  await t.test('of all checks of a commit whose ref GitHub does not tell: the pipeline of that commit', () => {
    const { deed, of } = commandOf('check_suite', rerunSuite((p) => Object.assign(p.check_suite, { head_branch: null, pull_requests: [], head_sha: sha })));
    assert.deepEqual([deed, of], [{ kind: 'rerun', what: { kind: 'all' } }, { kind: 'commit', sha }]);
  });
  await t.test('of a check of nobody knows which pipeline, whose ref GitHub does not tell', () => {
    assert.match(reasonOf('check_run', rerunRun((p) => Object.assign(p.check_run.check_suite, { head_branch: null, pull_requests: [] }))), /from its page/);
  });
  await t.test('another App’s checks are not ours to run', () => {
    assert.match(reasonOf('check_run', rerunRun((p) => (p.check_run.app.id = 1))), /another App/);
    assert.match(reasonOf('check_suite', rerunSuite((p) => (p.check_suite.app.id = 1))), /another App/);
  });
  await t.test('our own reports come back as events and start nothing', () => {
    for (const action of ['created', 'completed']) assert.match(reasonOf('check_run', rerunRun((p) => (p.action = action))), /nothing to do/);
    for (const action of ['requested', 'completed']) assert.match(reasonOf('check_suite', rerunSuite((p) => (p.action = action))), /the push starts/);
  });
});

const pressed = (identifier: string, externalId: string): Json =>
  payload('check_run', (p) => p.action === 'requested_action', (p) => {
    p.check_run.app.id = ours;
    Object.assign(p.check_run, { external_id: externalId, head_sha: sha });
    p.repository.id = 186853002;
    p.requested_action = { identifier };
  });
const ofJob = '186853002/12/ci/unit%2Ffast';
const commented = (body: string, change: (payload: Json) => void = () => {}): Json =>
  payload('issue_comment', (p) => p.action === 'created', (p) => {
    p.issue.pull_request = { url: '', html_url: '', diff_url: '', patch_url: '' };
    Object.assign(p.comment, { body, created_at: '2026-01-02T03:04:05Z' });
    change(p);
  });

test('a button of a check is a command for its pipeline', async (t) => {
  const job = { workflow: 'ci', job: 'unit/fast' };
  const table: [identifier: string, externalId: string, deed: unknown][] = [
    ['cancel', ofJob, { kind: 'cancel', ...job }],
    ['approve', ofJob, { kind: 'approve', ...job }],
    ['rerun-job', ofJob, { kind: 'rerun', what: { kind: 'job', ...job } }],
    ['rerun-failed', ofJob, { kind: 'rerun', what: { kind: 'failed' } }],
    ['rerun-all', ofJob, { kind: 'rerun', what: { kind: 'all' } }],
    ['allow', '186853002/12/fork', { kind: 'allow' }],
    ['cancel', '186853002/12/fork', { kind: 'cancel' }],
  ];
  for (const [identifier, externalId, deed] of table) {
    await t.test(`${identifier} on ${externalId}`, () => {
      const command = commandOf('check_run', pressed(identifier, externalId));
      assert.deepEqual([command.deed, command.of, command.deliveryId, command.sender.login, command.repository.id], [deed, { kind: 'pipeline', number: 12, sha }, 'd-1', 'codebytere', 186853002]);
    });
  }
  for (const [identifier, externalId] of [['allow', ofJob], ['approve', '186853002/12/fork'], ['rerun-job', '186853002/12/config'], ['constructor', ofJob], ['cancel', 'none of ours'], ['cancel', '1/12/ci/unit']] as const) {
    await t.test(`no ${identifier} on ${externalId}`, () => assert.match(reasonOf('check_run', pressed(identifier, externalId)), /no button/));
  }
  await t.test('another App’s button', () => {
    const body = pressed('cancel', ofJob);
    body.check_run.app.id = 1;
    assert.match(reasonOf('check_run', body), /another App/);
  });
});

test('"Re-run" of one check runs that job again, and of a pipeline’s own check all of it', () => {
  const of = (externalId: string) => commandOf('check_run', rerunRun((p) => (p.repository.id = 186853002) && (p.check_run.external_id = externalId))).deed;
  assert.deepEqual(of(ofJob), { kind: 'rerun', what: { kind: 'job', workflow: 'ci', job: 'unit/fast' } });
  for (const own of ['config', 'fork']) assert.deepEqual(of(`186853002/12/${own}`), { kind: 'rerun', what: { kind: 'all' } });
});

test('comments on pull requests', async (t) => {
  const deeds: [body: string, deed: unknown][] = [
    ['/ok-to-test', { kind: 'allow' }],
    ['Thanks!\r\n\r\n/ok-to-test  \r\n', { kind: 'allow' }],
    ['/rerun', { kind: 'rerun', what: { kind: 'all' } }],
    ['/rerun failed', { kind: 'rerun', what: { kind: 'failed' } }],
    ['/cancel', { kind: 'cancel' }],
    ['/approve hold for release', { kind: 'approve', workflow: null, job: 'hold for release' }],
    ['/cancel\n/rerun', { kind: 'cancel' }],
  ];
  for (const [body, deed] of deeds) {
    await t.test(JSON.stringify(body), () => {
      const command = commandOf('issue_comment', commented(body));
      assert.deepEqual([command.deed, command.of, command.sender.login], [deed, { kind: 'pull-request', number: 1, writtenAt: '2026-01-02T03:04:05Z' }, 'Codertocat']);
    });
  }
  for (const body of ['', 'please /ok-to-test', '> /ok-to-test', ' /ok-to-test', '/ok-to-test everything', '/approve', '/rerun everything', '/OK-TO-TEST', '/cancelled', 'ok-to-test']) {
    await t.test(`no command: ${JSON.stringify(body)}`, () => assert.match(reasonOf('issue_comment', commented(body)), /no command/));
  }
  await t.test('a comment that is edited or deleted never counts', () => {
    for (const action of ['edited', 'deleted']) assert.match(reasonOf('issue_comment', commented('/cancel', (p) => (p.action = action))), /only new ones/);
  });
  await t.test('bots ask for nothing', () => assert.match(reasonOf('issue_comment', commented('/cancel', (p) => (p.comment.user.type = 'Bot'))), /not a person/));
  await t.test('an issue has no pipelines', () => assert.match(reasonOf('issue_comment', commented('/cancel', (p) => delete p.issue.pull_request)), /not a pull request/));
});

test('labels on pull requests', async (t) => {
  const labeled = (label: string, change: (payload: Json) => void = () => {}): Json =>
    payload('pull_request', (p) => p.action === 'labeled', (p) => {
      p.label.name = label;
      p.pull_request.head.sha = sha;
      change(p);
    });
  for (const [label, deed] of [['ok-to-test', { kind: 'allow' }], ['run-ci', { kind: 'rerun', what: { kind: 'all' } }]] as const) {
    await t.test(`${label} is for the commit that is the head, and no later one`, () => {
      const command = commandOf('pull_request', labeled(label));
      assert.deepEqual([command.deed, command.of, command.deliveryId, command.sender.login], [deed, { kind: 'commit', sha }, 'd-1', 'Codertocat']);
    });
    await t.test(`${label} by a program`, () => assert.match(reasonOf('pull_request', labeled(label, (p) => (p.sender.type = 'Bot'))), /not put on by a person/));
  }
  for (const label of ['bug', 'Run-CI', 'ok-to-test ', 'please run-ci', '/rerun', 'constructor', '']) {
    await t.test(`no command: ${JSON.stringify(label)}`, () => assert.match(reasonOf('pull_request', labeled(label)), /is no command/));
  }
});

test('what becomes of repositories and installations', async (t) => {
  const changes: [string, (p: Json) => boolean, string][] = [
    ['renamed', (p) => p.action === 'renamed', 'renamed'],
    ['transferred', (p) => p.action === 'transferred', 'transferred'],
    ['made private', (p) => p.action === 'privatized', 'privatized'],
    ['made public', (p) => p.action === 'publicized', 'publicized'],
    ['another default branch', (p) => p.action === 'edited' && p.changes.default_branch, 'default-branch'],
  ];
  for (const [name, which, change] of changes) {
    await t.test(name, () => {
      const body = payload('repository', which);
      const read1 = read('repository', body);
      assert.deepEqual(read1.kind === 'repository' && [read1.change, read1.repository.id], [change, body.repository.id]);
    });
  }
  await t.test('deleted', () => {
    const read1 = read('repository', payload('repository', (p) => p.action === 'created', (p) => (p.action = 'deleted')));
    assert.equal(read1.kind === 'repository' && read1.change, 'deleted');
  });
  await t.test('a new description changes nothing', () => assert.match(reasonOf('repository', payload('repository', (p) => p.action === 'edited' && !p.changes.default_branch)), /nothing depends/));
  const installations: [string, string, (p: Json) => boolean, 'added' | 'removed'][] = [
    ['installed', 'installation', (p) => p.action === 'created', 'added'],
    ['uninstalled', 'installation', (p) => p.action === 'deleted', 'removed'],
    ['suspended', 'installation', (p) => p.action === 'suspend', 'removed'],
    ['unsuspended', 'installation', (p) => p.action === 'unsuspend', 'added'],
    ['repositories added', 'installation_repositories', (p) => p.action === 'added', 'added'],
    ['repositories removed', 'installation_repositories', (p) => p.action === 'removed', 'removed'],
  ];
  for (const [name, event, which, change] of installations) {
    await t.test(name, () => {
      const body = payload(event, which);
      const read1 = read(event, body);
      const listed = body.repositories ?? (change === 'added' ? body.repositories_added : body.repositories_removed) ?? [];
      assert.deepEqual(
        read1.kind === 'installation' && [read1.change, read1.installationId, read1.repositories.map((r) => `${r.id} ${r.owner}/${r.name}`)],
        [change, body.installation.id, listed.map((r: Json) => `${r.id} ${r.full_name}`)],
      );
    });
  }
});

test('every published example of every event is understood or ignored with a reason', () => {
  for (const event of examples as unknown as Json[]) {
    for (const body of event.examples) {
      const read1 = read(event.name, body);
      assert.notEqual(read1.kind, 'unreadable', JSON.stringify(read1));
      if (read1.kind === 'ignored') assert.ok(read1.reason.length > 10);
    }
  }
});

test('merge groups and events nobody asked for are ignored', () => {
  assert.match(reasonOf('merge_group', payload('merge_group', () => true)), /the push of the merge queue/);
  assert.match(reasonOf('watch', {}), /mean nothing/);
  assert.match(reasonOf('constructor', {}), /mean nothing/);
});

test('a signed payload that is no payload is unreadable, and says where', () => {
  assert.equal(reasonOf('push', { ref: 'refs/heads/x' }, 'unreadable').startsWith('push payload: repository'), true);
  assert.match(reasonOf('push', [], 'unreadable'), /push payload: body/);
});
