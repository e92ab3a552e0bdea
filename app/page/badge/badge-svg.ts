// How is a badge drawn?

export type BadgeWord = 'passed' | 'failed' | 'canceled' | 'running' | 'no builds' | 'unknown';
/** Of its corners. */
export type BadgeStyle = 'round' | 'flat';

/** White on each of them has a contrast of 4.5 at least. */
const colors: Record<BadgeWord, string> = { passed: '#1a7433', failed: '#b3261e', canceled: '#5f6771', running: '#7d5600', 'no builds': '#5f6771', unknown: '#5f6771' };

const mostCharacters = 40;
const padding = 7;

export function badgeSvg(label: string, word: BadgeWord, style: BadgeStyle): string {
  const shown = shortened(label.toWellFormed().replace(/[\p{C}\p{Z}]+/gu, ' ').trim() || 'build');
  const [left, right] = [textWidth(shown) + 2 * padding, textWidth(word) + 2 * padding];
  const width = left + right;
  const title = escaped(`${shown}: ${word}`);
  const text = (content: string, x: number, wide: number): string => `<text x="${x + padding}" y="14" textLength="${wide - 2 * padding}" lengthAdjust="spacingAndGlyphs">${escaped(content)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" viewBox="0 0 ${width} 20" role="img" aria-label="${title}"><title>${title}</title><clipPath id="c"><rect width="${width}" height="20" rx="${style === 'flat' ? 0 : 4}"/></clipPath><g clip-path="url(#c)"><rect width="${left}" height="20" fill="#24292f"/><rect x="${left}" width="${right}" height="20" fill="${colors[word]}"/></g><g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">${text(shown, 0, left)}${text(word, left, right)}</g></svg>\n`;
}

const shortened = (text: string): string => {
  const characters = [...text];
  return characters.length <= mostCharacters ? text : `${characters.slice(0, mostCharacters - 1).join('')}…`;
};

/** Of the letters of Verdana at 11 px, in whole pixels; the picture says how wide its text shall be, so other fonts fit too. */
const widths: readonly (readonly [characters: string, px: number])[] = [
  ['ijlI.,:;|!\'`', 4],
  ['ftrJ()[]{}/\\- ', 5],
  ['csvxyz"', 6],
  ['abdeghknopquFLTZ0123456789_*?$', 7],
  ['ABCEKPRSUVXY&', 8],
  ['DGHNOQ=+<>~#^', 9],
  ['wM%@', 10],
  ['mW…', 11],
];
const widthOf = new Map(widths.flatMap(([characters, px]) => [...characters].map((character) => [character, px] as const)));

/** Of letters that we do not know, as of those of other scripts: wide, for many are. */
const otherWidth = 11;

export const textWidth = (text: string): number => [...text].reduce((sum, character) => sum + (widthOf.get(character) ?? otherWidth), 0);

const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
