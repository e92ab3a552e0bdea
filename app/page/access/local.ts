// Who may see the page while there is no signing in by GitHub? Whoever sits at this machine.

import { nobody } from './access.ts';
import type { Access, Viewer } from './access.ts';
import { isEntrance } from './entrance.ts';
import { isLocalName, placeOf } from './host.ts';
import type { Asked } from './host.ts';

/** A sentence when the request is refused, else null. */
export function refusal({ headers, socket }: Asked & { socket: { remoteAddress?: string | undefined } }): string | null {
  if (!isLoopback(socket.remoteAddress ?? '')) return `Until there is signing in by GitHub, Roundhouse shows builds only to people at its own machine. Come through ssh: \`ssh -L 3000:localhost:3000 MACHINE\`, then open http://localhost:3000/. ${orEnter}`;
  // A proxy on this machine makes everybody look local; if it says so, we believe it.
  if (proxyHeaders.some((name) => headers[name] !== undefined)) return `This request came through a proxy, and until there is signing in by GitHub, Roundhouse shows builds only to people at its own machine. ${orEnter}`;
  // A web page elsewhere can let its own name point to this machine; its visitors' browsers then take us for it (DNS rebinding).
  if (!isLocalName(headers.host)) return `Until there is signing in by GitHub, Roundhouse answers under the name localhost only: open http://localhost/ with the same port. ${orEnter}`;
  return null;
}

const orEnter = 'Or run `roundhouse page` on that machine, and open the address that it prints.';

/** For WebSockets, which browsers let any page open anywhere: a browser says which page it was. */
export function originRefusal({ headers: { origin, host } }: Asked): string | null {
  if (origin === undefined) return null;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase() ? null : 'Another site may not open this.';
}

const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via', 'cf-connecting-ip', 'true-client-ip'];

const isLoopback = (address: string): boolean => /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/i.test(address);

/** Whoever sits at this machine sees everything, and changes nothing. */
export const localAccess: Access = {
  async viewer(req) {
    const refused = refusal(req);
    return refused === null ? { ...nobody, who: 'somebody at this machine', local: true } : { refused };
  },
  permission: async ({ operator, local }) => (operator ? 'admin' : local ? 'read' : 'none'),
  signInPath: () => null,
};

/** The same, and whoever came by an address that `roundhouse page` printed: an operator, under our public name too. */
export function localAccessWith({ publicUrl, sessionViewer }: { publicUrl: string; sessionViewer: (req: Asked) => Promise<Viewer | null> }): Access {
  return {
    ...localAccess,
    async viewer(req) {
      if (placeOf(req, publicUrl) === 'elsewhere') return localAccess.viewer(req);
      const viewer = await sessionViewer(req);
      // Persons have signed in by an App that is not there any more.
      if (viewer?.operator === true && viewer.person === null) return viewer;
      const other = await localAccess.viewer(req);
      return 'refused' in other && isEntrance(req.url) ? nobody : other;
    },
  };
}
