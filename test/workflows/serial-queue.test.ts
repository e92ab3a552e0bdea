import { suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { joined, left, type SerialQueue } from '../../workflows/serial-queue.ts';

/** `12/deploy`: of pipeline 12 of acme/shop; `site 3/deploy`: of another repository. */
const place = (text: string): SerialQueue[number] => {
  const [, name = 'shop', pipeline, holder] = /^(?:(\w+) )?(\d+)\/(.*)$/.exec(text)!;
  return { ownerId: 1, group: 'prod', repository: { id: name.length, owner: 'acme', name }, pipeline: Number(pipeline), holder: holder! };
};
const text = ({ repository: { name }, pipeline, holder }: SerialQueue[number]): string => `${name === 'shop' ? '' : `${name} `}${pipeline}/${holder}`;

suite('who joins a serial group', () => {
  const rows: { title: string; queue: string[]; joins: string; then: string[]; skipped?: string[] }[] = [
    { title: 'has the turn at once when nobody else is there', queue: [], joins: '12/deploy', then: ['12/deploy'] },
    { title: 'waits behind those that came before', queue: ['12/a', 'tools 9/b'], joins: 'tools 9/c', then: ['12/a', 'tools 9/b', 'tools 9/c'] },
    { title: 'has one place, however often it asks', queue: ['12/a', '12/b'], joins: '12/a', then: ['12/a', '12/b'] },
    { title: 'has one place, however often it asks while it waits', queue: ['12/a', '12/b'], joins: '12/b', then: ['12/a', '12/b'] },
    { title: 'has places of its own for its other jobs', queue: ['12/a'], joins: '12/b', then: ['12/a', '12/b'] },
    { title: 'leaves the turn to an older pipeline that has it', queue: ['12/a'], joins: '13/a', then: ['12/a', '13/a'] },
    { title: 'of a newer pipeline, goes in place of the older ones that wait', queue: ['11/a', '12/a', 'tools 1/a', '12/b'], joins: '13/a', then: ['11/a', 'tools 1/a', '13/a'], skipped: ['12/a: a newer pipeline, #13, waits for serial group prod', '12/b: a newer pipeline, #13, waits for serial group prod'] },
    { title: 'of an older pipeline than one that waits, is skipped', queue: ['11/a', '13/a'], joins: '12/a', then: ['11/a', '13/a'], skipped: ['12/a: a newer pipeline, #13, waits for serial group prod'] },
    { title: 'of an older pipeline than the one that has the turn, is skipped', queue: ['13/a'], joins: '12/a', then: ['13/a'], skipped: ['12/a: a newer pipeline, #13, holds serial group prod'] },
    { title: 'is not compared with pipelines of other repositories', queue: ['tools 1/a', 'tools 99/a'], joins: '12/a', then: ['tools 1/a', 'tools 99/a', '12/a'] },
  ];
  for (const { title, queue, joins, then, skipped = [] } of rows)
    test(title, () => {
      const after = joined(queue.map(place), place(joins));
      assert.deepEqual(after.queue.map(text), then);
      assert.deepEqual(after.skipped.map((each) => `${text(each.place)}: ${each.reason}`), skipped);
    });
});

suite('who leaves a serial group', () => {
  const rows: { title: string; leaves: string; then: string[] }[] = [
    { title: 'lets the next one have the turn', leaves: '12/a', then: ['tools 12/a', '12/b'] },
    { title: 'waits no longer', leaves: '12/b', then: ['12/a', 'tools 12/a'] },
    { title: 'takes nobody else along, whatever they are called', leaves: 'tools 12/b', then: ['12/a', 'tools 12/a', '12/b'] },
  ];
  for (const { title, leaves, then } of rows) test(title, () => assert.deepEqual(left(['12/a', 'tools 12/a', '12/b'].map(place), place(leaves)).map(text), then));
});
