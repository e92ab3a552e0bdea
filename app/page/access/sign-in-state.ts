// What must a browser bring back from GitHub, so that a sign-in ends where it began?

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Kept in a cookie of the browser, signed; the state and the challenge go to GitHub. */
export type SignInState = { state: string; verifier: string; to: string };

export const stateSeconds = 600;

/** Any process with the same key reads what another one wrote. */
export function signInStates({ key, now }: { key: string; now: () => number }) {
  const sign = (text: string): string => createHmac('sha256', key).update(`sign-in ${text}`).digest('base64url');
  return {
    begin(to: string): { cookie: string; state: string; challenge: string } {
      const begun: SignInState = { state: randomBytes(32).toString('base64url'), verifier: randomBytes(32).toString('base64url'), to };
      const text = Buffer.from(JSON.stringify({ ...begun, until: now() + stateSeconds * 1000 })).toString('base64url');
      // RFC 7636: what comes with the code later is known to nobody who saw this.
      return { cookie: `${text}.${sign(text)}`, state: begun.state, challenge: createHash('sha256').update(begun.verifier).digest('base64url') };
    },
    /** Null unless this browser began it by this state, a few minutes ago. */
    finish(cookie: string | undefined, state: string | undefined): SignInState | null {
      const [text = '', signature = ''] = (cookie ?? '').split('.');
      if (!same(signature, sign(text))) return null;
      const { until, ...begun } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as SignInState & { until: number };
      return until > now() && same(state ?? '', begun.state) ? begun : null;
    },
  };
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
