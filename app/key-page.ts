// Where does anybody find the public key of a repository? At /keys/ID.asc, for ever the same address.

import type { RepositoryKeys } from '../activities/control/repository-keys.ts';
import type { Handler } from './server.ts';

/** Public keys are public: who encrypts a secret needs no more. The number says nothing of what the repository is called. */
export function keyHandler(keys: Pick<RepositoryKeys, 'find'>): Handler {
  return async (req, res) => {
    const id = /^\/keys\/([1-9]\d{0,15})\.asc$/.exec(req.url?.split('?')[0] ?? '')?.[1];
    if (id === undefined || req.method !== 'GET') return false;
    const key = await keys.find(Number(id));
    res.writeHead(key ? 200 : 404, { 'content-type': key ? 'application/pgp-keys' : 'text/plain; charset=utf-8', 'cache-control': 'no-cache' });
    res.end(key?.publicKey ?? 'There is no key for this repository here. The operator makes it: roundhouse secrets key OWNER/NAME\n');
    return true;
  };
}
