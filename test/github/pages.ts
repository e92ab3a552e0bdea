// What does a person see of a repository, its commits and their checks?

import { html } from 'hono/html';
import type { World } from './world.ts';
import type { CheckRun, Repository } from './state.ts';
import { findRepository, fullName } from './state.ts';
import { buttonsOf } from './buttons.ts';
import { latestRuns } from './checks.ts';
import { listRefs, log, readBlob, readCommit, readPath, resolveCommit } from './git.ts';
import { cloneUrl, sshUrl } from './shapes.ts';
import { page, type PageAnswer } from './page.ts';

/** Only what is public, and what a demo on one's own machine shows anyway: there is no signing in. null where there is no such page. */
export async function answerPage(world: World, url: URL): Promise<PageAnswer | null> {
  const [owner, name, kind, ...rest] = url.pathname.split('/').filter(Boolean).map(decodeSegment);
  if (owner === undefined) return home(world);
  if (name === undefined) return null;
  if (owner === 'avatars') return avatar(Number(kind));
  const repository = findRepository(world.state, owner, name.replace(/\.git$/, ''));
  if (repository === undefined) return null;
  if (kind === undefined) return overview(world, repository);
  if (kind === 'runs') {
    const run = world.state.runs.get(Number(rest[0]));
    return run?.suite.repository === repository ? checks(world, repository, run.sha) : null;
  }
  if (kind === 'commit' && rest[0] !== undefined) return checks(world, repository, rest[0]);
  if (kind === 'pull') {
    const pull = world.state.pulls.find((candidate) => candidate.repository === repository && candidate.number === Number(rest[0]));
    return pull === undefined ? null : checks(world, repository, pull.head.sha);
  }
  if ((kind === 'raw' || kind === 'blob') && rest[0] !== undefined) return file(repository, rest[0], rest.slice(1).join('/'));
  return null;
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** A square whose colour follows from the account's id. */
const avatar = (id: number): PageAnswer => ({ status: 200, headers: { 'Content-Type': 'image/svg+xml' }, body: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1" fill="hsl(${(id * 47) % 360} 60% 50%)"/></svg>` });

function home(world: World): PageAnswer {
  const rows = [...world.state.repositories.values()].map((repository) => html`<li><a href="/${fullName(repository)}">${fullName(repository)}</a>${repository.private ? ' (private)' : ''}</li>`);
  return page(200, 'Local GitHub', html`<ul>${rows}</ul>`);
}

async function overview(world: World, repository: Repository): Promise<PageAnswer> {
  const branches = await listRefs(repository.path, 'refs/heads');
  const head = await resolveCommit(repository.path, 'HEAD', repository.defaultBranch);
  const commits = head === null ? [] : await log(repository.path, ['-20', head, '--']);
  const pulls = world.state.pulls.filter((pull) => pull.repository === repository && pull.state === 'open');
  return page(200, fullName(repository), html`
    <p>Clone: <code>${sshUrl(world, repository)}</code> or <code>${cloneUrl(world, repository)}</code></p>
    <h2>Branches</h2>
    <ul>${branches.map(({ ref, commit }) => html`<li>${ref.slice('refs/heads/'.length)}: ${commitLink(repository, commit)} ${verdict(world, repository, commit)}</li>`)}</ul>
    <h2>Open pull requests</h2>
    <ul>${pulls.map((pull) => html`<li><a href="/${fullName(repository)}/pull/${pull.number}">#${pull.number} ${pull.title}</a> ${verdict(world, repository, pull.head.sha)}</li>`)}</ul>
    <h2>Commits of ${repository.defaultBranch}</h2>
    <table>${commits.map((commit) => html`<tr><td>${commitLink(repository, commit.sha)}</td><td>${commit.message.split('\n')[0]}</td><td>${commit.author.name}</td><td>${commit.committer.date}</td><td>${verdict(world, repository, commit.sha)}</td></tr>`)}</table>`);
}

const commitLink = (repository: Repository, sha: string) => html`<a href="/${fullName(repository)}/commit/${sha}/checks"><code>${sha.slice(0, 7)}</code></a>`;

const runsOn = (world: World, repository: Repository, sha: string): CheckRun[] => latestRuns([...world.state.runs.values()].filter((run) => run.suite.repository === repository && run.sha === sha));

/** In words, for those who do not see colours. */
function verdict(world: World, repository: Repository, sha: string): string {
  const runs = runsOn(world, repository, sha);
  if (runs.length === 0) return '';
  const good = runs.filter((run) => run.conclusion === 'success' || run.conclusion === 'neutral' || run.conclusion === 'skipped').length;
  const open = runs.filter((run) => run.status !== 'completed').length;
  return `${good} of ${runs.length} checks passed${open === 0 ? '' : `, ${open} running`}`;
}

async function checks(world: World, repository: Repository, sha: string): Promise<PageAnswer | null> {
  const commit = await readCommit(repository.path, sha);
  if (commit === null) return null;
  const runs = runsOn(world, repository, sha);
  return page(200, `Checks of ${sha.slice(0, 7)}`, html`
    <p><a href="/${fullName(repository)}">${fullName(repository)}</a>: ${commit.message.split('\n')[0]}</p>
    ${runs.length === 0 ? html`<p>No checks.</p>` : runs.map((run) => runArticle(world, run))}`);
}

function runArticle(world: World, run: CheckRun) {
  const { title, summary, text, annotations } = run.output;
  return html`
    <article id="run-${run.id}" data-name="${run.name}" data-status="${run.status}" data-conclusion="${run.conclusion ?? ''}">
      <h2>${run.name}: ${run.conclusion ?? run.status}</h2>
      <p>${run.suite.app.name}. Started ${run.startedAt}${run.completedAt === null ? '' : `, completed ${run.completedAt}`}. ${run.detailsUrl !== null && /^https?:/.test(run.detailsUrl) ? html`<a href="${run.detailsUrl}">Details</a>` : ''}</p>
      ${buttonsOf(world, run)}
      ${title === null ? '' : html`<h3>${title}</h3>`}
      ${summary === null ? '' : html`<pre>${summary}</pre>`}
      ${text === null ? '' : html`<pre>${text}</pre>`}
      ${annotations.length === 0 ? '' : html`<table>${annotations.map((one) => html`<tr><td>${one.annotation_level}</td><td><code>${one.path}:${one.start_line}</code></td><td>${one.title ?? ''} ${one.message}</td></tr>`)}</table>`}
    </article>`;
}

/** As plain text, whatever it is: nothing of a repository runs in this origin. */
async function file(repository: Repository, ref: string, path: string): Promise<PageAnswer | null> {
  const commit = await resolveCommit(repository.path, ref, repository.defaultBranch);
  const entry = commit === null ? null : await readPath(repository.path, commit, path);
  if (entry?.type !== 'blob') return null;
  return { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }, body: (await readBlob(repository.path, entry.sha)).toString('utf8') };
}
