// How does a part of the page become like a fresh one, with the least change? What stays keeps focus, selection, scroll and whether it is open.

/** Children are the same by their id, those without one by their place among their kind. */
export function morph(old, fresh) {
  const focused = document.activeElement;
  morphChildren(old, fresh);
  // Whoever was moved has lost it.
  if (focused !== document.activeElement && focused?.isConnected && old.contains(focused)) focused.focus({ preventScroll: true });
}

function morphChildren(old, fresh) {
  const byId = new Map([...old.children].filter(({ id }) => id !== '').map((child) => [child.id, child]));
  const freshIds = new Set([...fresh.children].map(({ id }) => id));
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    // What is not there any more does not hold up what comes after it.
    while (at && keyOf(at) !== '' && !freshIds.has(keyOf(at))) at = removed(at);
    const key = keyOf(next);
    const match = key === '' ? (at && keyOf(at) === '' && at.nodeName === next.nodeName ? at : null) : byId.get(key);
    if (!match || match.nodeName !== next.nodeName) {
      old.insertBefore(document.importNode(next, true), at);
    } else {
      if (match === at) at = at.nextSibling;
      else old.insertBefore(match, at);
      morphNode(match, next);
    }
  }
  while (at) at = removed(at);
}

function morphNode(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !isReaders(old, name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !isReaders(old, name)) old.setAttribute(name, value);
  morphChildren(old, fresh);
}

/** Whether it is open is for the reader to say. */
const isReaders = (element, attribute) => element.nodeName === 'DETAILS' && attribute === 'open';

const keyOf = (node) => node.id ?? '';

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
