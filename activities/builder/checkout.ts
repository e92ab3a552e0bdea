// How does the code get into a sandbox without a credential getting there?
//
// The builder fetches the commit into its mirror; the sandbox fetches it from the builder over the agent's connection.

import type { CheckoutStep, PlanJob } from '../../config-schema/plan.ts';
import { branchOf, tagOf, type Trigger } from '../../config-schema/trigger.ts';
import { gitConnectCommand, paths } from '../../sandbox-agent/protocol.ts';

export type CheckoutPlace = {
  trigger: Trigger;
  job: Pick<PlanJob, 'steps'>;
  /** The repository's page. */
  repositoryUrl: string;
};

/** Everything that comes from outside reaches the script as environment, never as text of it. `index` is the step's place in the job. */
export function checkoutEnvironment({ trigger, job, repositoryUrl }: CheckoutPlace, index: number, step: CheckoutStep): Record<string, string> {
  const { repository, ref, sha } = trigger;
  const { hostname, origin } = new URL(repositoryUrl);
  // What an earlier checkout of the job named stays.
  const further = [...job.steps.slice(0, index), step].flatMap((each) => (each.kind === 'checkout' ? each.repositories : []));
  return {
    RH_SHA: sha,
    RH_BRANCH: branchOf(ref) ?? '',
    RH_TAG: tagOf(ref) ?? '',
    RH_ORIGIN: `git@${hostname}:${repository.owner}/${repository.name}.git`,
    RH_MIRROR: paths.mirror,
    // No other letters are in a name of GitHub's, and these are nothing but letters to sh and to git's configuration.
    RH_FURTHER: [...new Set(further)].filter((name) => /^[\w.-]+\/[\w.-]+$/.test(name)).join(' '),
    RH_FORGE: `git@${hostname}: ssh://git@${hostname}/ ${origin}/`,
    GIT_SSH_COMMAND: gitConnectCommand,
    GIT_SSH_VARIANT: 'simple',
    GIT_TERMINAL_PROMPT: '0',
  };
}

/**
 * Further repositories are served as git://roundhouse/OWNER/NAME, which core.gitProxy makes a connection to the builder; rules of git's
 * own configuration send each of their addresses there, in this step and all later ones. A rule takes every address that begins like it.
 * What goes on with a letter is another repository's: a longer rule leaves it as it is. Of rules of one length the first counts, so the
 * names come before those. Pushes go where they went.
 */
const nameFurther = `
if [ -n "$RH_FURTHER" ]; then
  rules="$HOME/.gitconfig-roundhouse"
  letters="a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L M N O P Q R S T U V W X Y Z 0 1 2 3 4 5 6 7 8 9 . _ -"
  {
    printf '[core]\\n\\tgitProxy = "%s for roundhouse"\\n' "$GIT_SSH_COMMAND"
    for name in $RH_FURTHER; do
      printf '[url "git://roundhouse/%s"]\\n' "$name"
      for at in $RH_FORGE; do printf '\\tinsteadOf = %s\\n\\tinsteadOf = %s.git\\n' "$at$name" "$at$name"; done
      for at in $RH_FORGE; do printf '[url "%s"]\\n\\tpushInsteadOf = %s\\n' "$at$name" "$at$name"; done
    done
    for name in $RH_FURTHER; do
      for at in $RH_FORGE; do
        for next in $letters; do printf '[url "%s"]\\n\\tinsteadOf = %s\\n' "$at$name$next" "$at$name$next" "$at$name.git$next" "$at$name.git$next"; done
      done
    done
  } > "$rules"
  git config --global --get-all include.path | grep -qxF "$rules" || git config --global --add include.path "$rules"
fi
`;

/**
 * Runs in the checkout's folder. An existing repository is fetched and reset; a folder with other things in it is refused,
 * as in the original.
 */
export const checkoutScript = `
set -eu
${nameFurther}
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
