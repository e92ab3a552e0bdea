// Which tests failed, and what did they say?

import { html } from 'hono/html';
import { addCounts, isFailure, testsInWords } from '../../../config-schema/test-report.ts';
import type { PipelineView } from '../../../config-schema/view.ts';
import { jobPath } from '../address.ts';
import { sign } from '../layout.ts';
import type { Html, Shown } from '../layout.ts';
import { duration, type Status } from '../words.ts';
import { frame, head, pagePath, placeOf } from './pipeline-head.ts';
import type { Facts } from './pipeline-record.ts';
import { chooseTests, nameOfJob, type FoundTest, type JobTests, type TestsAsked } from './tests.ts';

export const testsOnPage = 100;
const mostOfMessage = 300;
const mostOfDetail = 4000;

export function testsView(view: PipelineView, facts: Facts, jobs: JobTests[], { tests, missing }: { tests: FoundTest[]; missing: number }, asked: TestsAsked, now: number): Shown {
  const chosen = chooseTests(tests, asked);
  const from = testsOnPage * Math.min(asked.page - 1, Math.max(0, Math.ceil(chosen.length / testsOnPage) - 1));
  const onPage = chosen.slice(from, from + testsOnPage);
  return {
    ...frame(view, 'tests'),
    // What is typed into the filter must not be lost.
    open: false,
    body: html`${head(view, facts, 'tests', now)}
${
  jobs.length === 0
    ? html`<p>${view.state === 'ended' ? 'No job stored test results.' : 'No job has stored test results yet.'} A step <code>store_test_results</code> reads JUnit’s XML.</p>`
    : html`<p>${testsInWords(addCounts(jobs.map(({ counts }) => counts)))} in ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}${view.state === 'ended' ? '' : ' so far'}.</p>
${filter(view, jobs, asked)}
${missing === 0 ? '' : html`<p class="reason">${missing} ${missing === 1 ? 'report is' : 'reports are'} not there any more, or cannot be read; the tests in ${missing === 1 ? 'it are' : 'them are'} missing below.</p>`}
${onPage.length === 0 ? html`<p>No test is like that.</p>` : html`<div class="tests">${onPage.map((test) => row(view, test, jobs.length > 1))}</div>`}
${pageLinks(view, asked, from, chosen.length)}`
}`,
  };
}

function filter(view: PipelineView, jobs: JobTests[], asked: TestsAsked): Html {
  const option = (value: string, text: string, chosen: string): Html => html`<option value="${value}"${value === chosen ? html` selected` : ''}>${text}</option>`;
  return html`<form class="test-filter" action="${pagePath(view, 'tests')}">
<label>Job <select name="job">${option('', 'all', asked.job)}${jobs.map((job) => option(nameOfJob(job), `${nameOfJob(job)} (${testsInWords(job.counts)})`, asked.job))}</select></label>
<label>Outcome <select name="status">${option('', 'all', asked.status)}${(['failed', 'passed', 'skipped'] as const).map((status) => option(status, status, asked.status))}</select></label>
<label>Name <input name="name" value="${asked.name}" placeholder="part of it"></label>
<label>Order <select name="sort">${option('', 'failed first', asked.sort)}${option('slow', 'slowest first', asked.sort)}</select></label>
<button>Show</button></form>`;
}

function row(view: PipelineView, test: FoundTest, withJob: boolean): Html {
  const status: Status = isFailure(test) ? 'failed' : test.outcome === 'skipped' ? 'skipped' : 'passed';
  const place = test.file === null ? '' : `${test.file}${test.line === null ? '' : `:${test.line}`}`;
  const path = `${jobPath({ ...placeOf(view), workflow: test.workflow, job: test.job })}?slice=${test.slice}`;
  const line = html`${sign(status)} <span class="name">${test.name}</span> <span class="quiet">${test.classname ?? ''}</span><span class="took">${test.seconds === null ? '' : duration(test.seconds * 1000)}</span>`;
  const where = html`<p class="quiet">${place === '' ? '' : html`<code>${place}</code> · `}<a href="${path}">${withJob ? `${nameOfJob(test)}, ` : ''}slice ${test.slice}</a></p>`;
  const said = html`${test.message === null || test.message === '' ? '' : html`<p class="message">${cut(test.message, mostOfMessage)}</p>`}${test.detail === null || test.detail === '' ? '' : html`<pre class="code" tabindex="0">${cut(test.detail, mostOfDetail)}</pre>`}`;
  return html`<details class="test ${status}"${status === 'failed' ? html` open` : ''}><summary>${line}</summary>${where}${said}</details>`;
}

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most).toWellFormed()} …`);

function pageLinks(view: PipelineView, asked: TestsAsked, from: number, all: number): Html | '' {
  if (all <= testsOnPage) return '';
  const to = (page: number): string => {
    const query = new URLSearchParams(Object.entries({ ...asked, page: String(page) }).filter(([, value]) => value !== ''));
    return pagePath(view, `tests?${query}`);
  };
  const page = from / testsOnPage + 1;
  return html`<nav class="pages" aria-label="Tests"><span>${from + 1} to ${Math.min(all, from + testsOnPage)} of ${all}</span>${from > 0 ? html`<a href="${to(page - 1)}">Earlier</a>` : ''}${from + testsOnPage < all ? html`<a href="${to(page + 1)}">Later</a>` : ''}</nav>`;
}
