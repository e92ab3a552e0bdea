import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archOf } from '../../../../activities/builder/caches/key.ts';

test('an architecture is written as the original does', () => {
  assert.equal(archOf('x64', 'processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Some(R) 8124M\n'), 'linux-amd64-6_85');
  assert.equal(archOf('arm64', 'processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n'), 'linux-arm64-8_0xd0c');
  assert.equal(archOf('x64', ''), 'linux-amd64-0_0');
});
