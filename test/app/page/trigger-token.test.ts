// Which token starts pipelines of a repository, by an address that other programs call?

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { behindTheDoor } from './door-scene.ts';

test('a person makes it for one repository; it starts what the person may write to, and opens nothing else', async (t) => {
  const { door, repository, github, pass, signedIn, browser: stranger } = await behindTheDoor(t);
  const ada = await signedIn('ada');
  const make = async (form: Record<string, string>) => ada.post('/-/account/tokens', { csrf: await ada.csrf(), name: 'hook', days: '7', kind: 'trigger', ...form });
  const unbound = await make({ repository: '' });
  assert.equal(unbound.status, 422);
  assert.match(unbound.text, /a token for starting pipelines stands in an address that others see, so it is for one repository/);
  const made = await make({ repository: 'acme/rocket' });
  assert.match(made.text, /curl -X POST \/hooks\/OWNER\/NAME\?token=TOKEN/);
  const token = /(rh_[\w-]{43})/.exec(made.text)![1]!;

  assert.equal((await door.mayTrigger(token, repository))?.login, 'ada');
  const { id } = await github.createRepository({ owner: 'acme', name: 'other', private: true });
  github.addCollaborator('acme/other', 'ada', 'write');
  const other = { id, owner: 'acme', name: 'other' };
  const ofOther = await door.tokens.make({ person: (await door.tokens.list())[0]!.person, name: 'x', kind: 'trigger', repository: other, days: 1 });
  assert.equal((await door.mayTrigger(ofOther, other))?.login, 'ada');
  assert.equal(await door.mayTrigger(token, other), null, 'that of another repository');
  assert.equal(await door.mayTrigger(`rh_${'x'.repeat(43)}`, repository), null);
  const read = await stranger().get('/acme/rocket', { authorization: `Bearer ${token}` });
  assert.equal(read.status, 403);
  assert.match(read.text, /only starts pipelines/);

  const [person] = (await door.tokens.list()).map((one) => one.person);
  const reading = await door.tokens.make({ person: person!, name: 'x', kind: 'read', repository, days: 1 });
  assert.equal(await door.mayTrigger(reading, repository), null, 'one for reading');
  github.addCollaborator('acme/rocket', 'ada', 'read');
  pass(61);
  assert.equal(await door.mayTrigger(token, repository), null, 'GitHub is asked anew');
});
