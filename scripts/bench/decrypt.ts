// How long does it take to open a committed secret?

import { decryptSecret, encryptTo, generateRepositoryKey } from '../../activities/adapters/openpgp.ts';
import { secretText } from '../../config-schema/secret.ts';
import { median, rounded, timed, type Bench } from './bench.ts';

/** As the control process does it for each use: the armored private key is read anew. */
export async function benchDecrypt(bench: Bench): Promise<void> {
  const key = await generateRepositoryKey({ host: 'github.com', repositoryId: 1296269, fullName: 'acme/shop' });
  const text = secretText({ v: 1, host: 'github.com', repo_id: 1296269, name: 'DEPLOY_TOKEN', min_trust: 'T2', refs: ['main'], kid: key.fingerprint, nonce: 'A'.repeat(22), created: '2026-01-31T12:00:00Z', value: 'x'.repeat(100) });
  const armored = await encryptTo([key.publicKey], text);
  const open = async (): Promise<void> => {
    const opened = await decryptSecret(armored, key.privateKey);
    if (!('text' in opened) || opened.text !== text) throw new Error('the secret did not come back as it was');
  };
  const n = bench.quick ? 20 : 200;
  bench.say(`decrypt: ${n} times the same secret of ${text.length} bytes …`);
  // The first ones are the engine's, which has yet to see what is worth compiling.
  for (let i = 0; i < 20; i++) await open();
  const times: number[] = [];
  for (let i = 0; i < n; i++) {
    bench.signal.throwIfAborted();
    times.push(await timed(open));
  }
  bench.print({ figure: 'secret-decrypt-ms', value: rounded(median(times), 2), unit: 'ms', n, bytes: text.length, armoredBytes: armored.length });
}
