// Which of our ways of making images serves the one that a config names?

import { join } from 'node:path';
import type { Settings } from '../../../config-schema/settings.ts';
import type { ImageStore } from '../../builder/image-store.ts';
import { debianImages, suiteOf } from './debian.ts';
import { mapImage } from './image-map.ts';
import { isMachineImage, machineImages } from './machine-image.ts';
import { registryImages } from './oci.ts';
import { parseReference } from './oci-reference.ts';
import type { RegistrySettings } from './registry-access.ts';

export type ImageSettings = RegistrySettings & Pick<Settings, 'cache' | 'imageMap' | 'imageDiskGigabytes' | 'imageMaxGigabytes'>;

/**
 * First the operator's map. Then `debian:SUITE` without a host is made here, from Debian's packages; `docker.io/library/debian:SUITE`
 * and everything else comes from its registry.
 */
export function imageStore(settings: ImageSettings, log?: (line: string) => void): ImageStore {
  const ours = { cacheFolder: settings.cache, ...(log ? { log } : {}) };
  const [made, machines] = [debianImages(ours), machineImages(ours)];
  const fetched = registryImages({
    ...settings,
    folder: join(settings.cache, 'images', 'oci'),
    diskBytes: settings.imageDiskGigabytes * 1e9,
    maxBytes: settings.imageMaxGigabytes * 1e9,
    ...(log ? { log } : {}),
  });
  return {
    async image(reference, options = {}) {
      const mapped = mapImage(settings.imageMap, reference);
      if (suiteOf(mapped) !== null) return made.image(mapped, options);
      if (isMachineImage(mapped)) return machines.image(mapped, options);
      // A login is for the registry that the config names, and for no other.
      const login = hostOf(mapped) === hostOf(reference) ? (options.login ?? null) : null;
      return fetched.image(mapped, { ...options, login });
    },
  };
}

function hostOf(text: string): string | null {
  const parsed = parseReference(text);
  return 'reference' in parsed ? parsed.reference.host : null;
}
