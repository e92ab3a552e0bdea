import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { appArmorSettings, hasAppArmor, profileFile } from '../../../../activities/adapters/lxc/apparmor.ts';

const names = (): string => execFileSync('apparmor_parser', ['--names', profileFile], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

test('AppArmor accepts the profile, which has the name that containers ask for', async () => {
  const parse = async (text: string): Promise<number | null> => {
    const parser = execFile('apparmor_parser', ['--skip-kernel-load', '--skip-cache']);
    parser.stdin?.end(text);
    const [code] = (await once(parser, 'exit')) as [number | null];
    return code;
  };
  const text = readFileSync(profileFile, 'utf8');
  assert.equal(await parse(text), 0);
  assert.notEqual(await parse(text.replace('wklx', 'wzzx')), 0);
  assert.deepEqual(appArmorSettings(true), [['lxc.apparmor.profile', names()]]);
});

test('where the kernel has no AppArmor, LXC is not asked for it', () => {
  assert.deepEqual(appArmorSettings(false), []);
  assert.deepEqual(appArmorSettings(), appArmorSettings(hasAppArmor()));
});
