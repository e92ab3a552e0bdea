import { test } from 'node:test';
import assert from 'node:assert/strict';
import { operatorLog } from '../../app/operator-log.ts';

function logging(format: 'json' | 'pretty') {
  const lines: string[] = [];
  return { lines, log: operatorLog({ level: 'info', format }, { write: (line) => void lines.push(line) }) };
}

test('json: an error with its causes, without the payloads that hang on it', () => {
  const { log, lines } = logging('json');
  const inner = Object.assign(new Error('no route', { cause: new Error('ECONNREFUSED') }), { status: 503, event: { payload: 'PAYLOAD' }, request: { body: 'BODY' } });
  log.child({ pipeline: 7 }).error({ err: new AggregateError([inner], 'all failed') }, 'could not');
  const { err, pipeline, msg } = JSON.parse(lines[0]!);
  assert.deepEqual([pipeline, msg, err.message, err.aggregateErrors[0].message, err.aggregateErrors[0].status], [7, 'could not', 'all failed', 'no route: ECONNREFUSED', 503]);
  assert.doesNotMatch(lines[0]!, /PAYLOAD|BODY/);
});

test('pretty: one short line, and nothing that a terminal would obey', () => {
  const { log, lines } = logging('pretty');
  log.warn({ ref: 'refs/heads/\u001b[2Jx\u0007\rPASSED' }, 'webhook');
  assert.match(lines[0]!, /^\d\d:\d\d:\d\d warn webhook ref=refs\/heads\/x +PASSED\n$/);
  log.error(new Error('broken'));
  assert.match(lines[1]!, /^\d\d:\d\d:\d\d ERROR broken\n {2}Error: broken\n {6}at /);
});

test('below its level nothing is written', () => {
  const { log, lines } = logging('json');
  log.debug('x');
  assert.deepEqual(lines, []);
});
