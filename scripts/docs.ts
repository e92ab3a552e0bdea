// Writes what is generated: the table of settings into its document, behind the line that marks its place, and the description of the API.

import { readFileSync, writeFileSync } from 'node:fs';
import { openapi } from '../app/api/openapi.ts';
import type { RoutePorts } from '../app/api/ports.ts';
import { routes } from '../app/api/routes.ts';
import { settingsTable } from '../config-schema/settings.ts';

const file = new URL('../docs/SETTINGS.md', import.meta.url);
const mark = '<!-- Written by scripts/docs from config-schema/settings-table.ts. -->\n';
const [before, after] = readFileSync(file, 'utf8').split(mark);
if (before === undefined || after === undefined) throw new Error(`docs/SETTINGS.md lacks the line ${mark}`);
writeFileSync(file, `${before}${mark}\n${settingsTable()}`);
// What they need is asked for when they are called.
writeFileSync(new URL('../docs/openapi.json', import.meta.url), `${JSON.stringify(openapi(routes({} as RoutePorts)), null, 1)}\n`);
