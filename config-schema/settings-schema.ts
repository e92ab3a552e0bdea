// What can an editor know of roundhouse.yml?

import { z } from 'zod';
import { none, settings } from './settings-table.ts';
import type { Setting } from './settings-table.ts';

/** JSON Schema, draft 7. It is looser than the settings' own judgement: a text may have to be an address, or a duration. */
export function settingsJsonSchema(): object {
  const properties = (Object.entries(settings) as [string, Setting<unknown>][]).flatMap(([key, setting]) => {
    const name = setting.file === undefined ? key : setting.file;
    return name === null ? [] : [[name, propertyOf(setting)] as const];
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Roundhouse settings',
    description: 'roundhouse.yml in the data folder. The environment overrides it.',
    type: ['object', 'null'],
    properties: Object.fromEntries(properties),
    additionalProperties: false,
  };
}

/** A key without a value is one that is not set. */
function propertyOf({ kind, fallback, meaning }: Setting<unknown>): object {
  const { $schema: _, ...schema } = z.toJSONSchema(kind.schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  const words = fallback.words === none ? '' : ` Default: ${fallback.words.replaceAll('`', '')}.`;
  return { description: `${meaning} Must be ${kind.words}.${words}`, anyOf: [schema, { type: 'null' }] };
}
