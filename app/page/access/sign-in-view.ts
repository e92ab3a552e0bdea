// What does somebody see who has not come in yet?

import { html } from 'hono/html';
import type { Shown } from '../layout.ts';

export const signInView = ({ canSignIn, to }: { canSignIn: boolean; to: string }): Shown => ({
  title: 'Sign in',
  trail: [],
  open: false,
  heading: 'Sign in',
  body: canSignIn
    ? html`<p>Roundhouse shows builds to those who may read their repository on GitHub.</p>
<p><a class="action" href="/-/sign-in/github?to=${encodeURIComponent(to)}">Sign in with GitHub</a></p>
<p class="quiet">GitHub tells Roundhouse your login and its number, nothing else. A cookie keeps you signed in until you sign out or stay away.</p>`
    : html`<p>Nobody signs in here yet: no GitHub App is set up by which GitHub could say who somebody is.</p>
<p>On the machine of Roundhouse, <code>roundhouse page</code> prints an address that opens the page once.</p>`,
});

export const notSignedInView = (reason: string, to: string): Shown => ({
  title: 'Not signed in',
  trail: [],
  open: false,
  heading: 'Not signed in',
  body: html`<p>${reason}</p><p><a class="action" href="/-/sign-in?to=${encodeURIComponent(to)}">Back to signing in</a></p>`,
});

export const enterView = (path: string): Shown => ({
  title: 'Come in',
  trail: [],
  open: false,
  heading: 'Come in as the operator',
  body: html`<p>This address was printed on the machine of Roundhouse. It opens the page once, in this browser, for twelve hours.</p>
<form method="post" action="${path}"><button>Come in</button></form>`,
});
