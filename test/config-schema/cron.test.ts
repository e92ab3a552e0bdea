// When does a schedule fire, and what is none?

import { suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { isDue, plainCrons, readCron } from '../../config-schema/cron.ts';

suite('a schedule as Temporal takes it', () => {
  const rows: [text: string, ...plain: string[]][] = [
    ['0 0 * * *', '0 0 * * *'],
    ['  30   4 * *  1-5 ', '30 4 * * 1,2,3,4,5'],
    ['*/20 9-17/4 * * *', '0,20,40 9,13,17 * * *'],
    ['5/25 * * * *', '5,30,55 * * * *'],
    ['0 0 1,1,15 JAN-mar *', '0 0 1,15 1,2,3 *'],
    ['0 0 * * 7', '0 0 * * 0'],
    ['0 0 * * 5-7', '0 0 * * 0,5,6'],
    ['0 0 * * sun,Wed', '0 0 * * 0,3'],
    ['0 0 13 * 5', '0 0 13 * *', '0 0 * * 5'],
    ['0 0 29 2 *', '0 0 29 2 *'],
  ];
  for (const [text, ...plain] of rows)
    test(text, () => {
      const cron = readCron(text);
      assert.deepEqual('problem' in cron ? cron.problem : plainCrons(cron), plain);
    });
});

suite('what is no schedule is told with the remedy', () => {
  const rows: [text: string, problem: RegExp][] = [
    ['', /^"" is no schedule: it has 0 fields instead of five\. Write minute, hour/],
    ['@daily', /it has 1 fields instead of five/],
    ['0 0 * * * *', /it has 6 fields/],
    ['60 * * * *', /the minute "60" must be within 0 and 59/],
    ['* 24 * * *', /the hour "24" must be within 0 and 23/],
    ['* * 0 * *', /the day of the month "0" must be within 1 and 31/],
    ['* * * 13 *', /the month "13" must be within 1 and 12/],
    ['* * * * 8', /the day of the week "8" must be within 0 and 7/],
    ['5-1 * * * *', /the minute "5-1" must be within 0 and 59, the smaller number first/],
    ['*/0 * * * *', /the minute "\*\/0" is not understood/],
    ['* * * * mon#1', /the day of the week "mon#1" is not understood/],
    ['jan * * * *', /the minute "jan" is not understood/],
    ['0 0 30 2 *', /^"0 0 30 2 \*" never comes: none of its months has such a day/],
  ];
  for (const [text, problem] of rows)
    test(text, () => {
      const cron = readCron(text);
      assert.match('problem' in cron ? cron.problem : '', problem);
    });
});

suite('whether it is due', () => {
  const rows: [text: string, at: string, due: boolean][] = [
    ['30 4 * * 1-5', '2026-11-27T04:30:00Z', true],
    ['30 4 * * 1-5', '2026-11-28T04:30:00Z', false],
    ['30 4 * * 1-5', '2026-11-27T04:31:00Z', false],
    ['0 0 13 * 5', '2026-11-13T00:00:00Z', true],
    ['0 0 13 * 5', '2026-12-13T00:00:00Z', true],
    ['0 0 13 * 5', '2026-11-20T00:00:00Z', true],
    ['0 0 13 * 5', '2026-11-19T00:00:00Z', false],
    ['0 0 1 * *', '2026-11-13T00:00:00Z', false],
  ];
  for (const [text, at, due] of rows)
    test(`${text} at ${at}`, () => {
      const cron = readCron(text);
      assert.equal(!('problem' in cron) && isDue(cron, new Date(at)), due);
    });
});
