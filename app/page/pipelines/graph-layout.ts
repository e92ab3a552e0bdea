// Where does each job of a workflow stand in its drawing? From left to right as they wait for one another, with few crossings.

/** `requires` may name what is not there, and be in circles: a drawing has no faults to find. */
export type GraphNode = { name: string; requires: readonly string[] };

export type Layout = { nodes: { name: string; layer: number; x: number; y: number }[]; edges: { from: string; to: string; points: [number, number][] }[]; width: number; height: number };

export const nodeWidth = 208;
export const nodeHeight = 44;
const columnGap = 52;
const rowGap = 14;
/** Of an edge that passes between the jobs of a layer. */
const passageHeight = 6;
const sweeps = 8;

/** A job, or one passage of an edge through a layer between its ends. */
type Place = { job: string | null; height: number; before: Place[]; after: Place[]; layer: number; row: number; y: number };

export function layoutGraph(jobs: readonly GraphNode[]): Layout {
  const requires = withoutImplied(withoutCircles(jobs));
  const layerOf = layersOf(requires);
  const places = new Map(jobs.map(({ name }) => [name, place(name, nodeHeight, layerOf.get(name)!)]));
  const layers: Place[][] = [];
  const put = (added: Place): Place => ((layers[added.layer] ??= []).push(added), added);
  for (const { name } of jobs) put(places.get(name)!);

  const routes: { from: string; to: string; via: Place[] }[] = [];
  for (const [to, needed] of requires) {
    for (const from of needed) {
      const via = [places.get(from)!];
      for (let layer = layerOf.get(from)! + 1; layer < layerOf.get(to)!; layer++) via.push(put(place(null, passageHeight, layer)));
      via.push(places.get(to)!);
      for (const [i, next] of via.slice(1).entries()) {
        via[i]!.after.push(next);
        next.before.push(via[i]!);
      }
      routes.push({ from, to, via });
    }
  }

  order(layers);
  const height = align(layers);
  const xOf = ({ layer }: Place): number => layer * (nodeWidth + columnGap);
  const middleOf = ({ y, height: own }: Place): number => y + own / 2;
  return {
    nodes: jobs.map(({ name }) => ({ name, layer: layerOf.get(name)!, x: xOf(places.get(name)!), y: places.get(name)!.y })),
    edges: routes.map(({ from, to, via }) => ({
      from,
      to,
      points: via.flatMap((at, i): [number, number][] => [...(i > 0 ? [[xOf(at), middleOf(at)] as [number, number]] : []), ...(i < via.length - 1 ? [[xOf(at) + nodeWidth, middleOf(at)] as [number, number]] : [])]),
    })),
    width: Math.max(0, layers.length * (nodeWidth + columnGap) - columnGap),
    height,
  };
}

const place = (job: string | null, height: number, layer: number): Place => ({ job, height, before: [], after: [], layer, row: 0, y: 0 });

type Edges = Map<string, string[]>;

function withoutCircles(jobs: readonly GraphNode[]): Edges {
  const names = new Map(jobs.map((job) => [job.name, job]));
  const done: Edges = new Map();
  const open = new Set<string>();
  const visit = (job: GraphNode): void => {
    if (done.has(job.name)) return;
    open.add(job.name);
    const kept = [...new Set(job.requires)].filter((required) => names.has(required) && !open.has(required));
    for (const required of kept) visit(names.get(required)!);
    open.delete(job.name);
    done.set(job.name, kept);
  };
  for (const job of jobs) visit(job);
  return new Map(jobs.map(({ name }) => [name, done.get(name)!]));
}

/** A line from a to c says nothing where a leads to b and b to c. */
function withoutImplied(requires: Edges): Edges {
  const above = new Map<string, Set<string>>();
  const aboveOf = (name: string): Set<string> => {
    const known = above.get(name);
    if (known) return known;
    const all = new Set<string>();
    above.set(name, all);
    for (const required of requires.get(name)!) for (const each of [required, ...aboveOf(required)]) all.add(each);
    return all;
  };
  return new Map([...requires].map(([name, needed]) => [name, needed.filter((one) => !needed.some((other) => other !== one && aboveOf(other).has(one)))]));
}

function layersOf(requires: Edges): Map<string, number> {
  const layers = new Map<string, number>();
  const layerOf = (name: string): number => {
    const known = layers.get(name);
    if (known !== undefined) return known;
    const layer = Math.max(-1, ...requires.get(name)!.map(layerOf)) + 1;
    layers.set(name, layer);
    return layer;
  };
  for (const name of requires.keys()) layerOf(name);
  return layers;
}

/** Each place goes to the middle of its neighbours, from the left and from the right in turn; the best order seen is kept. */
function order(layers: Place[][]): void {
  const number = (): void => layers.forEach((layer) => layer.forEach((one, row) => (one.row = row)));
  number();
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers);
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    const fromLeft = sweep % 2 === 0;
    for (const layer of fromLeft ? layers : [...layers].reverse()) {
      const middle = new Map(layer.map((one) => [one, mean((fromLeft ? one.before : one.after).map(({ row }) => row)) ?? one.row]));
      layer.sort((a, b) => middle.get(a)! - middle.get(b)!);
      layer.forEach((one, row) => (one.row = row));
    }
    const now = crossings(layers);
    if (now < fewest) [fewest, best] = [now, layers.map((layer) => [...layer])];
  }
  best.forEach((layer, i) => (layers[i] = layer));
  number();
}

/** Pairs of edges between two neighbouring layers that cross. */
const crossings = (layers: Place[][]): number => layers.reduce((sum, layer) => sum + inversions(layer.flatMap((one) => one.after.map(({ row }) => row).sort((a, b) => a - b))).count, 0);

/** How many pairs stand the wrong way round; counted while they are sorted, because there may be thousands. */
function inversions(numbers: number[]): { sorted: number[]; count: number } {
  if (numbers.length < 2) return { sorted: numbers, count: 0 };
  const half = numbers.length >> 1;
  const [left, right] = [inversions(numbers.slice(0, half)), inversions(numbers.slice(half))];
  const sorted: number[] = [];
  let count = left.count + right.count;
  for (let l = 0, r = 0; l + r < numbers.length; ) {
    if (r === right.sorted.length || (l < left.sorted.length && left.sorted[l]! <= right.sorted[r]!)) sorted.push(left.sorted[l++]!);
    else {
      sorted.push(right.sorted[r++]!);
      count += left.sorted.length - l;
    }
  }
  return { sorted, count };
}

/** Answers the height of all. Within its layer's order, everything stands as near to the height of its neighbours as there is room. */
function align(layers: Place[][]): number {
  for (const layer of layers) spread(layer, layer.map((_, row) => row * (nodeHeight + rowGap)));
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      spread(layer, layer.map((one) => (mean((sweep % 2 === 0 ? one.before : one.after).map((other) => other.y + other.height / 2)) ?? one.y + one.height / 2) - one.height / 2));
    }
  }
  const top = Math.min(...layers.flat().map(({ y }) => y));
  let bottom = 0;
  for (const one of layers.flat()) {
    one.y = Math.round(one.y - top);
    bottom = Math.max(bottom, one.y + one.height);
  }
  return Number.isFinite(top) ? bottom : 0;
}

/** The places nearest to the wanted ones at which nothing overlaps: those that would are joined to a block that goes to its middle. */
function spread(layer: Place[], wanted: number[]): void {
  const offsets: number[] = [];
  let sum = 0;
  for (const one of layer) {
    offsets.push(sum);
    sum += one.height + rowGap;
  }
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((y, i) => {
    blocks.push({ sum: y - offsets[i]!, count: 1 });
    while (blocks.length > 1 && meanOf(blocks.at(-2)!) >= meanOf(blocks.at(-1)!)) {
      const last = blocks.pop()!;
      blocks.at(-1)!.sum += last.sum;
      blocks.at(-1)!.count += last.count;
    }
  });
  let i = 0;
  for (const block of blocks) for (let n = 0; n < block.count; n++, i++) layer[i]!.y = meanOf(block) + offsets[i]!;
}

const meanOf = ({ sum, count }: { sum: number; count: number }): number => sum / count;
const mean = (numbers: number[]): number | null => (numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0) / numbers.length);
