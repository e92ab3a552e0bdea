// Which lines does the address of a page point to? `#L10-L20` on a log's own page, `#step-3-L10-L20` where there are several.

/** Null when it points to no line. `step` is null for the page's only log. */
export function linesInAddress(hash = location.hash) {
  const match = /^#(?:step-(\d{1,9})(?:-slice-(\d{1,9}))?-)?L(\d{1,12})(?:-L?(\d{1,12}))?$/.exec(hash);
  if (!match) return null;
  const [from, to] = [Number(match[3]), Number(match[4] ?? match[3])];
  return { name: match[1] === undefined ? null : `step-${match[1]}${match[2] === undefined ? '' : `-slice-${match[2]}`}`, from: Math.max(1, Math.min(from, to)), to: Math.max(1, from, to) };
}

/** Points to the lines, of this attempt whatever comes after it. `query` is what else makes the page show the same. */
export function pointTo(name, from, to, query) {
  const url = new URL(location.href);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  url.searchParams.delete('line');
  url.hash = `${name === null ? '' : `${name}-`}L${from}${to > from ? `-L${to}` : ''}`;
  history.replaceState(null, '', url);
}
