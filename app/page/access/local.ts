// Who may see the page? Until there is signing in: whoever sits at this machine.

import type { IncomingMessage } from 'node:http';
import { nobody } from './access.ts';
import type { Access } from './access.ts';

/** A sentence when the request is refused, else null. */
export function refusal(req: Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } }): string | null {
  const { headers } = req;
  if (!isLoopback(req.socket.remoteAddress ?? '')) {
    return 'Roundhouse shows builds only to people at its own machine until signing in exists. Come through ssh: `ssh -L 3000:localhost:3000 MACHINE`, then open http://localhost:3000/.';
  }
  // A proxy on this machine makes everybody look local; if it says so, we believe it.
  if (proxyHeaders.some((name) => headers[name] !== undefined)) return 'This request came through a proxy: Roundhouse shows builds only to people at its own machine until signing in exists.';
  // A web page elsewhere can let its own name point to this machine; its visitors' browsers then take us for it (DNS rebinding).
  if (!isLocalName(headers.host)) return 'Roundhouse answers under the name localhost only until signing in exists: open http://localhost/ with the same port.';
  return null;
}

/** For WebSockets, which browsers let any page open anywhere: a browser says which page it was. */
export function originRefusal(req: Pick<IncomingMessage, 'headers'>): string | null {
  const { origin, host } = req.headers;
  if (origin === undefined) return null;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase() ? null : 'Another site may not open this.';
}

const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via', 'cf-connecting-ip', 'true-client-ip'];

const isLoopback = (address: string): boolean => /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/i.test(address);

function isLocalName(host: string | undefined): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(host ?? '')?.[1]?.toLowerCase() ?? '';
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** Until a GitHub App is set up by which people sign in: whoever sits at this machine sees everything, and changes nothing. */
export const localAccess: Access = {
  async viewer(req) {
    const refused = refusal(req);
    return refused === null ? { ...nobody, who: 'somebody at this machine', local: true } : { refused };
  },
  permission: async ({ operator, local }) => (operator ? 'admin' : local ? 'read' : 'none'),
  signInPath: () => null,
};
