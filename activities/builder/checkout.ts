// How does the code get into a sandbox without a credential getting there?
//
// The builder fetches the commit into its mirror; the sandbox fetches it from the builder over the agent's connection.

import { branchOf, tagOf, type Trigger } from '../../config-schema/trigger.ts';
import { paths } from '../../sandbox-agent/protocol.ts';

/** Everything that comes from outside reaches the script as environment, never as text of it. */
export function checkoutEnvironment(trigger: Trigger): Record<string, string> {
  const { repository, ref, sha } = trigger;
  return {
    RH_SHA: sha,
    RH_BRANCH: branchOf(ref) ?? '',
    RH_TAG: tagOf(ref) ?? '',
    RH_ORIGIN: `git@github.com:${repository.owner}/${repository.name}.git`,
    RH_MIRROR: paths.mirror,
    GIT_SSH_COMMAND: `${paths.agent}/git-connect`,
    GIT_SSH_VARIANT: 'simple',
    GIT_TERMINAL_PROMPT: '0',
  };
}

/**
 * Runs in the checkout's folder. An existing repository is fetched and reset; a folder with other things in it is refused,
 * as in the original.
 */
export const checkoutScript = `
set -eu
if [ ! -d .git ]; then
  if [ -n "$(ls -A .)" ]; then
    echo "checkout: $PWD holds files and is not a git repository. Remove them before checkout, or set path: on the step." >&2
    exit 1
  fi
  git init -q .
fi
git config advice.detachedHead false
git config gc.auto 0
mkdir -p .git/objects/info
echo "$RH_MIRROR" > .git/objects/info/alternates
git remote remove origin 2>/dev/null || true
git remote add origin "$RH_ORIGIN"
git fetch -q --no-tags ssh://roundhouse/repository "$RH_SHA"
git reset -q --hard
if [ -n "$RH_BRANCH" ]; then
  git update-ref "refs/remotes/origin/$RH_BRANCH" "$RH_SHA"
  git checkout -q -f -B "$RH_BRANCH" "$RH_SHA"
elif [ -n "$RH_TAG" ]; then
  git update-ref "refs/tags/$RH_TAG" "$RH_SHA"
  git checkout -q -f --detach "$RH_SHA"
else
  git checkout -q -f --detach "$RH_SHA"
fi
git log -1 --format='HEAD is now %h %s'
`;
