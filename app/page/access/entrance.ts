// Which paths are for those whom we do not know yet, under whatever name of ours they come?

/** The one-time addresses, and what their pages are drawn with. */
export const isEntrance = (url: string | undefined): boolean => /^\/(-\/enter\/|static\/)/.test(url ?? '');

/** Those with a ticket, which the page of an artifact asks for without any cookie (artifacts/artifacts.ts). */
export const isTicketed = (url: string | undefined): boolean => /^\/[^/]+\/[^/]+\/\d+\/[^/]+\/[^/]+\/\d+\/artifacts\/~/.test(url ?? '');

/** A path of ours to go back to, from an address that anybody may have written; `/` for anything else. */
export function localPath(to: string | undefined): string {
  if (to === undefined || to.length > 2000 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(to) || to.includes('\\')) return '/';
  const { origin, pathname, search, hash } = new URL(to, 'http://localhost');
  // Dots in it may have made two slashes at its beginning.
  if (origin !== 'http://localhost' || pathname.startsWith('//')) return '/';
  // Nobody wants back to the door itself.
  return /^\/(-\/(sign-in|sign-out|enter)|login\/callback)(\/|$)/.test(pathname) ? '/' : `${pathname}${search}${hash}`;
}
