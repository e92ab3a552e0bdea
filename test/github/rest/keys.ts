// How are deploy keys added and removed?

import type { Answer, Call, Route } from './route.ts';
import { notFound, paginate, repoUrl, requirePermission, seeRepository, unprocessable, useRepository } from './route.ts';
import type { Repository, SshKey } from '../state.ts';
import { isoSeconds } from '../world.ts';

type Json = Record<string, unknown>;

export const keyRoutes: Route[] = [
  { operation: 'GET /repos/{owner}/{repo}/keys', handle: listKeys },
  { operation: 'POST /repos/{owner}/{repo}/keys', handle: addKey },
  { operation: 'DELETE /repos/{owner}/{repo}/keys/{key_id}', handle: deleteKey },
];

function keyShape(call: Call, repository: Repository, key: SshKey): Json {
  return { id: key.id, key: key.publicKey.split(' ').slice(0, 2).join(' '), url: `${repoUrl(call, repository)}/keys/${key.id}`, title: key.title, verified: true, created_at: key.createdAt, read_only: key.readOnly, added_by: repository.owner.login, last_used: null, enabled: !isForbidden(call, repository) };
}

/** By the policy of the organization or of its enterprise; keys that are there already are disabled. */
const isForbidden = (call: Call, repository: Repository): boolean => call.world.state.withoutDeployKeys.has(repository.owner.id);

function listKeys(call: Call): Answer {
  const repository = useRepository(call, 'administration', 'read');
  const page = paginate(call, repository.deployKeys);
  return { status: 200, headers: page.headers, body: page.items.map((key) => keyShape(call, repository, key)) };
}

function addKey(call: Call): Answer {
  const repository = seeRepository(call);
  requirePermission(call, repository, 'administration', 'write');
  const body = call.body as { key: string; title?: string; read_only?: boolean };
  if (isForbidden(call, repository)) throw unprocessable('Validation Failed', { resource: 'PublicKey', code: 'custom', message: 'Deploy keys are disabled for this repository' });
  const material = body.key.split(' ')[1];
  if (!/^(ssh-(ed25519|rsa)|ecdsa-sha2-\S+) \S+/.test(body.key)) throw unprocessable('Validation Failed', { resource: 'PublicKey', field: 'key', code: 'custom', message: 'key is invalid. You must supply a key in OpenSSH public key format' });
  const everywhere = [...call.world.state.repositories.values()].flatMap((other) => other.deployKeys).concat([...call.world.state.accounts.values()].flatMap((account) => account.keys));
  if (everywhere.some((key) => key.publicKey.split(' ')[1] === material)) throw unprocessable('Validation Failed', { resource: 'PublicKey', field: 'key', code: 'custom', message: 'key is already in use' });
  const key: SshKey = { id: call.world.state.nextId('key'), title: body.title ?? '', publicKey: body.key, readOnly: body.read_only ?? false, createdAt: isoSeconds(call.world.now()) };
  repository.deployKeys.push(key);
  return { status: 201, body: keyShape(call, repository, key) };
}

function deleteKey(call: Call): Answer {
  const repository = seeRepository(call);
  requirePermission(call, repository, 'administration', 'write');
  const at = repository.deployKeys.findIndex((key) => key.id === Number(call.path['key_id']));
  if (at < 0) throw notFound();
  repository.deployKeys.splice(at, 1);
  return { status: 204 };
}
