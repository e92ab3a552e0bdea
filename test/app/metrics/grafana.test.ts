// Does the dashboard ask for metrics and labels that exist, and is it one that Grafana takes?

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { createMetrics } from '../../../app/metrics/metrics.ts';

type Panel = { id: number; type: string; title: string; gridPos: { h: number; w: number; x: number; y: number }; targets?: { expr: string; refId: string; legendFormat: string; datasource: { type: string; uid: string } }[] };
type Dashboard = { title: string; uid: string; schemaVersion: number; panels: Panel[]; templating: { list: { name: string; type: string; definition?: string }[] } };

const dashboard = JSON.parse(readFileSync(new URL('../../../docs/grafana.json', import.meta.url), 'utf8')) as Dashboard;
const operating = readFileSync(new URL('../../../docs/OPERATING.md', import.meta.url), 'utf8');
const known = new Map((await createMetrics({ version: '1' }).registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]));
const labelsOf = new Map(Object.values(createMetrics({ version: '1', processes: false })).flatMap((metric) => ('labelNames' in metric && 'name' in metric ? [[metric.name as string, metric.labelNames as string[]]] : [])));
const exprs = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Of metrics: labels begin like them, so they are left out. */
const names = (text: string): string[] => [...text.replace(/\b(?:by|on) \([^)]*\)|\{[^}]*\}/g, ' ').matchAll(/\b(?:roundhouse|cicd|process|nodejs)_[a-z0-9_]+/g)].map(([name]) => name);
/** A histogram is asked for by its parts. */
const isKnown = (name: string): boolean => known.has(name) || ['_bucket', '_sum', '_count'].some((end) => name.endsWith(end) && known.get(name.slice(0, -end.length)) === 'histogram');

suite('the dashboard', () => {
  test('asks only for metrics that exist', () => {
    assert.ok(exprs.length > 30);
    for (const expr of exprs) {
      assert.ok(names(expr).length > 0, expr);
      assert.deepEqual(names(expr).filter((name) => !isKnown(name)), [], expr);
    }
  });

  test('groups and shows only by labels that the metric has', () => {
    const labels = (expr: string): string[] => [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(', ')).filter((label) => label !== 'le');
    for (const { expr, legendFormat } of dashboard.panels.flatMap(({ targets = [] }) => targets)) {
      const metric = names(expr)[0]!.replace(/_(bucket|sum|count)$/, '');
      const has = labelsOf.get(metric) ?? labelsOf.get(names(expr)[0]!) ?? [];
      const matched = [...expr.matchAll(/[{,](\w+)(?:=~|!~|!=|=)/g)].map(([, label]) => label!).filter((label) => label !== 'job');
      const version = metric === 'roundhouse_info' ? ['version'] : has;
      assert.deepEqual([...labels(expr), ...matched].filter((label) => !version.includes(label)), [], expr);
      assert.deepEqual([...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!).filter((label) => !labels(expr).includes(label)), [], legendFormat);
    }
  });

  test('shows every metric of ours', () => {
    const shown = new Set(exprs.flatMap(names).map((name) => name.replace(/_(bucket|sum|count)$/, '')));
    const ours = [...known.keys()].filter((name) => /^(roundhouse|cicd)_/.test(name));
    assert.deepEqual(ours.filter((name) => !shown.has(name) && !shown.has(name.replace(/_(count)$/, ''))), []);
  });

  test('has panels with ids of their own, in a grid of 24 without overlaps, each with its data source', () => {
    const { panels } = dashboard;
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const [i, { gridPos: a, title }] of panels.entries()) {
      assert.ok(a.x >= 0 && a.x + a.w <= 24, title);
      for (const { gridPos: b, title: other } of panels.slice(i + 1)) assert.ok(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y, `${title} over ${other}`);
    }
    for (const { targets = [] } of panels) {
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
      for (const { datasource } of targets) assert.deepEqual(datasource, { type: 'prometheus', uid: '${datasource}' });
    }
    assert.deepEqual(dashboard.templating.list.map(({ name, type }) => [name, type]), [['datasource', 'datasource'], ['job', 'query']]);
    assert.ok(dashboard.schemaVersion >= 36 && dashboard.uid !== '' && dashboard.title !== '');
  });
});

test('the alerts of docs/OPERATING.md ask only for metrics that exist', () => {
  const blocks = [...operating.matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, yaml]) => parse(yaml!) as { groups?: { rules: { alert: string; expr: string }[] }[] });
  const asked = blocks.flatMap(({ groups = [] }) => groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)));
  assert.ok(asked.length >= 6);
  for (const expr of asked) {
    assert.ok(names(expr).length > 0 || expr.startsWith('up'), expr);
    assert.deepEqual(names(expr).filter((name) => !isKnown(name)), [], expr);
  }
});
