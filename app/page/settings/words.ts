// How are changes and keys written for people?

import { html } from 'hono/html';
import { time, type Html } from '../layout.ts';

export const changedWords = ({ changedBy, changedAt }: { changedBy: string; changedAt: string }): Html => html`set ${time(changedAt)} by ${changedBy}`;

/** In groups of four, as people compare them. */
export const fingerprintWords = (fingerprint: string): string => fingerprint.replace(/(.{4})(?=.)/g, '$1 ');
