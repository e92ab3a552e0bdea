// The import table of ARCHITECTURE.md. Two passes: PASS=edges sees type-only imports and judges single edges;
// PASS=reach looks at the graph after types are erased and judges what is reachable at run time.
const main = '(^|/)main[.]ts$';
const folders = '(app|workflows|activities|sandbox-agent|config-schema|test)';
const edge = (name, from, mayImport, comment, to = {}) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: [main] },
  to: { path: `^${folders}/`, pathNot: mayImport, ...to },
});

const edges = [
  edge('config-schema-is-a-leaf', '^config-schema/', ['^config-schema/'], 'The words that everybody uses know nobody.'),
  edge('agent-knows-the-words', '^sandbox-agent/', ['^sandbox-agent/', '^config-schema/'], 'The agent is shipped alone into a container.'),
  edge('activities-know-words-and-agent-protocol', '^activities/', ['^activities/', '^config-schema/', '^sandbox-agent/(protocol|client)[.]ts$'], 'Activities talk to the agent; they do not contain it.'),
  edge('workflows-know-values-of-words-only', '^workflows/', ['^workflows/', '^config-schema/'], 'Activities reach a workflow as types, through workflows/activities.ts.', { dependencyTypesNot: ['type-only'] }),
  edge('workflows-see-activity-types-through-one-door', '^workflows/(?!activities[.]ts)', ['^workflows/', '^config-schema/'], 'Only workflows/activities.ts names activity types.'),
  edge('app-knows-words-and-the-client', '^app/', ['^app/', '^config-schema/', '^workflows/client[.]ts$'], 'The app starts temporal workflows by name and gets adapters handed in; of activities it may import types.', { dependencyTypesNot: ['type-only'] }),
  { name: 'adapters-are-wired-in-main', comment: 'Take the port as an argument; main.ts hands the adapter in.', severity: 'error', from: { pathNot: ['^activities/adapters/', main, '^test/'] }, to: { path: '^activities/adapters/' } },
  { name: 'nothing-imports-a-main', comment: 'Move what you need out of main.ts.', severity: 'error', from: {}, to: { path: main } },
  {
    name: 'pure-folders-use-named-packages',
    comment: 'config-schema and workflows are deterministic: no IO, few packages.',
    severity: 'error',
    from: { path: '^(config-schema|workflows)/', pathNot: ['^workflows/client[.]ts$', main] },
    to: { pathNot: [`^${folders}/`, 'node_modules/(zod|yaml|re2js|picomatch|fast-xml-parser)/', 'node_modules/@temporalio/(workflow|common)/'] },
  },
  { name: 'nothing-imports-tests', comment: 'Product code must not know its tests. The demo alone runs the local GitHub of test/github.', severity: 'error', from: { pathNot: ['^(test|scripts)/', '^app/demo/main[.]ts$'] }, to: { path: '^test/' } },
  { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
];

const reach = [
  {
    name: 'workflows-cannot-reach-io',
    comment: 'A temporal workflow decides; an activity does. Move the IO into an activity.',
    severity: 'error',
    from: { path: '^workflows/', pathNot: '^workflows/client[.]ts$' },
    to: { path: ['^activities/', '^sandbox-agent/', '^app/', '^(node:)?(fs|child_process|net|http|https|crypto|os|worker_threads|dns|tls|timers)(/|$)'], reachable: true },
  },
];

module.exports = {
  forbidden: process.env.PASS === 'reach' ? reach : edges,
  options: {
    tsPreCompilationDeps: process.env.PASS !== 'reach',
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
