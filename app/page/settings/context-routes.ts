// Which pages show and change contexts? Operators' alone: a context is for many repositories.

import type { RepositoryList } from '../../control/repository-operations.ts';
import { askerOf, sentence, show, unlessOperator } from '../env.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { contextsPath, contextsView, ownersView, type Context } from './context-view.ts';
import { doneNote, donePath, type Done } from './done.ts';
import { faultOfVariable, mistakeIn, pasted, refusalOf, type Mistake } from './form.ts';
import { lookUp } from './look-up.ts';

/** Of one form: what it asks for, or the sentence on what is wrong with it. */
type Change = { done: Done; /** Fields that may come back. */ kept: string[]; of: (form: URLSearchParams) => { operation: string; input: object } | { fault: string } };

const changes: Readonly<Record<string, Change>> = {
  set: {
    done: 'context-set',
    kept: ['context', 'name'],
    of(form) {
      const [context, name, value] = [textOf(form, 'context'), textOf(form, 'name'), pasted(form.get('value'))];
      if (context === '' || context.length > 100) return { fault: 'The name of a context has 1 to 100 characters. Nothing was set: correct the name, and give the value again.' };
      const fault = faultOfVariable(name, value);
      return fault === null ? { operation: 'contexts.set', input: { context, name, value } } : { fault };
    },
  },
  unset: { done: 'context-unset', kept: [], of: (form) => ({ operation: 'contexts.unset', input: { context: textOf(form, 'context'), name: textOf(form, 'name') } }) },
  remove: { done: 'context-removed', kept: [], of: (form) => ({ operation: 'contexts.remove', input: { context: textOf(form, 'context') } }) },
  restrict: {
    done: 'context-restricted',
    kept: ['context', 'repositories', 'expression', 'minTrust', 'teams'],
    of(form) {
      const [repositories, teams, expression] = [wordsOf(form, 'repositories'), wordsOf(form, 'teams'), textOf(form, 'expression')];
      const [strange, team] = [repositories?.find((word) => !/^[\w.-]+\/[\w.-]+$/.test(word)), teams?.find((word) => !/^[\w.-]+$/.test(word))];
      if (strange !== undefined) return { fault: `Repositories: ${strange} is no repository. Write OWNER/NAME, one a line.` };
      if (team !== undefined) return { fault: `Teams: ${team} is no short name of a team, as it stands in its address on GitHub.` };
      const minTrust = form.get('minTrust') === 'T2' ? 'T2' : 'T1';
      return { operation: 'contexts.restrict', input: { context: textOf(form, 'context'), to: { repositories, teams, minTrust, expression: expression === '' ? null : expression } } };
    },
  },
};

const textOf = (form: URLSearchParams, field: string): string => (form.get(field) ?? '').trim();

/** null: none was written, so it is for all. */
function wordsOf(form: URLSearchParams, field: string): string[] | null {
  const words = textOf(form, field).split(/[\s,]+/).filter((word) => word !== '');
  return words.length === 0 ? null : words;
}

export function contextRoutes(app: PageApp, ports: CommonPorts): void {
  app.use('/-/settings/contexts/*', async (c, next) => (await unlessOperator(c)) ?? next());

  app.get('/-/settings/contexts', async (c) => {
    const owner = textOf(new URL(c.req.url).searchParams, 'owner');
    if (owner !== '') return c.redirect(contextsPath(owner));
    const { repositories } = await ports.ask<RepositoryList>('repositories.list', {}, askerOf(c));
    return show(c, ownersView([...new Set(repositories.filter(({ isInstalled }) => isInstalled).map((repository) => repository.owner))].sort()));
  });

  app.get('/-/settings/contexts/:owner', (c) => showContexts(c, ports, null));

  app.post('/-/settings/contexts/:owner/:change', async (c) => {
    const [owner, name, form] = [c.req.param('owner'), c.req.param('change'), c.get('form')];
    if (!Object.hasOwn(changes, name)) return sentence(c, 'Not found', 'There is no such change.', 404);
    const change = changes[name]!;
    const asked = change.of(form);
    const fault = 'fault' in asked ? asked.fault : await refusalOf(() => ports.ask(asked.operation, { owner, ...asked.input }, askerOf(c)));
    return fault === null ? c.redirect(donePath(contextsPath(owner), change.done), 303) : showContexts(c, ports, mistakeIn(`${name} ${form.get('of') ?? ''}`, fault, form, change.kept));
  });
}

async function showContexts(c: PageContext, ports: CommonPorts, mistake: Mistake | null): Promise<Response> {
  const owner = c.req.param('owner')!;
  const answer = /^[\w.-]+$/.test(owner) ? await lookUp<{ contexts: Context[] }>(c, ports, 'contexts.list', { owner }) : { refused: 'This is no name of an account on GitHub.' };
  if ('refused' in answer) return sentence(c, 'Not found', answer.refused, 404);
  return show(c, contextsView({ owner, contexts: answer.contexts, viewer: c.get('viewer'), mistake, done: doneNote(c) }), mistake === null ? 200 : 422);
}
