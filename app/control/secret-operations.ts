// What is done with the keys of committed secrets? Values never leave by these: they are encrypted anew, or judged.

import * as z from 'zod';
import { narrowed, refusalOf, secretText, type SecretPlaintext } from '../../config-schema/secret.ts';
import type { Repository } from '../../config-schema/trigger.ts';
import { fullName, operation, Refused, repositoryOf, type Asker, type Operation, type OperationPorts } from './operation.ts';

const repository = fullName;
/** By name, as they lie in the repository. */
const files = z.record(z.string(), z.string().max(1_000_000));
const scope = z.strictObject({ refs: z.array(z.string()).optional(), minTrust: z.enum(['T1', 'T2']).optional(), expires: z.string().optional() });

/** What may be said of a secret: everything but its value. */
export type SecretReport = { name: string; problem: string | null; scope: Pick<SecretPlaintext, 'min_trust' | 'refs' | 'created' | 'expires' | 'kid'> | null };

export function secretOperations(ports: OperationPorts): Record<string, Operation> {
  const { keys, cipher, audit, host, publicUrl, newNonce } = ports;
  const noted = (asker: Asker, action: string, { id, owner, name }: Repository, details: Record<string, unknown>): Promise<void> =>
    audit.append({ ...asker, action, subject: `repository ${owner}/${name}`, repositoryId: id, details });

  return {
    'secrets.key': operation(z.strictObject({ repository }), async (input, asker) => {
      const found = await repositoryOf(ports, input.repository);
      if ((await keys.find(found.id)) === null) await noted(asker, 'secret-key.made', found, {});
      const current = await keys.current(found);
      return { repository: `${found.owner}/${found.name}`, repositoryId: found.id, host, url: `${publicUrl}/keys/${found.id}.asc`, current, keys: await keys.all(found.id) };
    }),

    'secrets.check': operation(z.strictObject({ repository, files, ref: z.string().nullable() }), async (input, asker) => {
      const found = await repositoryOf(ports, input.repository);
      const reports = await Promise.all(Object.entries(input.files).map(([name, armored]) => check(found, name, armored, input.ref)));
      await noted(asker, 'secrets.checked', found, { secrets: reports.map(({ name }) => name) });
      return { reports };
    }),

    'secrets.rotate': operation(z.strictObject({ repository, files, opensUntil: z.string(), newKey: z.boolean(), scope }), async (input, asker) => {
      const found = await repositoryOf(ports, input.repository);
      // All of it is judged before anything changes.
      const opened = await Promise.all(Object.entries(input.files).map(async ([name, armored]) => ({ name, secret: await narrowedSecret(found, name, armored, input.scope) })));
      const now = input.newKey ? (await keys.rotate(found, input.opensUntil)).now : await keys.current(found);
      await noted(asker, 'secrets.rotated', found, { fingerprint: now.fingerprint, newKey: input.newKey, opensUntil: input.opensUntil, secrets: opened.map(({ name }) => name), scope: input.scope });
      const renewed = await Promise.all(
        opened.map(async ({ name, secret }) => [name, await cipher.encryptTo([now.publicKey], secretText({ ...secret, kid: now.fingerprint, nonce: newNonce(), created: new Date().toISOString() }))] as const),
      );
      return { current: now, files: Object.fromEntries(renewed) };
    }),

    'secrets.revoke': operation(z.strictObject({ repository, secret: z.strictObject({ name: z.string(), armored: z.string() }).optional(), key: z.string().optional() }), async (input, asker) => {
      const found = await repositoryOf(ports, input.repository);
      if (input.secret) {
        const { name, armored } = input.secret;
        const opened = await keys.open(found.id, armored);
        if ('problem' in opened) throw new Refused(`${name} ${opened.problem}`);
        await noted(asker, 'secret.revoked', found, { secret: name, nonce: opened.secret.nonce });
        await keys.revokeSecret(found.id, opened.secret);
        return { revoked: name };
      }
      const fingerprint = (input.key ?? (await keys.current(found)).fingerprint).replaceAll(' ', '').toUpperCase();
      const whole = (await keys.all(found.id)).find((key) => key.fingerprint === fingerprint || (fingerprint.length >= 16 && key.fingerprint.endsWith(fingerprint)));
      if (!whole) throw new Refused(`${found.owner}/${found.name} has no key ${fingerprint}. See: roundhouse secrets key ${found.owner}/${found.name}`);
      await noted(asker, 'key.revoked', found, { fingerprint: whole.fingerprint });
      await keys.revokeKey(found.id, whole.fingerprint);
      return { revoked: whole.fingerprint };
    }),
  };

  async function check(found: Repository, name: string, armored: string, ref: string | null): Promise<SecretReport> {
    const opened = await keys.open(found.id, armored);
    if ('problem' in opened) return { name, problem: opened.problem, scope: null };
    const { min_trust, refs, created, expires, kid } = opened.secret;
    const scope = { min_trust, refs, created, kid, ...(expires !== undefined && { expires }) };
    // Where no ref is asked about, only what holds for all of them is judged.
    const everywhere: SecretPlaintext = ref === null ? { ...opened.secret, refs: [] } : opened.secret;
    return { name, problem: refusalOf(everywhere, { host, repositoryId: found.id, name, trust: 'T2', ref: ref ?? '', kid: opened.kid, now: Date.now() }), scope };
  }

  async function narrowedSecret(found: Repository, name: string, armored: string, to: z.infer<typeof scope>): Promise<Omit<SecretPlaintext, 'pad'>> {
    const opened = await keys.open(found.id, armored);
    if ('problem' in opened) throw new Refused(`${name} ${opened.problem}`);
    const refused = refusalOf({ ...opened.secret, refs: [] }, { host, repositoryId: found.id, name, trust: 'T2', ref: '', kid: opened.kid, now: Date.now() });
    if (refused !== null) throw new Refused(refused);
    const result = narrowed(opened.secret, { ...(to.refs && { refs: to.refs }), ...(to.minTrust && { minTrust: to.minTrust }), ...(to.expires !== undefined && { expires: to.expires }) });
    if ('problem' in result) throw new Refused(result.problem);
    return result.secret;
  }
}
