// What are our forms made of, and what becomes of one with a mistake in it? It comes back filled, but for secrets.

import { html } from 'hono/html';
import { isSentence } from '../../control/run-operation.ts';
import { csrfField, type Html } from '../layout.ts';
import type { Viewer } from '../access/access.ts';

/** `form`: which one of the page it was. */
export type Mistake = { form: string; sentence: string; fields: Readonly<Record<string, string>> };

/** The fields of these names only: what is not named is not repeated, so that no secret comes back. */
export const mistakeIn = (form: string, sentence: string, fields: URLSearchParams, kept: readonly string[]): Mistake => ({ form, sentence, fields: Object.fromEntries(kept.map((name) => [name, fields.get(name) ?? ''])) });

export const filled = (mistake: Mistake | null, form: string, field: string, otherwise = ''): string => (mistake?.form === form ? (mistake.fields[field] ?? otherwise) : otherwise);

export const mistakeNote = (mistake: Mistake | null): Html | string => (mistake === null ? '' : html`<p class="reason" role="alert">${mistake.sentence}</p>`);

/** The sentence why it was not done; null: it was. */
export async function refusalOf(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!isSentence(error)) throw error;
    return error.message;
  }
}

export type ButtonForm = { to: string; label: string; /** What it is done to, for those who hear the button alone. */ of?: string; fields?: Record<string, string> };

export function button(viewer: Viewer, { to, label, of, fields = {} }: ButtonForm): Html {
  return html`<form class="one-button" method="post" action="${to}">${csrfField(viewer)}${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<button>${label}${of === undefined ? '' : html`<span class="unseen"> ${of}</span>`}</button></form>`;
}

/** Asked for twice: what it does is said before the button can be seen. */
export const confirmed = (viewer: Viewer, { label, of, ...rest }: ButtonForm, means: string): Html => html`<details class="confirm"><summary>${label} …${of === undefined ? '' : html`<span class="unseen"> ${of}</span>`}</summary><p>${means}</p>${button(viewer, { label, ...(of !== undefined && { of }), ...rest })}</details>`;

/** Whoever looks over a shoulder reads nothing; it may have several lines. */
export const secretArea = (name: string, label: string, rows = 2): Html => html`<label>${label} <textarea class="secret" name="${name}" rows="${rows}" required autocomplete="off" autocapitalize="off" spellcheck="false"></textarea></label>`;

/** Browsers send a text's lines as Windows ends them, and whoever pastes a value rarely means the end of its last line. */
export const pasted = (text: string | null): string => (text ?? '').replaceAll('\r\n', '\n').replace(/\n$/, '');

/** The kernel takes no more as one variable. */
const mostBytes = 120 * 1024;

/** null: it can be set. The value is not repeated. */
export function faultOfVariable(name: string, value: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(name)) return 'The name of a variable has letters, digits and _ only, and begins with no digit. Nothing was set: correct the name, and give the value again.';
  if (value === '') return `The value of ${name} is empty. Nothing was set: give the value.`;
  if (value.includes('\0') || Buffer.byteLength(value) > mostBytes) return `The value of ${name} must have less than 120 kB and no null character. Nothing was set: put what is larger into an object store, and its key here.`;
  return null;
}
