// What can be asked in GraphQL, and what is the answer?

import { GraphQLError } from 'graphql';
import type { World } from './world.ts';
import type { Account, Protection, PullRequest, Repository } from './state.ts';
import { findAccount, findRepository, fullName, permissionOf } from './state.ts';
import type { Caller } from './tokens.ts';
import { maySee, mayUse } from './tokens.ts';
import { type Commit, type Person, type TreeEntry, git, listRefs, listTree, log, mergeBase, objectType, readBlob, readCommit, readPath, resolveCommit, shaPattern } from './git.ts';
import { accountNodeId, nodeId, readNodeId, repositoryNodeId, sshUrl } from './shapes.ts';
import { findByEmail } from './push.ts';

type Fields = Record<string, unknown>;
type Page = { first?: number | null; last?: number | null; after?: string | null; before?: string | null };

const typed = (type: string, message: string): GraphQLError => new GraphQLError(message, { extensions: { type } });

/** Blobs beyond this are cut, and say so. */
const longestTextBytes = 512_000;

export function queryRoot(world: World, caller: Caller): Fields {
  const types = describe(world, caller);
  return {
    repository({ owner, name }: { owner: string; name: string }) {
      const repository = findRepository(world.state, owner, name);
      if (repository === undefined || !maySee(caller, repository)) throw typed('NOT_FOUND', `Could not resolve to a Repository with the name '${owner}/${name}'.`);
      return types.repository(repository);
    },
    node: ({ id }: { id: string }) => types.node(id),
    nodes: ({ ids }: { ids: string[] }) => ids.map((id) => types.node(id)),
    user({ login }: { login: string }) {
      const account = findAccount(world.state, login);
      if (account?.type !== 'User') throw typed('NOT_FOUND', `Could not resolve to a User with the login of '${login}'.`);
      return types.account(account);
    },
    organization({ login }: { login: string }) {
      const account = findAccount(world.state, login);
      if (account?.type !== 'Organization') throw typed('NOT_FOUND', `Could not resolve to an Organization with the login of '${login}'.`);
      return types.account(account);
    },
    repositoryOwner({ login }: { login: string }) {
      const account = findAccount(world.state, login);
      return account === undefined ? null : types.account(account);
    },
    viewer: () => ({ ...types.account(caller.kind === 'installation' ? caller.token.installation.app.bot : caller.kind === 'user' ? caller.account : fail('viewer')), __typename: 'User' }),
    rateLimit: { limit: 5000, cost: 1, remaining: 4999, used: 1, nodeCount: 1, resetAt: new Date(world.now().getTime() + 3_600_000).toISOString() },
  };
}

function fail(what: string): never {
  throw typed('FORBIDDEN', `Resource not accessible: ${what}`);
}

function describe(world: World, caller: Caller) {
  /** What is public needs no permission. */
  const need = (repository: Repository, permission: string): void => {
    if (caller.kind === 'installation' && !mayUse(caller.token, repository, permission, 'read')) throw typed('FORBIDDEN', 'Resource not accessible by integration');
  };

  const node = (id: string): Fields => {
    const found = readNodeId(id);
    const unresolved = typed('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'`);
    if (found === null) throw unresolved;
    const [first = 0, second = 0] = found.ids;
    const owner = world.state.repositories.get(first);
    if (owner !== undefined && maySee(caller, owner)) {
      if (found.prefix === 'R') return repository(owner);
      const pull = world.state.pulls.find((candidate) => candidate.repository === owner && candidate.id === second);
      if (found.prefix === 'PR' && pull !== undefined) return pullRequest(pull);
    }
    const person = world.state.accounts.get(first);
    if (person !== undefined && accountNodeId(person) === id) return account(person);
    throw unresolved;
  };

  const account = (person: Account): Fields => ({
    __typename: person.type,
    id: accountNodeId(person),
    databaseId: person.id,
    login: person.login,
    name: person.name,
    email: '',
    url: `${world.html}/${person.login}`,
    resourcePath: `/${person.login}`,
    avatarUrl: `${world.html}/avatars/u/${person.id}`,
    createdAt: person.createdAt,
  });

  const repository = (of: Repository): Fields => ({
    __typename: 'Repository',
    id: repositoryNodeId(of),
    databaseId: of.id,
    name: of.name,
    nameWithOwner: fullName(of),
    owner: () => account(of.owner),
    description: of.description,
    isPrivate: of.private,
    isFork: of.parent !== null,
    isArchived: false,
    isDisabled: false,
    isTemplate: false,
    isLocked: false,
    isMirror: false,
    isInOrganization: of.owner.type === 'Organization',
    isEmpty: async () => (await listRefs(of.path, 'refs/heads')).length === 0,
    visibility: of.private ? 'PRIVATE' : 'PUBLIC',
    url: `${world.html}/${fullName(of)}`,
    sshUrl: sshUrl(world, of),
    createdAt: of.createdAt,
    updatedAt: of.updatedAt,
    pushedAt: of.pushedAt,
    parent: () => (of.parent !== null && maySee(caller, of.parent) ? repository(of.parent) : null),
    viewerPermission: () => (caller.kind === 'user' ? (permissionOf(of, caller.account)?.toUpperCase() ?? null) : null),
    defaultBranchRef: () => reference(of, `refs/heads/${of.defaultBranch}`),
    ref: ({ qualifiedName }: { qualifiedName: string }) => {
      need(of, 'contents');
      return findRef(of, qualifiedName);
    },
    async refs({ refPrefix, query, ...page }: Page & { refPrefix: string; query?: string | null }) {
      need(of, 'contents');
      const refs = (await listRefs(of.path, refPrefix.replace(/\/$/, ''))).filter((each) => query == null || each.ref.includes(query));
      return connection('refs', page, refs, (each) => reference(of, each.ref));
    },
    object: ({ oid, expression }: { oid?: string | null; expression?: string | null }) => {
      need(of, 'contents');
      return oid != null ? objectBySha(of, oid) : objectByExpression(of, expression ?? '');
    },
    pullRequest({ number }: { number: number }) {
      need(of, 'pull_requests');
      const pull = world.state.pulls.find((candidate) => candidate.repository === of && candidate.number === number);
      if (pull === undefined) throw typed('NOT_FOUND', `Could not resolve to a PullRequest with the number of ${number}.`);
      return pullRequest(pull);
    },
    pullRequests({ states, headRefName, baseRefName, ...page }: Page & { states?: string[] | null; headRefName?: string | null; baseRefName?: string | null }) {
      need(of, 'pull_requests');
      const chosen = world.state.pulls.filter((pull) => pull.repository === of && (states == null || states.includes(pullState(pull))) && (headRefName == null || pull.head.ref === headRefName) && (baseRefName == null || pull.base.ref === baseRefName));
      return connection('pullRequests', page, chosen, pullRequest);
    },
    collaborators({ query, login, ...page }: Page & { query?: string | null; login?: string | null }) {
      need(of, 'metadata');
      const people = [...world.state.accounts.values()].filter((person) => {
        const member = person === of.owner || of.collaborators.has(person.id) || of.owner.members.has(person.id);
        return person.type === 'User' && member && (login == null || person.login.toLowerCase() === login.toLowerCase()) && (query == null || person.login.toLowerCase().includes(query.toLowerCase()));
      });
      return connection('collaborators', page, people, account, (person) => ({ permission: (permissionOf(of, person) ?? 'read').toUpperCase() }));
    },
    branchProtectionRules(page: Page) {
      need(of, 'administration');
      return connection('branchProtectionRules', page, [...of.protections], ([branch, protection]) => protectionRule(of, branch, protection));
    },
    rulesets: (page: Page) => connection('rulesets', page, [], () => ({})),
  });

  const findRef = async (of: Repository, name: string): Promise<Fields | null> => {
    const candidates = name.startsWith('refs/') ? [name] : [`refs/${name}`, `refs/heads/${name}`, `refs/tags/${name}`];
    for (const candidate of candidates) {
      const found = await reference(of, candidate);
      if (found !== null) return found;
    }
    return null;
  };

  const reference = async (of: Repository, ref: string): Promise<Fields | null> => {
    const found = (await listRefs(of.path, ref)).find((each) => each.ref === ref);
    if (found === undefined) return null;
    const prefix = /^refs\/[^/]+\//.exec(ref)?.[0] ?? 'refs/';
    const name = ref.slice(prefix.length);
    const protection = prefix === 'refs/heads/' ? of.protections.get(name) : undefined;
    return {
      __typename: 'Ref',
      id: nodeId('REF', of.id),
      name,
      prefix,
      repository: () => repository(of),
      target: () => {
        need(of, 'contents');
        return objectBySha(of, found.sha);
      },
      branchProtectionRule: () => (protection === undefined ? null : protectionRule(of, name, protection)),
      rules: (page: Page) => connection('rules', page, [], () => ({})),
      associatedPullRequests: ({ states, ...page }: Page & { states?: string[] | null }) =>
        connection('associatedPullRequests', page, world.state.pulls.filter((pull) => pull.head.repository === of && pull.head.ref === name && (states == null || states.includes(pullState(pull)))), pullRequest),
    };
  };

  const protectionRule = (of: Repository, pattern: string, protection: Protection): Fields => ({
    __typename: 'BranchProtectionRule',
    id: nodeId('BPR', of.id),
    pattern,
    isAdminEnforced: protection.enforceAdmins,
    allowsForcePushes: protection.allowForcePushes,
    allowsDeletions: protection.allowDeletions,
    requiresStatusChecks: protection.requiredChecks.length > 0,
    requiredStatusCheckContexts: protection.requiredChecks,
    requiresApprovingReviews: false,
    requiresLinearHistory: false,
    lockBranch: false,
  });

  const objectBySha = async (of: Repository, sha: string): Promise<Fields | null> => {
    switch (await objectType(of.path, sha)) {
      case 'commit':
        return commit(of, (await readCommit(of.path, sha))!);
      case 'blob':
        return blob(of, sha);
      case 'tree':
        return tree(of, sha, '');
      case 'tag':
        return tag(of, sha);
      default:
        return null;
    }
  };

  /** `REV` or `REV:PATH`. */
  const objectByExpression = async (of: Repository, expression: string): Promise<Fields | null> => {
    const colon = expression.indexOf(':');
    const rev = colon < 0 ? expression : expression.slice(0, colon);
    const sha = await resolveCommit(of.path, rev, of.defaultBranch);
    if (sha === null) return shaPattern.test(expression) ? objectBySha(of, expression) : null;
    if (colon < 0) return objectBySha(of, sha);
    const entry = await readPath(of.path, sha, expression.slice(colon + 1));
    if (entry === null) return null;
    return entry.type === 'tree' ? tree(of, entry.sha, entry.path) : entry.type === 'blob' ? blob(of, entry.sha) : null;
  };

  const gitObject = (of: Repository, kind: string, sha: string): Fields => ({
    id: nodeId(kind, of.id),
    oid: sha,
    abbreviatedOid: sha.slice(0, 7),
    commitUrl: `${world.html}/${fullName(of)}/commit/${sha}`,
    commitResourcePath: `/${fullName(of)}/commit/${sha}`,
    repository: () => repository(of),
  });

  const actor = (person: Person): Fields => ({
    __typename: 'GitActor',
    name: person.name,
    email: person.email,
    date: person.date,
    avatarUrl: `${world.html}/avatars/u/0`,
    user: () => {
      const found = findByEmail(world, person.email);
      return found === undefined ? null : account(found);
    },
  });

  const commit = (of: Repository, data: Commit): Fields => {
    const [headline = '', ...rest] = data.message.split('\n');
    return {
      ...gitObject(of, 'C', data.sha),
      __typename: 'Commit',
      message: data.message,
      messageHeadline: headline,
      messageBody: rest.join('\n').trim(),
      author: actor(data.author),
      committer: actor(data.committer),
      authoredDate: data.author.date,
      committedDate: data.committer.date,
      url: `${world.html}/${fullName(of)}/commit/${data.sha}`,
      resourcePath: `/${fullName(of)}/commit/${data.sha}`,
      treeUrl: `${world.html}/${fullName(of)}/tree/${data.sha}`,
      tree: () => tree(of, data.tree, ''),
      parents: async (page: Page) => connection('parents', page, data.parents, async (sha) => commit(of, (await readCommit(of.path, sha))!)),
      async file({ path }: { path: string }) {
        const entry = await readPath(of.path, data.sha, path);
        return entry === null || entry.path === '' ? null : treeEntry(of, entry);
      },
      async history(page: Page) {
        return connection('history', page, await log(of.path, [data.sha, '--']), (each) => commit(of, each));
      },
      async changedFilesIfAvailable() {
        return data.added.length + data.removed.length + data.modified.length;
      },
      associatedPullRequests(page: Page) {
        need(of, 'pull_requests');
        return associated(of, data.sha, page);
      },
      signature: null,
    };
  };

  /** Open ones that have the commit beyond their base, and merged ones that brought it. */
  const associated = async (of: Repository, sha: string, page: Page): Promise<Fields> => {
    const chosen: PullRequest[] = [];
    for (const pull of world.state.pulls.filter((candidate) => candidate.repository === of || candidate.head.repository === of)) {
      const start = await mergeBase(pull.repository.path, pull.base.sha, pull.head.sha);
      const own = await git(pull.repository.path, ['rev-list', pull.head.sha, ...(start === null ? [] : [`^${start}`]), '--']);
      if (own.split('\n').includes(sha)) chosen.push(pull);
    }
    return connection('associatedPullRequests', page, chosen, pullRequest);
  };

  const tag = async (of: Repository, sha: string): Promise<Fields> => {
    const text = await git(of.path, ['cat-file', 'tag', sha]);
    const [head = '', ...body] = text.split('\n\n');
    const field = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(head)?.[1] ?? '';
    return { ...gitObject(of, 'TA', sha), __typename: 'Tag', name: field('tag'), message: body.join('\n\n').trim(), target: () => objectBySha(of, field('object')), tagger: null };
  };

  const tree = (of: Repository, sha: string, path: string): Fields => ({
    ...gitObject(of, 'T', sha),
    __typename: 'Tree',
    entries: async () => (await listTree(of.path, sha, [], path)).map((entry) => treeEntry(of, entry)),
  });

  const treeEntry = (of: Repository, entry: TreeEntry): Fields => {
    const name = entry.name.slice(entry.name.lastIndexOf('/') + 1);
    const dot = name.lastIndexOf('.');
    return {
      __typename: 'TreeEntry',
      name,
      nameRaw: Buffer.from(name).toString('base64'),
      path: entry.path,
      pathRaw: Buffer.from(entry.path).toString('base64'),
      mode: Number.parseInt(entry.mode, 8),
      type: entry.type,
      oid: entry.sha,
      size: entry.size ?? 0,
      extension: dot > 0 ? name.slice(dot) : '',
      isGenerated: false,
      repository: () => repository(of),
      submodule: null,
      object: () => (entry.type === 'tree' ? tree(of, entry.sha, entry.path) : entry.type === 'blob' ? blob(of, entry.sha) : null),
    };
  };

  const blob = async (of: Repository, sha: string): Promise<Fields> => {
    const byteSize = Number(await git(of.path, ['cat-file', '-s', sha]));
    const content = await readBlob(of.path, sha);
    // git's own rule: a NUL byte near the beginning.
    const isBinary = content.subarray(0, 8_000).includes(0);
    return {
      ...gitObject(of, 'B', sha),
      __typename: 'Blob',
      byteSize,
      isBinary,
      isTruncated: !isBinary && byteSize > longestTextBytes,
      text: isBinary ? null : content.subarray(0, longestTextBytes).toString('utf8'),
    };
  };

  const pullRequest = (pull: PullRequest): Fields => ({
    __typename: 'PullRequest',
    id: nodeId('PR', pull.repository.id, pull.id),
    databaseId: null,
    fullDatabaseId: String(pull.id),
    number: pull.number,
    title: pull.title,
    body: pull.body ?? '',
    bodyText: pull.body ?? '',
    state: pullState(pull),
    isDraft: pull.draft,
    merged: pull.mergedAt !== null,
    closed: pull.state === 'closed',
    mergeable: pull.mergeable ? 'MERGEABLE' : 'CONFLICTING',
    url: `${world.html}/${fullName(pull.repository)}/pull/${pull.number}`,
    resourcePath: `/${fullName(pull.repository)}/pull/${pull.number}`,
    createdAt: pull.createdAt,
    updatedAt: pull.updatedAt,
    closedAt: pull.closedAt,
    mergedAt: pull.mergedAt,
    author: () => account(pull.author),
    headRefName: pull.head.ref,
    headRefOid: pull.head.sha,
    headRef: () => reference(pull.head.repository, `refs/heads/${pull.head.ref}`),
    headRepository: () => (maySee(caller, pull.head.repository) ? repository(pull.head.repository) : null),
    headRepositoryOwner: () => account(pull.head.repository.owner),
    baseRefName: pull.base.ref,
    baseRefOid: pull.base.sha,
    baseRef: () => reference(pull.repository, `refs/heads/${pull.base.ref}`),
    baseRepository: () => repository(pull.repository),
    repository: () => repository(pull.repository),
    isCrossRepository: pull.head.repository !== pull.repository,
    maintainerCanModify: pull.head.repository !== pull.repository,
    mergeCommit: () => (pull.mergedAt === null || pull.mergeCommitSha === null ? null : objectBySha(pull.repository, pull.mergeCommitSha)),
  });

  return { node, account, repository };
}

const pullState = (pull: PullRequest): string => (pull.mergedAt !== null ? 'MERGED' : pull.state.toUpperCase());

/** GitHub refuses a connection without `first` or `last`, and one of more than 100. */
function connection<T>(name: string, page: Page, items: readonly T[], shape: (item: T) => Fields | Promise<Fields | null>, edge: (item: T) => Fields = () => ({})): Fields {
  const { first, last } = page;
  if (first == null && last == null) throw typed('MISSING_PAGINATION_BOUNDARIES', `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`);
  for (const [which, count] of [['first', first], ['last', last]] as const) {
    if (count != null && count > 100) throw typed('EXCESSIVE_PAGINATION', `Requesting ${count} records on the \`${name}\` connection exceeds the \`${which}\` limit of 100 records.`);
    if (count != null && count < 0) throw typed('INVALID_PAGINATION', `\`${which}\` on the \`${name}\` connection cannot be less than zero.`);
  }
  const cursor = (index: number): string => Buffer.from(`cursor:${index}`).toString('base64');
  const position = (text: string): number => Number(Buffer.from(text, 'base64').toString('utf8').slice('cursor:'.length));
  let [from, to] = [page.after == null ? 0 : position(page.after) + 1, page.before == null ? items.length : position(page.before)];
  if (first != null) to = Math.min(to, from + first);
  if (last != null) from = Math.max(from, to - last);
  const chosen = items.slice(from, to);
  return {
    totalCount: items.length,
    nodes: () => chosen.map(shape),
    edges: () => chosen.map((item, i) => ({ cursor: cursor(from + i), node: () => shape(item), ...edge(item) })),
    pageInfo: { hasNextPage: to < items.length, hasPreviousPage: from > 0, startCursor: chosen.length === 0 ? null : cursor(from), endCursor: chosen.length === 0 ? null : cursor(to - 1) },
  };
}

