// How does the code get into a sandbox without a credential getting there?
//
// The builder fetches the commit into its mirror; the sandbox fetches it from the builder over the agent's connection.

import { builtBranch } from '../../config-schema/pipeline-values.ts';
import type { CheckoutStep, PlanJob } from '../../config-schema/plan.ts';
import { tagOf, type Trigger } from '../../config-schema/trigger.ts';
import { gitConnectCommand, paths } from '../../sandbox-agent/protocol.ts';
import type { GitCredential } from '../control/forge.ts';

export type CheckoutPlace = {
  trigger: Trigger;
  job: Pick<PlanJob, 'steps'>;
  /** The repository's page. */
  repositoryUrl: string;
};

/** No other letters are in a name of GitHub's, and these are nothing but letters to sh and to git's configuration. */
const isPlainName = (name: string): boolean => /^[\w.-]+\/[\w.-]+$/.test(name);

/** Everything that comes from outside reaches the script as environment, never as text of it. `index` is the step's place in the job. */
export function checkoutEnvironment({ trigger, job, repositoryUrl }: CheckoutPlace, index: number, step: CheckoutStep): Record<string, string> {
  const { repository, ref, sha } = trigger;
  const { hostname, origin } = new URL(repositoryUrl);
  const own = `${repository.owner}/${repository.name}.git`;
  // What an earlier checkout of the job named stays.
  const further = [...job.steps.slice(0, index), step].flatMap((each) => (each.kind === 'checkout' ? each.repositories : []));
  return {
    RH_SHA: sha,
    RH_BRANCH: builtBranch(trigger) ?? '',
    RH_TAG: tagOf(ref) ?? '',
    RH_DEFAULT_BRANCH: repository.defaultBranch,
    RH_DEPTH: step.method === 'shallow' ? String(step.depth ?? 1) : '',
    RH_ORIGIN: `git@${hostname}:${own}`,
    RH_FETCH_ORIGIN: isPlainName(own) ? fetchOrigin(own) : '',
    RH_MIRROR: paths.mirror,
    RH_FURTHER: [...new Set(further)].filter(isPlainName).join(' '),
    RH_FORGE: `git@${hostname}: ssh://git@${hostname}/ ${origin}/`,
    GIT_SSH_COMMAND: gitConnectCommand,
    GIT_SSH_VARIANT: 'simple',
    GIT_TERMINAL_PROMPT: '0',
    // An image may have git-lfs, which would ask the forge for files.
    GIT_LFS_SKIP_SMUDGE: '1',
  };
}

/**
 * What git runs as ssh in later steps, unless GIT_SSH_COMMAND says otherwise: `git fetch origin` gets what the mirror has, the state of
 * the checkout; pushes and other repositories go to the forge, with keys of the job's own.
 */
const fetchOrigin = (own: string): string =>
  `f() { for last; do :; done; if [ -S ${paths.gitSocket} ]; then case "$last" in "git-upload-pack '${own}'" | "git-upload-pack '/${own}'") exec ${gitConnectCommand} roundhouse "git-upload-pack '/repository'" ;; esac; fi; exec ssh "$@"; }; f`;

/** Lines for ssh's file of known hosts, for keys of the job's own. They are known where a deploy key is used, which the forge was asked about. */
export const knownHostsEnvironment = ({ ssh }: GitCredential): Record<string, string> => ({ RH_KNOWN_HOSTS: ssh?.knownHosts.trim() ?? '' });

const nameHosts = `
if [ -n "\${RH_KNOWN_HOSTS:-}" ]; then
  mkdir -p "$HOME/.ssh"
  chmod 700 "$HOME/.ssh"
  printf '%s\\n' "$RH_KNOWN_HOSTS" | while IFS= read -r line; do
    grep -qxF -e "$line" "$HOME/.ssh/known_hosts" 2> /dev/null || printf '%s\\n' "$line" >> "$HOME/.ssh/known_hosts"
  done
fi
`;

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
 * Runs in the checkout's folder. An existing repository is fetched and reset, and files that git does not know stay; a folder with other
 * things in it is refused: all as in the original. What a cache brought may be a broken repository, or another one's.
 *
 * Whole history, all branches and tags are there, as after `git clone`, by the methods `full` and `blobless` alike: objects are not copied
 * but read from the mirror, so that there is nothing to save by leaving some out. `shallow` has as many commits as were asked for.
 */
export const checkoutScript = `
set -eu
if ! command -v git > /dev/null; then
  echo "checkout: there is no git in this image. Install it in a step before checkout, or use an image that has it." >&2
  exit 1
fi
${nameHosts}
${nameFurther}
existing=
if [ -e .git ]; then
  existing=yes
  rm -f .git/*.lock
elif [ -n "$(ls -A .)" ]; then
  echo "checkout: $PWD holds files and is not a git repository. Remove them before checkout, or set path: on the step." >&2
  exit 1
fi

check_out() {
  git init -q . &&
  # git distrusts a folder of another user's.
  { git rev-parse --git-dir > /dev/null 2>&1 || git config --global --add safe.directory "$(pwd -P)"; } &&
  git config advice.detachedHead false &&
  git config gc.auto 0 &&
  { [ -z "$RH_FETCH_ORIGIN" ] || git config core.sshCommand "$RH_FETCH_ORIGIN"; } &&
  dir=$(git rev-parse --git-dir) &&
  mkdir -p "$dir/objects/info" &&
  echo "$RH_MIRROR" > "$dir/objects/info/alternates" &&
  { git remote remove origin 2> /dev/null || true; } &&
  git remote add origin "$RH_ORIGIN" &&
  fetch &&
  commit=$(git rev-parse "$RH_SHA^{commit}") &&
  name_refs &&
  if [ -n "$RH_BRANCH" ]; then git checkout -q -f -B "$RH_BRANCH" "$commit"; else git checkout -q -f --detach "$commit"; fi &&
  git reset -q --hard
}

get() { git fetch -q --no-tags --no-recurse-submodules "$@"; }

fetch() {
  set -- ssh://roundhouse/repository "$RH_SHA"
  if [ -n "$RH_DEPTH" ]; then
    get --depth "$RH_DEPTH" "$@" || return
    [ -z "$RH_TAG" ] || get --depth "$RH_DEPTH" "$@" "+refs/tags/$RH_TAG:refs/tags/$RH_TAG" 2> /dev/null || true
    return
  fi
  set -- "$@" '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'
  if [ -f "$dir/shallow" ]; then get --unshallow "$@"; else get "$@"; fi
}

has() { git rev-parse -q --verify "$1" > /dev/null; }

# Branch and tag may have moved on since, or be gone; another branch may be in the way then.
name_refs() {
  if [ -n "$RH_BRANCH" ]; then has "refs/remotes/origin/$RH_BRANCH" || git update-ref "refs/remotes/origin/$RH_BRANCH" "$commit" 2> /dev/null || true; fi
  if [ -n "$RH_TAG" ]; then [ "$(git rev-parse -q --verify "refs/tags/$RH_TAG^{commit}")" = "$commit" ] || git update-ref "refs/tags/$RH_TAG" "$RH_SHA"; fi
  main=refs/remotes/origin/$RH_DEFAULT_BRANCH
  if has "$main"; then
    git symbolic-ref refs/remotes/origin/HEAD "$main"
    has "refs/heads/$RH_DEFAULT_BRANCH" || git branch -q --track "$RH_DEFAULT_BRANCH" "$main" 2> /dev/null || true
  fi
}

if ! check_out; then
  [ -n "$existing" ] || exit 1
  echo "The repository that was here cannot be used and is made anew; other files stay." >&2
  rm -rf .git
  check_out || exit 1
fi
git log -1 --format='HEAD is now %h %s'
`;
