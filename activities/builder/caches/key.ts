// What is the key of a cache here and now?

import { readFileSync } from 'node:fs';
import { fillCacheKey, filesIn, parseCacheKey, type KeyPart } from '../../../config-schema/cache-key.ts';
import { builtBranch } from '../../../config-schema/pipeline-values.ts';
import type { DataRun } from '../data-step.ts';

/** The keys, in order, or a sentence why the step fails. */
export async function cacheKeys(run: DataRun, templates: readonly string[]): Promise<{ keys: string[] } | { problem: string }> {
  const { place, environment } = run;
  const parsed: KeyPart[][] = [];
  for (const template of templates) {
    const key = parseCacheKey(template);
    if ('fault' in key) return { problem: `The key of the cache is ${JSON.stringify(template)}, which cannot be filled in. It knows .Branch, .BuildNum, .Revision, .CheckoutKey, .Environment.NAME, checksum "FILE", epoch and arch, each between {{ and }}.` };
    parsed.push(key.parts);
  }
  const files = filesIn(parsed.flat());
  const content = {
    Branch: builtBranch(place.trigger) ?? '',
    BuildNum: String(place.pipeline),
    Revision: place.trigger.sha,
    // Of the original's several keys a repository has one here.
    CheckoutKey: `checkout-${place.trigger.repository.id}`,
    environment,
    checksums: files.length > 0 ? await run.sandbox.ask('checksums', files) : {},
    epochSeconds: Math.floor(Date.now() / 1000),
    arch: (arch ??= archOf(process.arch, readFileSync('/proc/cpuinfo', 'utf8'))),
  };
  const keys: string[] = [];
  for (const parts of parsed) {
    const filled = fillCacheKey(parts, content, place.job.workingDirectory);
    if ('problem' in filled) return filled;
    keys.push(filled.key);
  }
  return { keys };
}

let arch: string | undefined;

/** As the original writes it: system, architecture, family and model of the processor. */
export function archOf(nodeArch: string, cpuinfo: string): string {
  const field = (name: string): string => new RegExp(`^${name}\\s*: *(\\S+)$`, 'm').exec(cpuinfo)?.[1] ?? '0';
  const name = nodeArch === 'x64' ? 'amd64' : nodeArch;
  return nodeArch === 'x64' ? `linux-${name}-${field('cpu family')}_${field('model')}` : `linux-${name}-${field('CPU architecture')}_${field('CPU part')}`;
}
