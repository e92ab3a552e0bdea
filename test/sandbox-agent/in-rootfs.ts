// How does a test run an agent in an image of its own?

import { agentCommand, paths } from '../../sandbox-agent/protocol.ts';

/** Namespaces and chroot are the simplest container: a root of its own, the agent's folder read-only, /proc, /dev/null, and `fill`. */
export const inRootfs =
  (fill: string) =>
  (folder: string, root: string): string[] => {
    const script = `set -e
      PATH=$PATH:/usr/sbin:/sbin
      cd ${root}
      mkdir -p proc dev tmp opt ${paths.agent.slice(1)}
      mount --bind ${folder} ${paths.agent.slice(1)}
      mount -o remount,bind,ro ${paths.agent.slice(1)}
      mount -t proc proc proc
      touch dev/null
      mount --bind /dev/null dev/null
      ${fill}
      exec env -i $(command -v chroot) . ${agentCommand.join(' ')}`;
    return ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script];
  };
