// What must every place of orbs answer? Run against folders, mirrors, registries and repositories that hold the same orbs.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { sha256Of, type OrbLink } from '../../activities/control/orbs.ts';
import { readOrbReference } from '../../config-schema/orb-reference.ts';

export type OpenedLink = { link: OrbLink; close?: () => Promise<void> };

const text = (version: string): string => `version: 2.1\ndescription: "ü of ${version}"\n`;
const node = ['1.2.9', '1.2.10', '1.10.0', '2.0.0', '10.0.1'];
const others = ['acme/node/dev-alpha.yml', 'acme/tools/0.1.0.yml', 'acme/node/README.md'];

const answers: [reference: string, version: string | null][] = [
  ['acme/node@1.2.9', '1.2.9'],
  ['acme/node@1.2', '1.2.10'],
  ['acme/node@1', '1.10.0'],
  ['acme/node@10', '10.0.1'],
  ['acme/node@volatile', '10.0.1'],
  ['acme/node@dev:alpha', 'dev:alpha'],
  ['acme/tools@0', '0.1.0'],
  ['acme/node@1.2.8', null],
  ['acme/node@1.3', null],
  ['acme/node@3', null],
  ['acme/node@dev:beta', null],
  ['acme/nothing@1.0.0', null],
  ['nobody/node@volatile', null],
  ['https://example.org/orb.yml', null],
];

export function orbLinkContract(name: string, open: (folder: string) => Promise<OpenedLink>): void {
  test(`${name} keeps the contract of places of orbs`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'orb-link-'));
    const files = [...node.map((version) => `acme/node/${version}.yml`), ...others];
    for (const file of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text(file));
    }
    const { link, close } = await open(folder);
    t.after(async () => {
      await close?.();
      await rm(folder, { recursive: true });
    });
    for (const [reference, version] of answers) {
      await t.test(`${reference} is ${version ?? 'not there'}`, async () => {
        const read = readOrbReference(reference);
        assert.ok(!('problem' in read));
        const found = await link.find(read);
        if (version === null) return assert.equal(found, null);
        assert.ok(found && 'text' in found, JSON.stringify(found));
        const [, orb] = /^(.*)@/.exec(reference)!;
        const expected = text(`${orb}/${version.replace(':', '-')}.yml`);
        assert.deepEqual(found, { version, text: expected, sha256: sha256Of(expected), origin: link.name });
      });
    }
  });
}
