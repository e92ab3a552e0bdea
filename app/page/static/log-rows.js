// Which rows of a log are in the document? Those near the window: a browser would choke on a million.
//
// Rows may be of any height once they wrap, and a box higher than some ten million pixels does not exist. So the place in the log is an
// anchor: the row at the top of the window, and how many pixels of it are above. The scroll bar only says about where that is; a small
// movement moves the anchor by as much, a large one by as much of the log. When the scrolling rests, the bar is put right.

/** As log.css has it. */
const rowPx = 19;
const tallestPx = 12_000_000;
const fewRows = 300;
const restMs = 150;
const windowsOfWheel = 12;

/**
 * `port`: `count()` of rows; `key(row)`, by which a row is known when there are others before it, and `rowOf(key)`; `draw(row, known)`
 * answers the row's element, `known` when it has one; `shown(ahead)` after rows were drawn, with some that may be next; `moved(down)` when a
 * person has scrolled.
 */
export function logRows(box, port) {
  const sizer = document.createElement('div');
  sizer.className = 'rows';
  const inner = document.createElement('div');
  sizer.append(inner);
  box.replaceChildren(sizer);

  let elements = new Map();
  let wrap = false;
  let few = true;
  let anchor = { row: 0, px: 0 };
  let [first, last, innerTop] = [0, 0, 0];
  let ours = 0;
  let restTimer;
  let down = true;
  let anchorKey = 0;
  /** The bar is to be put where the anchor is. */
  let aside = true;

  const tall = (n) => Math.min(n * rowPx, tallestPx);
  const moveTo = (top) => {
    box.scrollTop = top;
    ours = box.scrollTop;
  };

  box.addEventListener('scroll', () => {
    if (!follow()) return;
    if (few) anchorKey = port.key(anchor.row);
    else {
      if (isShort()) show();
      anchorKey = port.key(anchor.row);
      clearTimeout(restTimer);
      restTimer = setTimeout(rest, restMs);
    }
    port.moved(down);
  }, { passive: true });
  new ResizeObserver(() => show()).observe(box);

  /** The bar may have been moved before the browser says so. */
  function follow() {
    const by = box.scrollTop - ours;
    if (Math.abs(by) < 1) return false;
    down = by > 0;
    ours += by;
    locate(by);
    return true;
  }

  const isFew = (n, perWindow) => n <= Math.max(fewRows, 4 * perWindow);

  /** Where is the window now, after the bar has moved by so much? */
  function locate(by = 0) {
    const n = port.count();
    const top = box.scrollTop;
    if (few || (top >= innerTop && top < innerTop + inner.offsetHeight)) {
      const row = few || wrap ? childAt(top - (few ? 0 : innerTop)) : Math.min(last - 1, first + Math.floor((top - innerTop) / rowPx));
      anchor = { row, px: top - (few ? 0 : innerTop) - topOf(row) };
    } else {
      const h = box.clientHeight;
      // Several windows in one frame are a hand at the wheel; more is one at the bar.
      const place = Math.abs(by) < windowsOfWheel * h && by !== 0 ? Math.max(0, Math.min(n * rowPx - h, anchor.row * rowPx + anchor.px + by)) : (top / Math.max(1, tall(n) - h)) * (n * rowPx - h);
      anchor = { row: Math.min(n - 1, Math.floor(place / rowPx)), px: place % rowPx };
    }
  }

  /** More rows than those in the document may be seen soon. */
  function isShort() {
    const [n, h, top] = [port.count(), box.clientHeight, box.scrollTop];
    const perWindow = h / rowPx;
    return (first > 0 && (anchor.row - first < perWindow / 6 || top <= 0)) || (last < n && (last - anchor.row < 1.15 * perWindow || top >= tall(n) - h - 1)) || anchor.row < first;
  }

  /** The row of those in the document in which this pixel is. */
  function childAt(px) {
    const all = inner.children;
    let [low, high] = [0, all.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (all[middle].offsetTop <= px) low = middle;
      else high = middle - 1;
    }
    return first + Math.max(0, low);
  }

  const topOf = (row) => (few || wrap ? (inner.children[row - first]?.offsetTop ?? 0) : (row - first) * rowPx);
  const innerHeight = () => (wrap ? inner.offsetHeight : (last - first) * rowPx);

  /** Draws what is in the window and around it. `toEnd`: the last row at the bottom. */
  function show(toEnd = false) {
    const n = port.count();
    const h = box.clientHeight;
    if (h === 0 && n > 0) return;
    const perWindow = Math.ceil(h / rowPx) || 1;
    if (!toEnd && !aside) follow();
    const jump = aside || few !== isFew(n, perWindow);
    aside = false;
    few = isFew(n, perWindow);
    box.classList.toggle('few', few);
    if (toEnd) anchor = { row: Math.max(0, n - 1), px: rowPx - h };
    anchor.row = Math.max(0, Math.min(n - 1, anchor.row));
    anchorKey = n > 0 ? port.key(anchor.row) : 0;
    if (few) {
      sizer.style.height = '';
      inner.style.top = '';
      draw(0, n);
      innerTop = 0;
      const wanted = toEnd ? box.scrollHeight : topOf(anchor.row) + anchor.px;
      if (n > 0 && Math.abs(wanted - box.scrollTop) >= 1) {
        moveTo(wanted);
        locate();
      }
      return port.shown([]);
    }
    const height = tall(n);
    sizer.style.height = `${height}px`;
    const around = Math.ceil(perWindow / 3) + 3;
    draw(Math.max(0, anchor.row - around), Math.min(n, anchor.row + perWindow + around));
    let top = jump ? barOf(n, h) : box.scrollTop;
    const above = topOf(anchor.row);
    if ((top <= 0 && first > 0) || (top >= height - h - 1 && last < n)) top = barOf(n, h);
    innerTop = top - anchor.px - above;
    // At both ends the rows end where the box does.
    if (first === 0) [top, innerTop] = [top - innerTop, 0];
    else if (last === n) {
      const right = height - innerHeight();
      [top, innerTop] = [toEnd ? height - h : top + right - innerTop, right];
    }
    inner.style.top = `${innerTop}px`;
    if (Math.abs(top - box.scrollTop) >= 1) {
      moveTo(top);
      // The window ends where the rows do, whatever the anchor said.
      if (toEnd || Math.abs(box.scrollTop - top) >= 1) locate();
    } else ours = box.scrollTop;
    const ahead = down ? [last + 3 * perWindow, last + 400] : [first - 3 * perWindow, first - 400];
    port.shown(ahead.filter((row) => row >= 0 && row < n));
  }

  const barOf = (n, h) => {
    const tallness = wrap ? (inner.children[anchor.row - first]?.offsetHeight ?? rowPx) : rowPx;
    const place = anchor.row * rowPx + (anchor.px * rowPx) / (anchor.px < 0 ? rowPx : tallness);
    return (Math.max(0, place) / Math.max(1, n * rowPx - h)) * (tall(n) - h);
  };

  function rest() {
    const n = port.count();
    if (few || n === 0) return;
    const [top, h] = [barOf(n, box.clientHeight), box.clientHeight];
    if (first === 0 || last === n || Math.abs(top - box.scrollTop) < 2 || h === 0) return;
    moveTo(top);
    innerTop = box.scrollTop - anchor.px - topOf(anchor.row);
    inner.style.top = `${innerTop}px`;
  }

  function draw(from, to) {
    const fresh = new Map();
    for (let row = from; row < to; row += 1) fresh.set(port.key(row), row);
    // What scrolls out of sight comes in again as another row: making elements is what costs.
    const spare = [];
    for (const [key, element] of elements) if (!fresh.has(key)) spare.push(element);
    const drawn = new Map();
    let place = inner.firstChild;
    for (const [key, row] of fresh) {
      const known = elements.get(key);
      const element = port.draw(row, known ?? spare.pop());
      if (place === element) place = element.nextSibling;
      else inner.insertBefore(element, place);
      drawn.set(key, element);
    }
    for (const element of spare) element.remove();
    elements = drawn;
    [first, last] = [from, to];
  }

  const isAtEnd = () => {
    if (few) return box.scrollTop + box.clientHeight >= box.scrollHeight - 1.5 * rowPx;
    return last === port.count() && box.scrollTop + box.clientHeight >= tall(last) - 1.5 * rowPx;
  };

  return {
    show,
    toEnd: () => show(true),
    isAtEnd,
    /** The row a fifth below the top of the window. */
    toRow(row) {
      anchor = { row, px: -Math.floor(box.clientHeight / 5) };
      aside = true;
      show();
    },
    /** The one at the top of the window. */
    get topRow() {
      if (few) locate();
      return Math.max(0, anchor.row);
    },
    /** The rows have other numbers now; the same line stays where it is. */
    renumbered() {
      if (anchorKey > 0) anchor.row = port.rowOf(anchorKey);
      aside = true;
      show();
    },
    wrap(on) {
      wrap = on;
      aside = true;
      show();
    },
    get elements() {
      return elements;
    },
  };
}
