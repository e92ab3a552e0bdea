// What do builders offer: in which class does a job run, why and how long does it wait, is its builder there?

import { clampClass } from '../config-schema/classes.ts';
import type { Settings } from '../config-schema/settings.ts';
import type { Limits } from '../activities/control/activities.ts';
import type { ControlPorts } from '../activities/control/control.ts';
import type { BuilderRegistry } from './registry.ts';

/** What the control activities ask about builders. */
export const offerPorts = (settings: Settings, registry: BuilderRegistry): Pick<ControlPorts, 'resourceClass' | 'explainWait' | 'builderSeenAt' | 'limits'> => ({
  resourceClass: classChoice(settings, registry),
  explainWait: waitReason(registry),
  builderSeenAt: seenAt(registry),
  limits: limitsOf(settings),
});

function classChoice({ classes, defaultClass }: Pick<Settings, 'classes' | 'defaultClass'>, registry: BuilderRegistry): (asked: string | null) => Promise<{ name: string; note?: string }> {
  return async (asked) => {
    const offered = (await registry.sights()).filter(({ connected }) => connected).flatMap((sight) => Object.keys(sight.classes));
    const choice = clampClass(asked, classes, defaultClass, offered);
    return { name: choice.class, ...(choice.line !== null && { note: choice.line }) };
  };
}

/** Null when a builder offers the class and is only busy. */
function waitReason(registry: BuilderRegistry): (resourceClass: string) => Promise<string | null> {
  return async (resourceClass) => {
    if (await registry.offers(resourceClass)) return null;
    const sights = await registry.sights();
    const connected = sights.filter((sight) => sight.connected);
    if (connected.length === 0) return 'no builder is connected. Start one: roundhouse builder';
    const offered = [...new Set(connected.flatMap((sight) => Object.keys(sight.classes)))].join(', ');
    return `no connected builder offers class ${resourceClass}; they offer ${offered}. Choose one of these as resource_class, or add a larger builder.`;
  };
}

/** When the builder last said something; null when it never did. */
const seenAt =
  (registry: BuilderRegistry) =>
  async (builder: string): Promise<string | null> =>
    (await registry.sights()).find(({ id }) => id === builder)?.seenAt ?? null;

const explainAfterSeconds = 30;
/** Five hours, as CircleCI documents it. */
const serialTimeoutSeconds = 5 * 3600;

const limitsOf = ({ queueTimeoutSeconds, builderLostSeconds, leaseSeconds }: Settings): Limits => ({ queueTimeoutSeconds, builderLostSeconds, leaseSeconds, explainAfterSeconds, serialTimeoutSeconds });
