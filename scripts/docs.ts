// Writes the table of settings into its document, behind the line that marks its place.

import { readFileSync, writeFileSync } from 'node:fs';
import { settingsTable } from '../config-schema/settings.ts';

const file = new URL('../docs/SETTINGS.md', import.meta.url);
const mark = '<!-- Written by scripts/docs from config-schema/settings-table.ts. -->\n';
const [before, after] = readFileSync(file, 'utf8').split(mark);
if (before === undefined || after === undefined) throw new Error(`docs/SETTINGS.md lacks the line ${mark}`);
writeFileSync(file, `${before}${mark}\n${settingsTable()}`);
