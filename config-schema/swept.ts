// How is what the sweep found known again when its webhook comes after all, and the other way round?

import { triggerIdentities, type Trigger } from './trigger.ts';

const sweep = 'sweep:';

export const sweptDeliveryId = (repositoryId: number, ref: string, sha: string): string => `${sweep}${repositoryId}:${ref}:${sha}`;

/**
 * `remembered` of a trigger, and what it is known by when it was remembered before. A webhook is not known because the same commit came
 * once more (a force push back is another movement), but it is when the sweep has started that commit; and the sweep starts none that came.
 */
export function identitiesOf(trigger: Trigger): { remembered: string[]; knownBy: string[] } {
  const own = triggerIdentities(trigger);
  if (trigger.event !== 'push' && trigger.event !== 'pull_request') return { remembered: own, knownBy: own };
  const [mine, others] = trigger.deliveryId.startsWith(sweep) ? ['swept', 'came'] : ['came', 'swept'];
  const head = `${trigger.ref}:${trigger.sha}`;
  return { remembered: [...own, `${mine}:${head}`], knownBy: [...own, `${others}:${head}`] };
}
